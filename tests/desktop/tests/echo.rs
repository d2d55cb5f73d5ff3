//! A loudspeaker call in the window, beside the same call in Chromium.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use earshot_tests_desktop::echo::{Engine, measure, mouth_to_ear};

#[test]
fn chromium_alone() {
    let echo = measure(Engine::Chromium);
    eprintln!("{echo:?}: {:.1} dB", echo.enhancement());
    eprintln!("{:?}", mouth_to_ear(Engine::Chromium, Engine::Chromium));
}
