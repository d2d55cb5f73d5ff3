//! Two people compare the short code in a call, in under 20 seconds of clicks; both are verified and stay so.

use std::time::{Duration, Instant};

use earshot_harness::{Figure, Office, Page, has, wait_until};
use earshot_tests_browser::{SOON, Seat, video_call};
use serde_json::json;

/// The names of the seven pictures.
fn code(page: &Page) -> Vec<String> {
    let words = "return [...document.querySelectorAll('dialog ol li .word, [role=dialog] ol li .word')]\
                 .map((word) => word.textContent)";
    wait_until("seven pictures with their names", SOON, || {
        let words: Vec<String> = serde_json::from_value(page.script(words, json!([]))).ok()?;
        (words.len() == 7).then_some(words)
    })
}

/// Ann begins, Bob takes part; both see the same code.
fn begin(ann: &Seat, bob: &Seat, mark: &str) {
    ann.page.click("button", format!("{mark}: only you and Bob"));
    ann.page.click("button", "Compare code");
    bob.page.find("group", "Ann wants to compare a code with you");
    bob.page.click("button", "Compare");
    assert_eq!(code(&ann.page), code(&bob.page));
}

#[test]
fn two_people_compare_and_stay_verified_until_the_codes_differ() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let mut bob = Seat::take(&office, "Bob", Figure::Blue);
    bob.wait_listed("Ann", "Available", SOON);

    // The first call: nobody knows anybody yet, and both are told.
    ann.call("Bob", "Video");
    bob.wait_ring("Ann");
    bob.page.wait_text("First call with this device", SOON);
    bob.accept("Ann", "video");
    ann.wait_sees_and_hears(&bob);
    bob.wait_sees_and_hears(&ann);

    let start = Instant::now();
    begin(&ann, &bob, "Private");
    ann.page.click("button", "They match");
    bob.page.click("button", "They match");
    for seat in [&ann, &bob] {
        seat.page.wait_for("heading", has("is verified"), SOON);
        seat.page.click("button", "Done");
    }
    let took = start.elapsed();
    eprintln!("compared in {took:?} without the reading aloud");
    ann.page.wait_for("button", "Private and verified: only you and Bob", SOON);
    bob.page.wait_for("button", "Private and verified: only you and Ann", SOON);
    ann.leave();
    bob.wait_capture_ended();

    // Kept over a restart.
    ann.page.click("button", "Close");
    ann.page.wait_for("button", "Bob, verified, Available", SOON);
    bob.app.process.terminate();
    bob.app.process.wait(SOON);
    let data_dir = bob.app.data_dir().to_owned();
    bob.app = bob.host.install(&data_dir).args(&["--name", "Bob"]).start();
    bob.page.open(&bob.app.ui);
    bob.page.wait_for("button", "Ann, verified, Available", SOON);
    ann.page.wait_for("button", "Bob, verified, Available", SOON);

    // The next time the codes differ, says Bob: both are warned, and neither is verified any more.
    ann.page.click("button", "Bob, verified, Available");
    ann.page.click("button", "Video call with Bob");
    bob.accept("Ann", "video");
    ann.wait_sees_and_hears(&bob);
    begin(&ann, &bob, "Private and verified");
    bob.page.click("button", "They differ");
    for seat in [&ann, &bob] {
        seat.page.wait_for("heading", "Somebody may be listening", SOON);
    }
    ann.page.click("button", "Hang up");
    bob.wait_capture_ended();
    for (seat, other) in [(&ann, "Bob"), (&bob, "Ann")] {
        seat.page.click("button", "Close");
        seat.page.wait_for("button", format!("{other}, Available"), SOON);
    }
}

#[test]
fn who_is_blocked_does_not_ring_and_sees_nobody_available() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    bob.leave();
    ann.wait_capture_ended();
    for seat in [&ann, &bob] {
        seat.page.click("button", "Close");
    }

    bob.page.click("button", "Ann, Available");
    bob.page.click("button", "Block Ann");
    bob.page.click("button", "Block");
    bob.page.wait_for("button", "Ann, blocked, Available", SOON);
    ann.page.wait_for("button", "Bob, Away", SOON);
    ann.page.click("button", "Bob, Away");
    ann.page.click("button", "Voice call with Bob");
    ann.page.wait_text("Ringing…", SOON);
    std::thread::sleep(Duration::from_secs(2));
    assert!(!bob.page.shows("alertdialog", has("Ann is calling")));
    ann.page.click("button", "Cancel");
    assert!(!bob.page.text().contains("You missed a call"));

    bob.page.click("button", "Unblock Ann");
    ann.page.wait_for("button", "Bob, Available", SOON);
    ann.call("Bob", "Voice");
    bob.wait_ring("Ann");
    bob.page.click("button", "Decline");
}
