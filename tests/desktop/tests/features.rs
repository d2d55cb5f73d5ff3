//! What else a window does in a call, and with less of a WebKit.

use std::time::Duration;

use earshot_harness::{Chromium, Figure, Office};
use earshot_tests_desktop::checks::{check_both_ways, check_switches, flow};
use earshot_tests_desktop::{CONNECTING, SOON, Seat, SystemBrowser, Window, video_call};
use serde_json::json;

#[test]
fn screens_are_shared_and_a_hidden_window_goes_on() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Mock);
    let host = office.host("bob");
    let app = host.earshot("Bob");
    let bob = Seat::open("Bob", Figure::Blue, host, app, Chromium::sharing);
    video_call(&ann, &bob);

    for (sharer, watcher) in [(&ann.person, &bob.person), (&bob.person, &ann.person)] {
        sharer.page.click("button", "Share screen");
        watcher.page.wait_screen(&sharer.name, CONNECTING);
        // Camera and screen come side by side.
        check_both_ways(&ann, &bob);
        sharer.page.click("button", "Stop sharing");
        watcher.page.wait_no_screen(&sharer.name, SOON);
    }

    ann.hide();
    let hidden = flow(&bob.page, Duration::from_secs(8));
    eprintln!("of a hidden window comes {hidden:?}");
    assert!(hidden.fps > 10.0 && hidden.voice > 15.0, "{hidden:?}");
    bob.page.wait_voice(Figure::Mock, SOON);
    // Nobody looks, but somebody listens.
    ann.host.loudspeaker().wait_voice(Figure::Blue, SOON);
    ann.show();
    check_both_ways(&ann, &bob);
}

/// WebKitGTK before 2.48, or built without MediaStreamTrackProcessor: pictures are taken and shown on the main thread.
#[test]
fn a_window_without_track_processing_calls_too() {
    let office = Office::open();
    let without = [("EARSHOT_TEST_NO_TRACK_PROCESSING", "1")];
    let ann = Window::take_with(&office, "Ann", Figure::Mock, &without);
    let bob = Seat::take(&office, "Bob", Figure::Yellow);
    let took = video_call(&ann, &bob);
    eprintln!("without track processing both see each other {} ms after accepting", took.as_millis());
    check_switches(&ann, &bob);
    check_switches(&bob, &ann);
}

/// Sound goes past the page's main thread on most of its way: what is painted is not heard as a stutter.
#[test]
fn a_voice_is_whole_while_the_page_is_busy() {
    const BUSY: &str = "const busy = () => { const until = Date.now() + 100; while (Date.now() < until); };
                        window.earshotBusy = setInterval(busy, 300);
                        return null;";
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Mock);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    let loudspeaker = ann.host.loudspeaker();
    loudspeaker.wait_voice(Figure::Blue, SOON);
    let gaps = |time| {
        // The lead of the voice follows what is going on.
        std::thread::sleep(Duration::from_secs(5));
        loudspeaker.record(Duration::from_secs(time)).gaps(Figure::Blue.tone())
    };
    let calm = gaps(6);
    ann.page.script(BUSY, json!([]));
    let busy = gaps(6);
    eprintln!(
        "the tone pauses for {:.1} % of the time, while the page is busy for {:.1} %",
        calm * 100.0,
        busy * 100.0
    );
    assert!(busy < calm + 0.04, "{calm}, then {busy}");
}

#[test]
fn a_link_in_the_chat_opens_in_the_systems_browser_and_the_call_goes_on() {
    let office = Office::open();
    let host = office.host("ann");
    let system = SystemBrowser::on(&host);
    let ann = Window::take_at(host, "Ann", Figure::Mock, &[("PATH", &system.path())]);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    bob.page.press("c");
    bob.page.type_text("textbox", "Message", "https://example.com/plan?a=1&b=2 by mailto:bob@example.com");
    bob.page.click("button", "Send");
    ann.page.click("button", "Chat");
    ann.page.wait_for("link", "https://example.com/plan?a=1&b=2", SOON);
    let here = ann.page.script("return location.href;", json!([]));
    ann.page.click("link", "https://example.com/plan?a=1&b=2");
    assert_eq!(system.wait_opened().0, "https://example.com/plan?a=1&b=2");
    // What the window does not start is offered in another way.
    ann.page.find("button", "Copy the address bob@example.com");
    assert_eq!(ann.page.script("return location.href;", json!([])), here);
    check_both_ways(&ann, &bob);
}
