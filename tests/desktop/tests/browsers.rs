//! Calls between a window and the browsers that people have, each both ways.

use std::time::Duration;

use earshot_harness::{Figure, Office};
use earshot_tests_desktop::checks::{check_both_ways, check_switches};
use earshot_tests_desktop::{Person, SOON, Seat, Window, video_call};

/// The window has WebKit's mock devices: what it captures it captures as in life.
#[test]
fn a_window_and_chromium_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Mock);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    check_calls(&ann, &bob, "Chromium");
}

#[test]
fn a_window_and_firefox_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Mock);
    let bob = Seat::take_firefox(&office, "Bob", Figure::Yellow);
    check_calls(&ann, &bob, "Firefox");
}

fn check_calls(window: &Person, browser: &Person, what: &str) {
    let took = video_call(window, browser);
    eprintln!("a window that calls and {what} see each other {} ms after accepting", took.as_millis());
    check_switches(window, browser);
    check_switches(browser, window);
    window.leave();
    browser.page.wait_text("You talked with Ann for", SOON);
    window.wait_capture_ended();
    browser.wait_capture_ended();

    browser.page.click("button", "Call again");
    window.accept(&browser.name, "video");
    check_both_ways(window, browser);

    // An ICE restart.
    browser.host.unplug();
    window.page.wait_text(&format!("The line to {} is gone. Trying to bring it back", browser.name), SOON);
    std::thread::sleep(Duration::from_secs(3));
    browser.host.plug();
    check_both_ways(window, browser);
    browser.leave();
    window.page.wait_text(&format!("You talked with {} for", browser.name), SOON);
    window.wait_capture_ended();
}
