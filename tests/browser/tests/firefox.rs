//! Calls between Firefox and Chromium, and between two Firefoxes.

use std::time::Duration;

use earshot_harness::{Figure, Office};
use earshot_tests_browser::{SOON, Seat, video_call};

/// Mute is silence, a camera that is off is shown to be off, and both come back.
#[track_caller]
fn check_switches(one: &Seat, other: &Seat) {
    one.page.click("button", "Mute microphone");
    other.page.wait_silence(SOON);
    other.page.wait_text(&format!("{} is muted", one.name), SOON);
    one.page.click("button", "Unmute microphone");
    other.page.wait_voice(one.figure, SOON);
    one.page.click("button", "Turn camera off");
    other.page.wait_text(&format!("{}’s camera is off", one.name), SOON);
    one.page.click("button", "Turn camera on");
    other.page.wait_picture(one.figure, SOON);
}

#[test]
fn chromium_and_firefox_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Seat::take_firefox(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    check_switches(&ann, &bob);
    check_switches(&bob, &ann);
    ann.leave();
    bob.page.wait_text("You talked with Ann for", SOON);
    ann.wait_capture_ended();
    bob.wait_capture_ended();

    // And the other way round.
    bob.page.click("button", "Call again");
    ann.accept("Bob", "video");
    ann.wait_sees_and_hears(&bob);
    bob.wait_sees_and_hears(&ann);
    bob.leave();
    ann.page.wait_text("You talked with Bob for", SOON);
}

#[test]
fn two_firefoxes_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Seat::take_firefox(&office, "Ann", Figure::Green);
    let bob = Seat::take_firefox(&office, "Bob", Figure::Yellow);
    video_call(&ann, &bob);
    // The cable is pulled and put back, at once and after several restarts have been tried. Firefox fails for good where
    // a restart begins before the one before it has come to something.
    for outage in [Duration::ZERO, Duration::from_secs(9)] {
        bob.host.unplug();
        ann.page.wait_text("The line to Bob is gone. Trying to bring it back", SOON);
        std::thread::sleep(outage);
        bob.host.plug();
        ann.wait_sees_and_hears(&bob);
        bob.wait_sees_and_hears(&ann);
    }
    bob.leave();
    bob.wait_capture_ended();
    ann.wait_capture_ended();
}
