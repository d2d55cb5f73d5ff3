//! Every ring ends, and both sides are told how.

use std::time::Duration;

use earshot_harness::{Figure, Office, has};
use earshot_tests_browser::{SOON, Seat, video_call};

#[test]
fn declined_cancelled_and_missed() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);

    ann.call("Bob", "Video");
    ann.page.wait_text("Ringing…", SOON);
    bob.wait_ring("Ann");
    bob.page.click("button", "Decline");
    ann.page.wait_text("Bob declined.", SOON);
    bob.page.wait_gone("alertdialog", has("Ann is calling"), SOON);
    ann.wait_capture_ended();
    ann.page.click("button", "Close");

    ann.call("Bob", "Voice");
    bob.wait_ring("Ann");
    bob.page.click("button", "Not now");
    bob.page.click("menuitem", "I’m in a meeting. Later?");
    ann.page.wait_text("Bob cannot talk now and says:", SOON);
    ann.page.wait_text("I’m in a meeting. Later?", SOON);
    ann.page.click("button", "Close");

    ann.call("Bob", "Video");
    bob.wait_ring("Ann");
    ann.page.click("button", "Cancel");
    bob.page.wait_gone("alertdialog", has("Ann is calling"), SOON);
    ann.wait_capture_ended();
    bob.page.wait_text("You missed a call", SOON);
    // Told by both, and Ann can be called back with one click.
    if ann.page.shows("button", "Close") {
        ann.page.click("button", "Close");
    }
    bob.page.click("button", "Call back Ann");
    ann.accept("Bob", "video");
    ann.wait_sees_and_hears(&bob);
    bob.leave();
    ann.wait_capture_ended();
    bob.page.click("button", "Close");
    assert!(!bob.page.text().contains("You missed a call"), "told once");
}

#[test]
fn busy_and_no_answer() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    video_call(&ann, &bob);
    cat.wait_listed("Bob", "In a call", SOON);
    cat.page.click("button", "Bob, In a call");
    cat.page.click("button", "Voice call with Bob");
    cat.page.wait_text("Bob is busy. Try again in a while.", SOON);
    cat.page.click("button", "Close");
    cat.wait_capture_ended();
    // The call did not notice, and Bob was not rung.
    bob.wait_sees_and_hears(&ann);
    bob.leave();
    bob.page.click("button", "Close");
    ann.page.click("button", "Close");

    cat.call("Bob", "Voice");
    bob.wait_ring("Cat");
    cat.page.wait_text("Bob did not answer. They will see that you called.", Duration::from_secs(60));
    bob.page.wait_gone("alertdialog", has("Cat is calling"), SOON);
    bob.page.find("button", "Call back Cat");
    cat.wait_capture_ended();
}

#[test]
fn a_ring_is_taken_in_one_of_two_windows() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let second = bob.host.chromium(Figure::Yellow).start();
    second.open(&bob.app.fresh_ui());
    second.find("button", "Ann, Available");

    ann.call("Bob", "Video");
    bob.wait_ring("Ann");
    second.wait_for("alertdialog", has("Ann is calling"), SOON);
    second.click("button", "Accept with video");
    bob.page.wait_gone("alertdialog", has("Ann is calling"), SOON);
    ann.page.wait_picture(Figure::Yellow, SOON);
    second.wait_picture(Figure::Red, SOON);
    assert!(!bob.page.text().contains("You missed a call"));
    second.click("button", "Leave call");
    ann.wait_capture_ended();
}
