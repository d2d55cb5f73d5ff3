//! A video call between two hosts, from the first ring to the free camera.

use std::time::Duration;

use earshot_harness::{Chromium, Figure, Office};
use earshot_tests_browser::{SOON, Seat, video_call};

#[test]
fn two_people_see_and_hear_each_other() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let took = video_call(&ann, &bob);
    eprintln!("both see each other {} ms after accepting", took.as_millis());

    // Mute is silence, and both know.
    ann.page.click("button", "Mute microphone");
    bob.page.wait_silence(SOON);
    bob.page.wait_text("Ann is muted", SOON);
    assert!(ann.page.tone(Duration::from_millis(700)).is_some_and(|(_, db)| db > -50.0), "Bob is heard on");
    ann.page.click("button", "Unmute microphone");
    bob.page.wait_voice(Figure::Red, SOON);

    // The camera goes off, is shown to be off, and comes back.
    bob.page.click("button", "Turn camera off");
    ann.page.wait_text("Bob’s camera is off", SOON);
    assert!(
        !ann.page.colours().contains(&"blue".to_owned()),
        "no last picture stays: {:?}",
        ann.page.colours()
    );
    earshot_harness::wait_until("Bob's camera to be free", SOON, || {
        (bob.page.live_tracks("video") == 0).then_some(())
    });
    bob.page.click("button", "Turn camera on");
    ann.page.wait_picture(Figure::Blue, SOON);

    // The pointer rests on the controls, which stay: pressing once more needs no move before it.
    std::thread::sleep(Duration::from_secs(4));
    bob.page.press_pointer();
    ann.page.wait_text("Bob’s camera is off", SOON);
    bob.page.press_pointer();
    ann.page.wait_picture(Figure::Blue, SOON);

    // Either hangs up; both are told, and nothing is captured any more.
    bob.leave();
    ann.page.wait_text("You talked with Bob for", SOON);
    bob.page.wait_text("You talked with Ann for", SOON);
    ann.wait_capture_ended();
    bob.wait_capture_ended();

    // And again, the other way round.
    bob.page.click("button", "Call again");
    ann.accept("Bob", "video");
    ann.wait_sees_and_hears(&bob);
    bob.wait_sees_and_hears(&ann);
    ann.leave();
    bob.wait_capture_ended();

    for seat in [&ann, &bob] {
        let log = seat.app.process.stderr();
        assert_private(&log, &[&ann.app.device, &bob.app.device, "Ann", "Bob"]);
        assert_private(&log, &[&ann.host.ip().to_string(), &bob.host.ip().to_string(), "fd77:", "fe80:"]);
        assert_private(&log, &["a=", "candidate", "fingerprint", "key="]);
    }
}

/// Nothing private is logged at info, which the harness asks for.
#[track_caller]
fn assert_private(log: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
}

#[test]
fn devices_are_switched_in_a_call() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let host = office.host("bob");
    let app = host.earshot("Bob");
    let bob = Seat::open("Bob", Figure::Blue, host, app, Chromium::many_devices);
    ann.call("Bob", "Video");
    bob.accept("Ann", "video");
    bob.wait_sees_and_hears(&ann);
    ann.page.wait_voice(Figure::Blue, SOON);
    let live = "return window.__earshotTest.tracks.filter((track) => track.kind === arguments[0] && \
                track.readyState === 'live').map((track) => track.label);";
    for (kind, menu) in [("audio", "Choose microphone and speaker"), ("video", "Choose camera")] {
        let before = bob.page.script(live, serde_json::json!([kind]));
        bob.page.click("button", menu);
        let names = "return [...document.querySelectorAll('[role=menuitemradio]')].filter((item) => item.checkVisibility() \
                     && item.ariaChecked === 'false' && /^fake(?!.*output)/i.test(item.innerText.trim()) \
                     && !arguments[0].includes(item.innerText.trim())).map((item) => item.innerText.trim());";
        let other =
            bob.page.wait_script("another device", SOON, names, serde_json::json!([before]), |names| {
                names[0].is_string()
            });
        // The last: one of the engine's test cameras measures depth and has no picture to send.
        let other = other.as_array().and_then(|names| names.last()?.as_str()).unwrap_or_default();
        bob.page.click("menuitemradio", other);
        bob.page.wait_script(
            &format!("{other} alone to be live"),
            SOON,
            live,
            serde_json::json!([kind]),
            |labels| *labels == serde_json::json!([other]),
        );
        assert_ne!(before, serde_json::json!([other]));
    }
    ann.page.wait_voice(Figure::Blue, SOON);
    ann.page.wait_growth(SOON);
    bob.leave();
    bob.wait_capture_ended();
}

#[test]
fn a_call_works_over_a_slow_line() {
    if !earshot_harness::can_delay() {
        eprintln!("not run: /dev/net/tun may not be opened");
        return;
    }
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    bob.host.delay(150);
    let took = video_call(&ann, &bob);
    eprintln!("with a round trip of 300 ms both see each other {} ms after accepting", took.as_millis());
}

#[test]
fn a_voice_call_has_no_picture_until_the_camera_is_turned_on() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Green);
    let bob = Seat::take(&office, "Bob", Figure::Yellow);
    ann.call("Bob", "Voice");
    bob.accept("Ann", "voice");
    ann.page.wait_voice(Figure::Yellow, SOON);
    bob.page.wait_voice(Figure::Green, SOON);
    assert_eq!((ann.page.live_tracks("video"), bob.page.live_tracks("video")), (0, 0));
    ann.page.click("button", "Turn camera on");
    bob.page.wait_picture(Figure::Green, SOON);
    ann.leave();
    bob.page.wait_text("You talked with Ann for", SOON);
    bob.wait_capture_ended();
}
