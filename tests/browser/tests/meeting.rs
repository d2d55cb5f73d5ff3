//! A call of two becomes one of three and of four, and goes on when whoever began it leaves.

use earshot_harness::{Figure, Office, has};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat, video_call};

/// Everybody sees and hears everybody else.
#[track_caller]
fn all_talk(people: &[&Person]) {
    for one in people {
        for other in people.iter().filter(|other| other.name != one.name) {
            one.page.wait_picture(other.figure, CONNECTING);
            one.page.wait_voice(other.figure, CONNECTING);
        }
        one.page.wait_growth(SOON);
    }
}

/// Pictures of `figure` go on; how many there were shows when they stood still.
#[track_caller]
fn frames(person: &Person) -> u64 {
    person.page.received().frames_decoded
}

#[test]
fn people_are_added_and_the_first_leaves() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let host = office.host("cat");
    let app = host.earshot("Cat");
    let cat = Seat::open("Cat", Figure::Green, host, app, |chromium| chromium.sharing());
    video_call(&ann, &bob);
    let connections = ann.page.connection_states().len();

    // Bob, who is not the host, adds Cat, who says no at first.
    bob.page.click("button", "Add people");
    bob.page.click("button", "Ring Cat");
    bob.page.wait_text("Ringing Cat …", SOON);
    cat.wait_ring("Bob");
    let before = frames(&ann);
    cat.page.click("button", "Decline");
    bob.page.wait_text("Cat cannot come now.", SOON);
    assert!(frames(&ann) > before, "the call goes on while somebody is rung");
    bob.page.click("button", "Dismiss the note about Cat");
    bob.page.click("button", "Ring Cat");
    cat.page.wait_for("alertdialog", has("Bob is calling"), SOON);
    cat.accept("Bob", "video");
    all_talk(&[&ann, &bob, &cat]);
    assert_eq!(
        ann.page.connection_states().len(),
        connections + 1,
        "the two who talked did not connect anew"
    );

    // A fourth comes in.
    let dan = Seat::take(&office, "Dan", Figure::Yellow);
    cat.page.click("button", "Add people");
    cat.page.wait_for("button", "Ring Dan", SOON);
    cat.page.click("button", "Ring Dan");
    dan.accept("Cat", "video");
    all_talk(&[&ann, &bob, &cat, &dan]);

    // What one shares all see, and the faces stay.
    cat.page.click("button", "Share screen");
    for one in [&ann, &bob, &dan] {
        one.page.wait_screen("Cat", CONNECTING);
    }
    bob.page.wait_picture(cat.figure, CONNECTING);
    cat.page.click("button", "Stop");
    for one in [&ann, &bob, &dan] {
        one.page.wait_no_screen("Cat", CONNECTING);
    }

    // Ann, at whose hub the room is, leaves.
    ann.leave();
    ann.wait_capture_ended();
    all_talk(&[&bob, &cat, &dan]);
    assert!(!bob.page.text().contains("Ann is reconnecting"), "she has left");
    dan.leave();
    bob.page.wait_no_picture(dan.figure, SOON);
    all_talk(&[&bob, &cat]);
    bob.leave();
    cat.page.wait_text("You talked with Bob for", SOON);
    cat.wait_capture_ended();
}
