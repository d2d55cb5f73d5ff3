//! Guests in a plain browser: their page seals and opens by itself, also where the browser has no key for it.

use earshot_harness::{Certificates, Figure, Host, Network, Office, Page, has, wait_until};
use earshot_tests_browser::server::{PORT, start_server, take, url};
use earshot_tests_browser::{CONNECTING, SOON, Seat};
use serde_json::json;

/// Makes a browser of one that knows Ed25519 like one that does not: every call names it and is refused.
const WITHOUT_ED25519: &str = r#"
    for (const name of ["generateKey", "importKey", "sign", "verify"]) {
      const native = SubtleCrypto.prototype[name];
      SubtleCrypto.prototype[name] = function (...said) {
        if (said.some((one) => one === "Ed25519" || (one && one.name === "Ed25519")))
          return Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
        return native.apply(this, said);
      };
    }
"#;

/// Opens the server's page as a guest of this name; `prepare` runs before it loads.
fn guest(office: &Office, server: &Host, name: &str, figure: Figure, prepare: Option<&str>) -> Page {
    let page = office.host(&name.to_ascii_lowercase()).chromium(figure).insecure_certs().start();
    if let Some(script) = prepare {
        page.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }
    page.open(&format!("https://{}:{PORT}/", server.ip()));
    page.type_text("textbox", "Your name", name);
    page.click("button", "Come in");
    page
}

fn talk(one: &Page, figure: Figure, other: &Page, other_figure: Figure) {
    for (page, theirs) in [(one, other_figure), (other, figure)] {
        page.wait_picture(theirs, CONNECTING);
        page.wait_voice(theirs, CONNECTING);
        page.wait_growth(SOON);
    }
}

fn call(page: &Page, row: &str, name: &str) {
    page.wait_for("button", row, SOON);
    page.click("button", row);
    page.click("button", format!("Video call with {name}"));
}

/// What the code's seven names are on this page.
fn code(page: &Page) -> Vec<String> {
    wait_until("seven pictures with their names", SOON, || {
        let said = page.script(
            "return [...document.querySelectorAll('[role=dialog] ol li .word, dialog ol li .word')].map(e => e.textContent)",
            json!([]),
        );
        let words: Vec<String> = serde_json::from_value(said).ok()?;
        (words.len() == 7).then_some(words)
    })
}

#[test]
fn a_browser_that_keeps_no_key_is_marked_and_may_be_refused() {
    let office = Office::open();
    let server_host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[server_host.ip()]);
    let _server = start_server(&server_host, &certificates);
    let ann = take(&office, "Ann", Figure::Red, Network::Main, &url(&server_host), &certificates);
    let tia = guest(&office, &server_host, "Tia", Figure::Yellow, Some(WITHOUT_ED25519));

    // It calls, and whoever is called sees what it cannot prove: before answering, and in the call.
    ann.page.wait_for("button", "Tia, unverified, Available", SOON);
    call(&tia, "Ann, Available", "Ann");
    ann.wait_ring("Tia");
    ann.page.wait_text("Unverified", SOON);
    ann.page.click("button", "Accept with video");
    talk(&ann.page, Figure::Red, &tia, Figure::Yellow);
    ann.page.find("button", "Unverified: Tia’s browser cannot prove who they are");
    tia.find("button", "Private: only you and Ann");
    tia.click("button", "Leave call");
    ann.wait_capture_ended();

    // Where the owner refuses such calls, they do not ring.
    ann.page.click("button", "Close");
    ann.page.click("button", "Settings");
    ann.page.click("tab", "Privacy");
    ann.page.click("switch", "Refuse calls from browsers that cannot prove who they are");
    ann.page.click("button", "Close");
    tia.click("button", "Close");
    call(&tia, "Ann, Available", "Ann");
    tia.wait_text("Ann is busy", SOON);
    assert!(!ann.page.shows("alertdialog", has("Tia is calling")));

    // Nor does the owner get through to them: what they answer with is refused, and both are told.
    tia.click("button", "Close");
    call(&ann.page, "Tia, unverified, Available", "Tia");
    wait_until("Tia to hear it ring, or Ann to be told", SOON, || {
        (tia.shows("alertdialog", has("Ann is calling"))
            || ann.page.shows("heading", "The call did not work"))
        .then_some(())
    });
    if tia.shows("alertdialog", has("Ann is calling")) {
        tia.click("button", "Accept with video");
        tia.wait_text("ended the call before it was connected", SOON);
    }
    ann.page.wait_text("cannot prove who", SOON);
    ann.wait_capture_ended();
}

#[test]
fn guests_prove_who_they_are_compare_a_code_and_remember() {
    let office = Office::open();
    let server_host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[server_host.ip()]);
    let _server = start_server(&server_host, &certificates);
    let ann = take(&office, "Ann", Figure::Red, Network::Main, &url(&server_host), &certificates);
    let gus = guest(&office, &server_host, "Gus", Figure::Yellow, None);

    call(&gus, "Ann, Available", "Ann");
    ann.accept("Gus", "video");
    talk(&ann.page, Figure::Red, &gus, Figure::Yellow);
    compare(&ann, "Gus", &gus, "Ann");
    gus.click("button", "Leave call");
    ann.wait_capture_ended();

    // Both keep it: the app on its disk, the browser in its storage.
    ann.page.click("button", "Close");
    ann.page.wait_for("button", has(", verified,"), SOON);
    gus.reload();
    gus.wait_for("button", "Ann, verified, Available", SOON);

    // Two pages vouch for each other without any app, also when one of them has only a key in memory.
    let tia = guest(&office, &server_host, "Tia", Figure::Blue, Some(WITHOUT_ED25519));
    call(&tia, "Gus, guest, Available", "Gus");
    gus.wait_for("alertdialog", has("Tia is calling"), SOON);
    gus.click("button", "Accept with video");
    talk(&gus, Figure::Yellow, &tia, Figure::Blue);
    gus.find("button", "Unverified: Tia’s browser cannot prove who they are");
    tia.click("button", "Leave call");
}

/// Both compare the code and find it the same.
fn compare(seat: &Seat, other: &str, guest: &Page, name: &str) {
    seat.page.click("button", format!("Private: only you and {other}"));
    seat.page.click("button", "Compare code");
    guest.wait_text(&format!("{name} wants to compare a code with you"), SOON);
    guest.click("button", "Compare");
    let code = code(&seat.page);
    assert_eq!(code, self::code(guest));
    eprintln!("the code is {}", code.join(", "));
    seat.page.click("button", "They match");
    guest.click("button", "They match");
    for page in [&seat.page, guest] {
        page.click("button", "Done");
    }
    seat.page.wait_for("button", format!("Private and verified: only you and {other}"), SOON);
    guest.wait_for("button", format!("Private and verified: only you and {name}"), SOON);
}
