//! Calls of a window on lines and in processes that fail.

use std::time::Duration;

use earshot_harness::{Figure, Office, can_delay, skipped, wait_until};
use earshot_tests_desktop::checks::{check_both_ways, flow, target};
use earshot_tests_desktop::{CONNECTING, SOON, Seat, Window, press_in, video_call};

/// Pictures per second that still are a moving one, and packets of sound that still are a voice: one each 20 ms at best,
/// one each 60 ms at worst.
const MOVING: f64 = 5.0;
const TALKING: f64 = 15.0;
/// More than fits through the narrow line, kbit/s.
const WIDE: f64 = 600.0;

#[test]
fn a_window_calls_on_over_bad_lines() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    let check = |what: &str| {
        check_both_ways(&ann, &bob);
        for (name, page) in [("the window", &ann.page), ("Chromium", &bob.page)] {
            let flow = flow(page, Duration::from_secs(4));
            eprintln!("{what}: {name} gets {flow:?}");
            assert!(flow.fps > MOVING && flow.voice > TALKING, "{what}: {name} gets {flow:?}");
        }
    };
    check("a good line");
    for percent in [3, 10] {
        bob.host.loss(percent);
        check(&format!("{percent} % of all packets lost"));
    }
    bob.host.loss(0);
    if can_delay() {
        bob.host.delay(100);
        check("a round trip of 200 ms");
        bob.host.delay(0);
    } else {
        skipped("the delay of 100 ms", "/dev/net/tun cannot be opened here");
    }

    // The window's cable, and then its adapter: two ICE restarts.
    ann.host.unplug();
    bob.page.wait_text("The line to Ann is gone. Trying to bring it back", SOON);
    std::thread::sleep(Duration::from_secs(5));
    ann.host.plug();
    check_both_ways(&ann, &bob);
    ann.host.link_down();
    std::thread::sleep(Duration::from_secs(10));
    ann.host.link_up();
    check_both_ways(&ann, &bob);
}

#[test]
fn the_picture_follows_the_line() {
    let office = Office::open();
    // A picture that wants more than 400 kbit/s.
    let ann = Window::take_noisy(&office, "Ann", Figure::Green);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    // Two loaded cores delay packets as a narrow line does: the bitrate grows at times slowly.
    let wide = wait_until("a bitrate beyond what the line will be", 2 * CONNECTING, || {
        target(&ann.page).filter(|kbps| *kbps > WIDE)
    });
    bob.host.rate(400);
    let narrow = wait_until("a bitrate that fits the line", CONNECTING, || {
        target(&ann.page).filter(|kbps| *kbps < 400.0)
    });
    check_both_ways(&ann, &bob);
    // The voice first; of a noisy picture what remains, which is more once the bitrate has settled.
    wait_until("a voice and a picture within the line's limits", CONNECTING, || {
        let through = flow(&bob.page, Duration::from_secs(5));
        eprintln!("{wide} kbit/s, then {narrow} kbit/s over a line of 400: Bob gets {through:?}");
        (through.fps > 1.0 && through.voice > TALKING && through.kbps < 400.0).then_some(())
    });
    bob.host.rate(0);
    let again = wait_until("the bitrate to grow again", 2 * CONNECTING, || {
        target(&ann.page).filter(|kbps| *kbps > WIDE)
    });
    eprintln!("back at {again} kbit/s");
    check_both_ways(&ann, &bob);
}

#[test]
fn a_page_that_goes_ends_its_call_and_can_call_again() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);

    ann.page.reload();
    bob.page.wait_gone("button", "Leave call", CONNECTING);
    bob.wait_capture_ended();
    ann.wait_loaded();
    bob.page.click("button", "Call again");
    ann.accept("Bob", "video");
    check_both_ways(&ann, &bob);

    ann.kill_web_process();
    bob.page.wait_gone("button", "Leave call", CONNECTING);
    bob.wait_capture_ended();
    // The shell loads the page anew. The driver went with the process, so the ring is taken at the keyboard.
    bob.page.click("button", "Call again");
    wait_until("Ann to take the call", CONNECTING, || {
        press_in(&ann.desktop, "^Earshot$", "Return");
        bob.page.shows("button", "Leave call").then_some(())
    });
    bob.page.wait_picture(Figure::Mock, CONNECTING);
    bob.page.wait_voice(Figure::Mock, SOON);
}
