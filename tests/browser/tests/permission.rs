//! The browser asks for camera and microphone, as in life.

use earshot_harness::{Figure, Office};
use earshot_tests_browser::{CONNECTING, SOON, Seat, video_call};

fn asking(office: &Office, name: &str, figure: Figure, state: &str) -> Seat {
    let host = office.host(&name.to_ascii_lowercase());
    let app = host.earshot(name);
    let seat = Seat::open(name, figure, host, app, |chromium| chromium.asking());
    for device in ["camera", "microphone"] {
        seat.page.set_permission(device, state);
    }
    seat
}

/// Host candidates are hidden until the microphone is allowed, which `--use-fake-ui-for-media-stream` conceals.
#[test]
fn a_call_connects_when_the_browser_asks_first() {
    let office = Office::open();
    let ann = asking(&office, "Ann", Figure::Red, "granted");
    let bob = asking(&office, "Bob", Figure::Blue, "granted");
    video_call(&ann, &bob);
}

#[test]
fn a_call_goes_on_with_what_there_is() {
    let office = Office::open();
    let ann = asking(&office, "Ann", Figure::Red, "denied");
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    ann.call("Bob", "Video");
    bob.accept("Ann", "video");
    // Ann gives nothing, is told why, and sees and hears Bob.
    ann.page.wait_picture(Figure::Blue, CONNECTING);
    ann.page.wait_voice(Figure::Blue, CONNECTING);
    ann.page.wait_text("Earshot may not use the microphone.", SOON);
    bob.page.wait_text("Ann’s camera is off", SOON);
    bob.page.wait_text("Ann is muted", SOON);
    ann.leave();
    bob.wait_capture_ended();
}
