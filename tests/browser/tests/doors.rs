//! A meeting as its people run it: knocking, a password, a full room, a locked door, another host, an end for all.

use earshot_harness::{Figure, Office, has, wait_until};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat};

/// Chooses how many may be in it, in the host's open panel.
#[track_caller]
fn room_for(host: &Person, people: u16) {
    host.page.click("combobox", has("Room for"));
    host.page.click("option", format!("{people} people"));
}

/// The code that somebody who is alone in a meeting reads out: nine digits in groups.
#[track_caller]
fn code_of(person: &Person) -> String {
    wait_until(&format!("{} to see the meeting's code", person.name), SOON, || {
        let is_code = |line: &&str| {
            line.chars().filter(char::is_ascii_digit).count() == 9
                && line.chars().all(|one| one.is_ascii_digit() || one == ' ')
        };
        person.page.text().lines().map(str::trim).find(is_code).map(ToOwned::to_owned)
    })
}

/// Goes where a code leads.
#[track_caller]
fn follow(person: &Person, code: &str) {
    person.page.click("button", "Join with a code or link");
    person.page.type_text("textbox", has("Code or link"), code);
    person.page.press("\u{e007}");
    person.page.wait_for("heading", "Stand-up", SOON);
}

#[track_caller]
fn both_see(one: &Person, other: &Person) {
    one.page.wait_picture(other.figure, CONNECTING);
    other.page.wait_picture(one.figure, CONNECTING);
}

#[test]
fn a_host_lets_in_locks_removes_hands_over_and_ends() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    for one in [&bob, &cat] {
        one.wait_listed("Ann", "Available", SOON);
    }

    // A meeting of one's own, with nobody in it yet.
    ann.page.click("button", "Start a meeting");
    ann.page.type_text("textbox", has("Name of the meeting"), "Stand-up");
    ann.page.click("button", "Start with video");
    ann.page.wait_text("Nobody else is here yet", SOON);
    let code = code_of(&ann);

    // Who knocks gets in when the host says so.
    follow(&bob, &code);
    bob.page.wait_text("You knock, and the host lets you in.", SOON);
    bob.page.click("button", "Knock, with video");
    bob.page.wait_text("You have knocked", SOON);
    ann.page.wait_text("Bob would like to come in", SOON);
    bob.page.click("button", "Knock no longer");
    ann.page.wait_gone("button", "Let Bob in", SOON);
    bob.page.click("button", "Knock, with video");
    ann.page.click("button", "Let Bob in");
    both_see(&ann, &bob);
    ann.page.wait_text("Bob came in", SOON);

    // A full room: told when there is a place, and in with the password.
    ann.page.click("button", "People");
    room_for(&ann, 2);
    ann.page.click("button", "Set a password");
    ann.page.type_text("textbox", "Password", "tin can");
    ann.page.click("button", "Save");
    ann.page.find("button", "Change the password");
    follow(&cat, &code);
    cat.page.wait_text("The meeting is full.", SOON);
    cat.page.click("button", "Tell me when there is room");
    cat.page.wait_text("Waiting for room", SOON);
    room_for(&ann, 3);
    cat.page.wait_text("You can go in now", SOON);
    cat.page.type_text("textbox", "Password", "tin cans");
    cat.page.click("button", "Go in with video");
    cat.page.wait_text("That is not the password", SOON);
    cat.page.type_text("textbox", "Password", "tin can");
    cat.page.click("button", "Go in with video");
    both_see(&ann, &cat);
    both_see(&bob, &cat);

    // Everybody sees that the door is locked; only the host can change it.
    ann.page.click("radio", "Locked");
    bob.page.wait_text("The meeting is locked now", SOON);
    bob.page.click("button", "People");
    assert!(!bob.page.shows("radio", "Locked"), "only the host sets the door");
    assert!(!bob.page.shows("button", "Remove Cat"), "only the host removes");

    // Another host, who removes somebody.
    ann.page.click("button", "Make Bob the host");
    ann.page.click("button", "Make host");
    bob.page.wait_text("You are the host now", SOON);
    bob.page.click("button", "Remove Cat");
    bob.page.click("button", "Remove");
    cat.page.wait_text("Bob removed you.", SOON);
    cat.wait_capture_ended();
    ann.page.wait_text("Cat was removed by the host", SOON);
    ann.page.wait_no_picture(cat.figure, SOON);
    // Whom the host rings comes in again, whatever the door says.
    bob.page.click("button", "Add people");
    bob.page.click("button", "Ring Cat");
    cat.accept("Bob", "video");
    both_see(&bob, &cat);

    // Who made the meeting is the host again, and ends it.
    ann.page.click("button", "Be the host again");
    bob.page.wait_text("Ann is the host now", SOON);
    ann.page.click("button", "End for everybody");
    ann.page.wait_text("End the meeting for everybody?", SOON);
    ann.page.click("button", "End for everybody");
    for one in [&bob, &cat] {
        one.page.wait_text("Ann ended it for everybody.", SOON);
    }
    ann.page.wait_text("You ended it for everybody.", SOON);
    for one in [&ann, &bob, &cat] {
        one.wait_capture_ended();
    }
}
