//! What people in a call write reaches all the others, once and as text, also those who come late; nothing of it stays.

use std::time::Duration;

use earshot_harness::{Figure, Office, Page, has, wait_until};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat, video_call};
use serde_json::json;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// Writes into the chat, which is open.
#[track_caller]
fn write(page: &Page, text: &str) {
    page.type_text("textbox", "Message", text);
    page.press(ENTER);
}

/// The messages that the open chat shows, in their order.
#[track_caller]
fn messages(page: &Page) -> Vec<String> {
    let script =
        "return [...document.querySelectorAll('[role=log] .words')].map((words) => words.textContent);";
    let found = page.script(script, json!([]));
    found.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[track_caller]
fn wait_messages(page: &Page, wanted: &[&str]) {
    wait_until(&format!("{wanted:?}"), CONNECTING, || (messages(page) == wanted).then_some(()));
}

#[track_caller]
fn ring(from: &Person, to: &Person) {
    let button = format!("Ring {}", to.name);
    // The panel stays open for the next one.
    if !from.page.shows("button", button.as_str()) {
        from.page.click("button", "Add people");
    }
    from.page.click("button", button);
    to.accept(&from.name, "video");
    from.page.wait_picture(to.figure, CONNECTING);
}

/// How many messages the bar says are not read yet; "" for none.
#[track_caller]
fn wait_unread(page: &Page, wanted: &str) {
    let script = "return document.querySelector('[popovertarget=call-chat] .news')?.textContent ?? '';";
    let what = format!("{wanted:?} unread messages");
    page.wait_script(&what, SOON, script, json!([]), |count| *count == json!(wanted));
}

#[test]
fn two_chat_and_a_third_who_comes_late_reads_it() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    video_call(&ann, &bob);

    // What comes while the chat is closed is shown for a moment, and counted.
    ann.page.press("c");
    ann.page.wait_text("Only the people in this call can read it.", SOON);
    let first = "see https://example.com/plan?a=1. <b>not bold</b>";
    write(&ann.page, first);
    bob.page.wait_for("button", has("Ann: see https://example.com/plan?a=1"), SOON);
    wait_unread(&bob.page, "1");
    bob.page.click("button", "Chat");
    wait_unread(&bob.page, "");
    assert_eq!(messages(&bob.page), [first]);
    let link = bob.page.find("link", "https://example.com/plan?a=1");
    for (name, value) in
        [("href", "https://example.com/plan?a=1"), ("target", "_blank"), ("rel", "noopener noreferrer")]
    {
        assert_eq!(bob.page.attribute(&link, name).as_deref(), Some(value));
    }
    assert_eq!(bob.page.script("return document.querySelector('[role=log] b');", json!([])), json!(null));

    // Two lines, and a reaction with who it is of.
    bob.page.click("button", "React to this message");
    bob.page.click("button", "Agree");
    ann.page.wait_for("button", "Agree: Bob", SOON);
    bob.page.type_text("textbox", "Message", "one");
    bob.page.script(
        "const field = document.querySelector('textarea'); field.value += '\\ntwo';\
         field.dispatchEvent(new Event('input'));",
        json!([]),
    );
    bob.page.press(ENTER);
    wait_messages(&ann.page, &[first, "one\ntwo"]);
    assert_eq!(messages(&bob.page), [first, "one\ntwo"]);
    // Letters in the field are letters, and Escape closes the chat alone.
    write(&bob.page, "mvd");
    wait_messages(&ann.page, &[first, "one\ntwo", "mvd"]);
    bob.page.press(ESCAPE);
    bob.page.wait_gone("textbox", "Message", SOON);
    assert_eq!(bob.page.live_tracks("video"), 1, "the camera is on");

    // Who comes late gets each word from its author.
    ring(&ann, &cat);
    cat.page.wait_picture(bob.figure, CONNECTING);
    wait_unread(&cat.page, "3");
    cat.page.press("c");
    wait_messages(&cat.page, &[first, "one\ntwo", "mvd"]);
    cat.page.wait_text("Before you came", SOON);
    cat.page.find("button", "Agree: Bob");
    assert!(!cat.page.text().contains("has it"), "both are here to say it themselves");
    write(&cat.page, "hello");
    wait_messages(&ann.page, &[first, "one\ntwo", "mvd", "hello"]);
    wait_unread(&bob.page, "1");

    // Bob goes, and with him all that he had; he comes again, and what he had said is told by somebody else.
    bob.leave();
    bob.page.wait_text("You talked with", SOON);
    assert!(!bob.page.text().contains("mvd"), "nothing of it stays");
    bob.page.click("button", "Close");
    ann.page.wait_no_picture(bob.figure, SOON);
    ring(&ann, &bob);
    bob.page.press("c");
    wait_messages(&bob.page, &[first, "one\ntwo", "mvd", "hello"]);
    bob.page.wait_text("As Ann has it", SOON);
    for seat in [&ann, &bob, &cat] {
        for said in ["not bold", "mvd", "example.com/plan"] {
            assert!(!seat.app.process.stderr().contains(said), "{}", seat.app.process.stderr());
        }
    }
}

#[test]
fn what_is_written_while_the_line_is_broken_gets_there_once() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    for seat in [&ann, &bob] {
        seat.page.press("c");
        seat.page.find("textbox", "Message");
    }
    write(&ann.page, "before");
    wait_messages(&bob.page, &["before"]);
    bob.host.unplug();
    std::thread::sleep(Duration::from_secs(4));
    write(&ann.page, "into the dark");
    write(&bob.page, "hello?");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(messages(&bob.page), ["before", "hello?"]);
    bob.host.plug();
    for seat in [&ann, &bob] {
        wait_messages(&seat.page, &["before", "into the dark", "hello?"]);
    }
    // Whatever else comes late, nothing is there twice.
    ann.wait_sees_and_hears(&bob);
    std::thread::sleep(Duration::from_secs(3));
    for seat in [&ann, &bob] {
        assert_eq!(messages(&seat.page).len(), 3);
    }
}
