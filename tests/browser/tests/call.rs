//! A video call between two hosts, from the first ring to the free camera.

use std::time::Duration;

use earshot_harness::{Figure, Office};
use earshot_tests_browser::{SOON, Seat, video_call};

#[test]
fn two_people_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let took = video_call(&ann, &bob);
    eprintln!("both see each other {} ms after accepting", took.as_millis());

    // Mute is silence, and both know.
    ann.page.click("button", "Mute microphone");
    bob.page.wait_silence(SOON);
    bob.page.wait_text("Ann is muted", SOON);
    assert!(ann.page.tone(Duration::from_millis(700)).is_some_and(|(_, db)| db > -50.0), "Bob is heard on");
    ann.page.click("button", "Unmute microphone");
    bob.page.wait_voice(Figure::Red, SOON);

    // The camera goes off, is shown to be off, and comes back.
    bob.page.click("button", "Turn camera off");
    ann.page.wait_text("Bob’s camera is off", SOON);
    assert!(
        !ann.page.colours().contains(&"blue".to_owned()),
        "no last picture stays: {:?}",
        ann.page.colours()
    );
    earshot_harness::wait_until("Bob's camera to be free", SOON, || {
        (bob.page.live_tracks("video") == 0).then_some(())
    });
    bob.page.click("button", "Turn camera on");
    ann.page.wait_picture(Figure::Blue, SOON);

    // Either hangs up; both are told, and nothing is captured any more.
    bob.leave();
    ann.page.wait_text("You talked with Bob for", SOON);
    bob.page.wait_text("You talked with Ann for", SOON);
    ann.wait_capture_ended();
    bob.wait_capture_ended();

    // And again, the other way round.
    bob.page.click("button", "Call again");
    ann.accept("Bob", "video");
    ann.wait_sees_and_hears(&bob);
    bob.wait_sees_and_hears(&ann);
    ann.leave();
    bob.wait_capture_ended();
}

#[test]
fn a_voice_call_has_no_picture_until_the_camera_is_turned_on() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Green);
    let bob = Seat::take(&office, "Bob", Figure::Yellow);
    ann.call("Bob", "Voice");
    bob.accept("Ann", "voice");
    ann.page.wait_voice(Figure::Yellow, SOON);
    bob.page.wait_voice(Figure::Green, SOON);
    assert_eq!((ann.page.live_tracks("video"), bob.page.live_tracks("video")), (0, 0));
    ann.page.click("button", "Turn camera on");
    bob.page.wait_picture(Figure::Green, SOON);
    ann.leave();
    bob.page.wait_text("You talked with Ann for", SOON);
    bob.wait_capture_ended();
}
