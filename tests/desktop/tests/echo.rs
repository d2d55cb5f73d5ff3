//! A loudspeaker call in the window, beside the same call in Chromium in the same run.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use earshot_tests_desktop::echo::{Engine, measure};

/// Less comes back than anybody hears, dBFS.
const SILENCE: f64 = -60.0;

#[test]
fn both_people_in_a_loudspeaker_call_can_talk() {
    let chromium = measure(Engine::Chromium);
    let window = measure(Engine::Window);
    eprintln!("Chromium: {:.0} dB of echo taken out; {chromium:?}", chromium.enhancement());
    eprintln!("window: {:.0} dB of echo taken out; {window:?}", window.enhancement());
    // There is an echo to take out, or nothing is tested.
    assert!(window.played > -40.0, "the loudspeaker plays the far voice");
    assert!(window.back_without > -40.0, "without cancellation the echo comes back");
    assert!(
        window.enhancement() > chromium.enhancement() - 6.0 || window.back_with < SILENCE,
        "who speaks hears themselves"
    );
    assert!(window.near_alone > -40.0, "who answers is heard");
    assert!(window.lost < chromium.lost + 6.0, "who answers is heard while the other speaks");
}
