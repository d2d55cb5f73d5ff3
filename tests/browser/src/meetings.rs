//! Meetings: begun, found by code and link, and gone into.

use earshot_harness::{Figure, Office, Page, has, wait_until};
use serde_json::json;

use crate::{CONNECTING, Person, SOON};

/// Begins a meeting into which anybody comes who knows of it.
#[track_caller]
pub fn begin(host: &Person, title: &str, listed: bool, place: Option<&str>) {
    host.page.click("button", "Start a meeting");
    host.page.type_text("textbox", has("Name of the meeting"), title);
    host.page.click("radio", "Anyone");
    let is_on = "return document.querySelector('dialog [role=switch]').checked;";
    if host.page.script(is_on, json!([])) != json!(listed) {
        host.page.click("switch", has("Show it in the lobby"));
    }
    if let Some(place) = place {
        host.page.click("radio", place);
    }
    host.page.click("button", "Start with video");
    host.page.wait_text("Nobody else is here yet", SOON);
}

/// The code that is shown to whoever is alone in a meeting.
#[must_use]
#[track_caller]
pub fn code(person: &Person) -> String {
    let script = "return document.querySelector('output')?.textContent ?? '';";
    wait_until(&format!("{} to see a code", person.name), SOON, || {
        let code = person.page.script(script, json!([]));
        code.as_str().filter(|code| code.chars().filter(char::is_ascii_digit).count() == 9).map(str::to_owned)
    })
}

/// What the button puts on the clipboard.
#[must_use]
#[track_caller]
pub fn link(person: &Person) -> String {
    person.page.script(
        "const put = navigator.clipboard.writeText.bind(navigator.clipboard);
         navigator.clipboard.writeText = (text) => { window.__copied = text; return put(text).catch(() => undefined); };",
        json!([]),
    );
    person.page.click("button", "Copy the link");
    wait_until(&format!("{} to copy the link", person.name), SOON, || {
        person.page.script("return window.__copied ?? null;", json!([])).as_str().map(str::to_owned)
    })
}

/// Follows what was spoken or sent.
#[track_caller]
pub fn find(page: &Page, text: &str) {
    page.click("button", "Join with a code or link");
    page.type_text("textbox", "Code or link of a meeting", text);
    page.click("button", "Find");
}

/// From the page before the room into it.
#[track_caller]
pub fn go_in(page: &Page, title: &str) {
    page.wait_for("heading", title, SOON);
    page.click("button", "Go in with video");
}

/// Each sees the other.
#[track_caller]
pub fn both_talk(one: &Person, other: &Person) {
    one.page.wait_picture(other.figure, CONNECTING);
    other.page.wait_picture(one.figure, CONNECTING);
}

/// A guest with a plain browser who follows a link to a meeting, up to the page before it.
#[must_use]
#[track_caller]
pub fn guest(office: &Office, name: &str, figure: Figure, link: &str) -> Person {
    let host = office.host(&name.to_ascii_lowercase());
    let page = host.chromium(figure).insecure_certs().start();
    page.open(link);
    page.type_text("textbox", "Your name", name);
    page.click("button", "Come in");
    Person { name: name.to_owned(), figure, host, page }
}
