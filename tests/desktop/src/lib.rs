//! The real window, driven by WebDriver: what every test does with it.

use std::time::Duration;

use earshot_harness::{Desktop, Host, Page, has};

/// What happens at once in life may take this long on two loaded cores.
pub const SOON: Duration = Duration::from_secs(15);

/// A display whose windows see the engine's mock camera and microphone.
#[must_use]
#[track_caller]
pub fn desktop(host: &Host) -> Desktop {
    host.desktop(&[("EARSHOT_TEST_MOCK_CAPTURE", "1")])
}

/// Waits until the window shows the lobby of this person.
#[track_caller]
pub fn wait_lobby(page: &Page, name: &str) {
    page.wait_for("button", has(format!("You: {name},")), Duration::from_secs(30));
}

/// Presses a key in the window with this title, as somebody at the screen does.
#[track_caller]
pub fn press_in(desktop: &Desktop, title: &str, key: &str) {
    let done = desktop
        .command("xdotool")
        .args(["search", "--sync", "--onlyvisible", "--name", title, "windowfocus", "--sync", "key", key])
        .output();
    assert!(done.success(), "xdotool: {}{}", done.stdout, done.stderr);
}
