//! Beside talking: hands, reactions, what a host may ask of the others, the spotlight, and talking while a key is held.

use earshot_harness::{Figure, Office, wait_until};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat, video_call};
use serde_json::{Value, json};

/// What the host chooses from somebody's menu among the people.
#[track_caller]
fn choose(host: &Person, name: &str, what: &str) {
    if !host.page.shows("button", format!("More for {name}")) {
        host.page.click("button", "People");
    }
    host.page.click("button", format!("More for {name}"));
    host.page.click("menuitem", what);
    // Closes the panel, where it is still open.
    host.page.press("\u{e00c}");
}

/// Holds or lets go of the space bar.
#[track_caller]
fn space(person: &Person, down: bool) {
    let kind = if down { "keyDown" } else { "keyUp" };
    let actions = json!([{ "type": kind, "value": " " }]);
    let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
    person.page.command("POST", "/actions", &body);
}

/// Waits until `name`'s tile is, or is no longer, by far the largest here.
#[track_caller]
fn wait_large(person: &Person, name: &str, large: bool) {
    let script = "const tile = document.querySelector(`figure[aria-label=\"${arguments[0]}\"]`);
        return tile ? tile.getBoundingClientRect().width / innerWidth : null;";
    let what = format!("{name} to be large: {large}");
    person.page.wait_script(&what, SOON, script, json!([name]), |share| {
        share.as_f64().is_some_and(|share| (share > 0.6) == large)
    });
}

/// Waits until an element with this selector is there, or is not.
#[track_caller]
fn wait_css(person: &Person, css: &str, there: bool) {
    let script = "return document.querySelector(arguments[0]) !== null;";
    let what = format!("{css} to be there: {there}");
    person.page.wait_script(&what, SOON, script, json!([css]), |found| *found == Value::Bool(there));
}

/// Who is first among the people in the open panel.
#[track_caller]
fn first_of(person: &Person) -> String {
    let script = "return document.querySelector('#call-people ul[aria-label=People] > li')?.ariaLabel ?? '';";
    person.page.script(script, json!([])).as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn add(host: &Person, guest: &Person) {
    host.page.click("button", "Add people");
    host.page.click("button", format!("Ring {}", guest.name));
    guest.accept(&host.name, "video");
    host.page.press("\u{e00c}");
    host.page.wait_picture(guest.figure, CONNECTING);
    guest.page.wait_picture(host.figure, CONNECTING);
}

#[test]
fn people_raise_hands_react_and_do_as_the_host_asks_but_unmute_themselves() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    // The room is Ann's, so she is its host.
    video_call(&ann, &bob);
    add(&ann, &cat);
    bob.page.wait_picture(cat.figure, CONNECTING);

    // A hand is seen by all, stands first, and is taken down by the host.
    cat.page.click("button", "Raise hand");
    for one in [&ann, &bob] {
        one.page.wait_text("Cat raises a hand", SOON);
    }
    bob.page.click("button", "People");
    wait_until("Cat to be first at Bob's", SOON, || (first_of(&bob) == "Cat").then_some(()));
    assert!(!bob.page.shows("button", "Lower Cat’s hand"), "only the host takes hands down");
    assert!(!bob.page.shows("button", "Mute everyone"), "only the host mutes");
    assert!(!bob.page.shows("button", "More for Cat"), "only the host asks");
    bob.page.press("\u{e00c}");
    ann.page.click("button", "People");
    ann.page.click("button", "Lower Cat’s hand");
    cat.page.wait_text("Ann took your hand down", SOON);
    cat.page.find("button", "Raise hand");
    ann.page.wait_gone("button", "Lower Cat’s hand", SOON);
    ann.page.press("\u{e00c}");

    // A reaction is shown on the tile of whoever sent it, for a moment.
    bob.page.click("button", "React");
    bob.page.click("button", "Heart");
    wait_css(&ann, "figure[aria-label=Bob] [data-reaction=heart]", true);
    wait_css(&bob, "[data-key=own] [data-reaction=heart]", true);
    wait_css(&ann, "[data-reaction]", false);

    // The host mutes everybody: no tone comes any more, and each is told.
    for one in [&bob, &cat] {
        ann.page.wait_voice(one.figure, CONNECTING);
    }
    ann.page.click("button", "People");
    ann.page.click("button", "Mute everyone");
    ann.page.press("\u{e00c}");
    for one in [&bob, &cat] {
        one.page.wait_text("Ann muted everyone. Press M to talk.", SOON);
        one.page.wait_voice(ann.figure, SOON);
    }
    ann.page.wait_silence(SOON);

    // To unmute is only a question: nothing is heard before the person says yes.
    choose(&ann, "Bob", "Ask Bob to unmute");
    bob.page.wait_text("Ann asks you to unmute", SOON);
    ann.page.wait_silence(SOON);
    bob.page.click("button", "Stay muted");
    bob.page.wait_gone("button", "Stay muted", SOON);
    ann.page.wait_silence(SOON);
    choose(&ann, "Bob", "Ask Bob to unmute");
    bob.page.wait_text("Ann asks you to unmute", SOON);
    bob.page.click("button", "Unmute");
    ann.page.wait_voice(bob.figure, SOON);

    // One alone can be muted too.
    choose(&ann, "Bob", "Mute Bob");
    bob.page.wait_text("Ann muted you. Press M to talk.", SOON);
    ann.page.wait_silence(SOON);

    // Cat is heard for as long as the space bar is held, and no longer; another window in front ends it. The button that
    // was clicked last has the focus, and is not pressed by it.
    cat.page.click("button", "Raise hand");
    space(&cat, true);
    cat.page.wait_text("You are heard while you hold the space bar", SOON);
    ann.page.wait_voice(cat.figure, SOON);
    space(&cat, false);
    ann.page.wait_silence(SOON);
    cat.page.find("button", "Unmute microphone");
    cat.page.click("button", "Lower hand");
    cat.page.find("button", "Raise hand");
    space(&cat, true);
    ann.page.wait_voice(cat.figure, SOON);
    cat.page.script("window.dispatchEvent(new Event('blur')); return null;", json!([]));
    ann.page.wait_silence(SOON);
    space(&cat, false);

    // Somebody large for everyone, also for who comes later.
    wait_large(&bob, "Cat", false);
    choose(&ann, "Cat", "Show Cat large for everyone");
    for one in [&ann, &bob] {
        wait_large(one, "Cat", true);
        wait_css(one, "figure[aria-label=Cat] [data-lit]", true);
    }
    cat.page.wait_text("Ann made you large for everyone", SOON);
    wait_css(&cat, "[data-key=own] [data-lit]", true);
    bob.leave();
    ann.page.wait_no_picture(bob.figure, SOON);
    add(&ann, &bob);
    wait_large(&bob, "Cat", true);
    choose(&ann, "Cat", "No longer show Cat large for everyone");
    wait_large(&bob, "Cat", false);

    // All of these keys are told.
    bob.page.press("?");
    bob.page.wait_text("Hold to talk while muted", SOON);
    bob.page.press("\u{e00c}");
    bob.page.wait_gone("dialog", "Keyboard shortcuts", SOON);
}
