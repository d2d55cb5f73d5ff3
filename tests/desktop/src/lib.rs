//! The real window, driven by WebDriver: what every test does with it.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

pub mod checks;

use std::ops::Deref;
use std::path::PathBuf;
pub mod echo;

use std::time::Duration;

use earshot_harness::{Desktop, Figure, Host, Office, Page, has};
pub use earshot_tests_browser::{CONNECTING, Person, SOON, Seat, video_call};
use serde_json::json;

/// A person at a window, who has allowed camera and microphone before.
pub struct Window {
    /// Who sits there.
    pub person: Person,
    /// The display that the window is on.
    pub desktop: Desktop,
    /// Where the app's files are.
    pub data: PathBuf,
}

impl Deref for Window {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.person
    }
}

impl Window {
    /// A person on the office's main network. Of [`Figure::Mock`], the engine's own mock devices are left as they are.
    #[must_use]
    #[track_caller]
    pub fn take(office: &Office, name: &str, figure: Figure) -> Self {
        Self::take_with(office, name, figure, &[])
    }

    /// The program is given `env`, too.
    #[must_use]
    #[track_caller]
    pub fn take_with(office: &Office, name: &str, figure: Figure, env: &[(&str, &str)]) -> Self {
        let host = office.host(&name.to_ascii_lowercase());
        host.loudspeaker();
        let data = host.fresh_data_dir();
        std::fs::create_dir_all(&data).expect("the host's directory is writable");
        std::fs::write(data.join("settings.toml"), "capture = \"allow\"\n")
            .expect("a new file can be written");
        let mut all = vec![("EARSHOT_TEST_MOCK_CAPTURE", "1"), ("EARSHOT_TEST_CONSOLE", "1")];
        all.extend_from_slice(env);
        let desktop = host.desktop(&all);
        let page = desktop.window(&data, &["--name", name]);
        let person = Person { name: name.to_owned(), figure, host, page };
        let window = Self { person, desktop, data };
        window.wait_loaded();
        window
    }

    /// Waits until the page is there, after a start or a reload, and makes it ready for a test.
    #[track_caller]
    pub fn wait_loaded(&self) {
        wait_lobby(&self.page, &self.name);
        let made = "return typeof RTCPeerConnection;";
        self.page.wait_script("peer connections", CONNECTING, made, json!([]), |kind| kind == "function");
        if self.figure == Figure::Mock { self.page.remember() } else { self.page.dress(self.figure) }
    }
}

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
