//! The real window, driven by WebDriver: what every test does with it.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

pub mod checks;
pub mod echo;

use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use earshot_harness::{Desktop, Figure, Host, Office, Page, has, wait_until};
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
        Self::take_at(office.host(&name.to_ascii_lowercase()), name, figure, env)
    }

    /// On a host that is there already.
    #[must_use]
    #[track_caller]
    pub fn take_at(host: Host, name: &str, figure: Figure, env: &[(&str, &str)]) -> Self {
        let window = Self::bare(host, name, figure, env);
        window.wait_loaded();
        window
    }

    /// Part of the picture is noise, which takes as many bits as there are.
    #[must_use]
    #[track_caller]
    pub fn take_noisy(office: &Office, name: &str, figure: Figure) -> Self {
        let window = Self::bare(office.host(&name.to_ascii_lowercase()), name, figure, &[]);
        window.wait_connections();
        window.page.dress_noisy(figure);
        window
    }

    /// Once a second a flash and a beep; see [`Page::dress_flashing`].
    #[must_use]
    #[track_caller]
    pub fn take_flashing(office: &Office, name: &str, figure: Figure) -> Self {
        let window = Self::bare(office.host(&name.to_ascii_lowercase()), name, figure, &[]);
        window.wait_connections();
        window.page.dress_flashing(figure);
        window
    }

    fn bare(host: Host, name: &str, figure: Figure, env: &[(&str, &str)]) -> Self {
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
        Self { person, desktop, data }
    }

    /// Waits until the page is there, after a start or a reload, and makes it ready for a test.
    #[track_caller]
    pub fn wait_loaded(&self) {
        self.wait_connections();
        if self.figure == Figure::Mock { self.page.remember() } else { self.page.dress(self.figure) }
    }

    fn wait_connections(&self) {
        wait_lobby(&self.page, &self.name);
        let made = "return typeof RTCPeerConnection;";
        self.page.wait_script("peer connections", CONNECTING, made, json!([]), |kind| kind == "function");
    }

    /// What the window's processes hold of the memory, MB: resident, and so what they share counts more than once.
    #[must_use]
    #[track_caller]
    pub fn memory(&self) -> f64 {
        let listed = self.desktop.command("ps").args(["-eo", "rss=,args="]).label("ps").output().stdout;
        let ours = |line: &&str| line.contains("/WebKit") || line.contains("/earshot --data-dir");
        let kilobytes = listed
            .lines()
            .filter(ours)
            .filter_map(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.sum::<f64>() / 1024.0
    }

    /// `kill -9` for the process that the page runs in. The office has only this window's.
    #[track_caller]
    pub fn kill_web_process(&self) {
        let done = self.desktop.command("pkill").args(["-KILL", "-f", "/WebKitWebProcess"]).output();
        assert!(done.success(), "no web process was found: {}", done.stderr);
    }

    /// Takes the window from the screen. There is no window manager here that could minimise it, so to WebKit the page
    /// stays visible.
    #[track_caller]
    pub fn hide(&self) {
        self.map("windowunmap");
    }

    /// Puts it back.
    #[track_caller]
    pub fn show(&self) {
        self.map("windowmap");
    }

    #[track_caller]
    fn map(&self, what: &str) {
        let search = ["search", "--name", "^Earshot$", what];
        let done = self.desktop.command("xdotool").args(search).output();
        assert!(done.success(), "xdotool: {}{}", done.stdout, done.stderr);
    }
}

/// What stands for the system's browser on a host: it writes down what it is asked to open, and is asked by a program
/// whose `PATH` is [`SystemBrowser::path`].
pub struct SystemBrowser {
    dir: PathBuf,
}

impl SystemBrowser {
    /// Puts it there; of an older one of the same host nothing is left.
    #[must_use]
    #[track_caller]
    pub fn on(host: &Host) -> Self {
        let browser = Self { dir: host.dir().join("browser") };
        let (opened, given) = (browser.dir.join("opened"), browser.dir.join("given"));
        let lines = format!("#!/bin/sh\nenv > {}\necho \"$1\" > {}\n", given.display(), opened.display());
        let script = browser.dir.join("xdg-open");
        std::fs::create_dir_all(&browser.dir)
            .and_then(|()| std::fs::write(&script, lines))
            .and_then(|()| std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)))
            .expect("the host's directory is writable");
        browser
    }

    /// Where programs are looked for.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.dir.display())
    }

    /// Waits for what it is asked to open: the address, and its environment.
    #[must_use]
    #[track_caller]
    pub fn wait_opened(&self) -> (String, String) {
        let read = || std::fs::read_to_string(self.dir.join("opened")).ok().filter(|url| url.ends_with('\n'));
        let url = wait_until("the browser to be asked", SOON, read).trim_end().to_owned();
        let given = std::fs::read_to_string(self.dir.join("given")).expect("it is written before");
        (url, given)
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
