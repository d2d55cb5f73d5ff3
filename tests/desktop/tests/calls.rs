//! Calls between two windows.

use earshot_harness::{Figure, Office};
use earshot_tests_desktop::checks::{check_both_ways, check_switches};
use earshot_tests_desktop::{CONNECTING, SOON, Seat, Window, video_call};

#[test]
fn two_windows_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Red);
    let bob = Window::take(&office, "Bob", Figure::Blue);
    let took = video_call(&ann, &bob);
    eprintln!("two windows see each other {} ms after accepting", took.as_millis());
    // What a page plays reaches the loudspeaker.
    bob.host.loudspeaker().wait_voice(Figure::Red, SOON);
    check_switches(&ann, &bob);
    check_switches(&bob, &ann);

    // Either hangs up; both are told, and nothing is captured any more.
    bob.leave();
    bob.page.wait_text("You talked with Ann for", SOON);
    ann.page.wait_text("You talked with Bob for", SOON);
    ann.wait_capture_ended();
    bob.wait_capture_ended();

    // And again, the other way round.
    bob.page.click("button", "Call again");
    ann.accept("Bob", "video");
    check_both_ways(&ann, &bob);
    ann.leave();
    bob.wait_capture_ended();
}

#[test]
fn a_voice_call_between_windows_has_no_picture_until_the_camera_is_turned_on() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Green);
    let bob = Window::take(&office, "Bob", Figure::Yellow);
    ann.call("Bob", "Voice");
    bob.accept("Ann", "voice");
    ann.page.wait_voice(Figure::Yellow, SOON);
    bob.page.wait_voice(Figure::Green, SOON);
    assert_eq!((ann.page.live_tracks("video"), bob.page.live_tracks("video")), (0, 0));
    ann.page.click("button", "Turn camera on");
    bob.page.wait_picture(Figure::Green, SOON);
}

#[test]
fn a_third_person_is_added_from_a_window() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    video_call(&ann, &bob);
    ann.page.click("button", "Add people");
    ann.page.click("button", "Ring Cat");
    cat.accept("Ann", "video");
    let all = [&*ann, &bob, &cat];
    for one in all {
        for other in all.into_iter().filter(|other| other.name != one.name) {
            one.page.wait_picture(other.figure, CONNECTING);
            one.page.wait_voice(other.figure, CONNECTING);
        }
        one.page.wait_growth(SOON);
    }
    if let Some(path) = std::env::var_os("EARSHOT_TEST_SCREENSHOT") {
        ann.page.screenshot(path.as_ref());
    }
    // Those who were added talk on without the window.
    ann.leave();
    ann.wait_capture_ended();
    bob.wait_sees_and_hears(&cat);
}
