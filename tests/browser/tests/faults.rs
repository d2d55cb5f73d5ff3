//! Calls on networks and machines that fail.

use std::time::{Duration, Instant};

use earshot_harness::{Figure, Office};
use earshot_tests_browser::{CONNECTING, SOON, Seat, video_call};

/// Waits until both see, hear and go on, after their network is back.
fn wait_healed(ann: &Seat, bob: &Seat) {
    let start = Instant::now();
    for (one, other) in [(ann, bob), (bob, ann)] {
        one.page.wait_growth(Duration::from_secs(30));
        one.page.wait_picture(other.figure, CONNECTING);
        one.page.wait_voice(other.figure, CONNECTING);
    }
    eprintln!("the call is back {} ms after the network", start.elapsed().as_millis());
    for seat in [ann, bob] {
        seat.page.wait_gone("status", earshot_harness::has("Trying to bring it back"), SOON);
        assert!(seat.page.shows("button", "Leave call"));
    }
}

#[test]
fn a_call_survives_ten_and_twenty_seconds_without_network() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);

    // The cable of the one who was called, then the adapter of the one whose hub holds the room.
    bob.host.unplug();
    ann.page.wait_text("The line to Bob is gone. Trying to bring it back", Duration::from_secs(10));
    std::thread::sleep(Duration::from_secs(8));
    bob.host.plug();
    wait_healed(&ann, &bob);

    ann.host.link_down();
    std::thread::sleep(Duration::from_secs(20));
    ann.host.link_up();
    wait_healed(&ann, &bob);

    bob.leave();
    ann.page.wait_text("You talked with Bob for", SOON);
}

#[test]
fn a_call_goes_on_while_packets_are_lost() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    bob.host.loss(5);
    video_call(&ann, &bob);
    bob.host.loss(15);
    ann.wait_sees_and_hears(&bob);
    bob.wait_sees_and_hears(&ann);
}

#[test]
fn the_other_is_told_when_a_machine_dies() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let mut bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    bob.page.kill_browser();
    bob.app.process.kill();
    let start = Instant::now();
    ann.page.wait_text("The line to Bob is gone. Trying to bring it back", Duration::from_secs(15));
    eprintln!("told after {} ms", start.elapsed().as_millis());
    ann.page.wait_gone("button", "Leave call", Duration::from_secs(75));
    eprintln!("the call ended after {} s", start.elapsed().as_secs());
    ann.wait_capture_ended();
}

/// The room lives in the caller's app, but the call itself in the two browsers.
#[test]
fn a_call_outlives_the_app_that_holds_its_room() {
    let office = Office::open();
    let mut ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    ann.app.process.kill();
    std::thread::sleep(Duration::from_secs(20));
    bob.wait_sees_and_hears(&ann);
    ann.wait_sees_and_hears(&bob);
    bob.leave();
    bob.wait_capture_ended();
    ann.wait_capture_ended();
}

#[test]
fn a_page_whose_app_dies_says_so() {
    let office = Office::open();
    let mut ann = Seat::take(&office, "Ann", Figure::Red);
    ann.app.process.kill();
    ann.page.wait_text("Earshot is not running any more.", Duration::from_secs(30));
}
