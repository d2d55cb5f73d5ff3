//! Calls between real browsers on the hosts of an office: what every test does at a seat.
//!
//! A seat is a host with the real app, without a window, and a Chromium that shows its loopback UI. Everything is found
//! by accessible role and name.

pub mod attacks;
pub mod files;
pub mod meetings;
pub mod server;

use std::time::{Duration, Instant};

use earshot_harness::{Chromium, Earshot, Figure, Host, Network, Office, Page, has};

/// What happens at once in life may take this long on two loaded cores.
pub const SOON: Duration = Duration::from_secs(30);
/// A call's first picture.
pub const CONNECTING: Duration = Duration::from_secs(60);

/// A person who looks at Earshot: what everybody does at a seat, whatever shows it.
pub struct Person {
    /// What others see.
    pub name: String,
    /// Looks and voice.
    pub figure: Figure,
    /// The machine.
    pub host: Host,
    /// The browser, or the window.
    pub page: Page,
}

/// A person at a host, with app and browser.
pub struct Seat {
    /// Who sits there.
    pub person: Person,
    /// The app.
    pub app: Earshot,
}

impl std::ops::Deref for Seat {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.person
    }
}

impl Seat {
    /// A person on the office's main network.
    #[must_use]
    #[track_caller]
    pub fn take(office: &Office, name: &str, figure: Figure) -> Self {
        Self::take_on(office, name, figure, &[Network::Main])
    }

    /// A person with Firefox in place of Chromium.
    #[must_use]
    #[track_caller]
    pub fn take_firefox(office: &Office, name: &str, figure: Figure) -> Self {
        let host = office.host(&name.to_ascii_lowercase());
        let app = host.earshot(name);
        let page = host.firefox(figure).start();
        Self::sit(name, figure, host, app, page)
    }

    /// A person on these networks.
    #[must_use]
    #[track_caller]
    pub fn take_on(office: &Office, name: &str, figure: Figure, networks: &[Network]) -> Self {
        let host = office.host_on(&name.to_ascii_lowercase(), networks);
        let app = host.earshot(name);
        Self::open(name, figure, host, app, |chromium| chromium)
    }

    /// A person whose app runs already; `with` sets the browser up.
    #[must_use]
    #[track_caller]
    pub fn open(
        name: &str,
        figure: Figure,
        host: Host,
        app: Earshot,
        with: impl FnOnce(Chromium) -> Chromium,
    ) -> Self {
        let page = with(host.chromium(figure)).start();
        Self::sit(name, figure, host, app, page)
    }

    /// A person whose app and browser run already; its camera and microphone are those of `figure`.
    #[must_use]
    #[track_caller]
    pub fn sit(name: &str, figure: Figure, host: Host, app: Earshot, page: Page) -> Self {
        page.open(&app.ui);
        page.find("button", has(format!("You: {name},")));
        Self { person: Person { name: name.to_owned(), figure, host, page }, app }
    }
}

impl Person {
    /// Whether a person is listed now, with this status.
    #[must_use]
    pub fn lists(&self, name: &str, status: &str) -> bool {
        self.page.shows("button", format!("{name}, {status}"))
    }

    /// Waits until a person is listed with this status.
    #[track_caller]
    pub fn wait_listed(&self, name: &str, status: &str, patience: Duration) {
        self.page.wait_for("button", format!("{name}, {status}"), patience);
    }

    /// Calls somebody who is available; `way` is `Video` or `Voice`.
    #[track_caller]
    pub fn call(&self, name: &str, way: &str) {
        self.wait_listed(name, "Available", SOON);
        self.page.click("button", format!("{name}, Available"));
        self.page.click("button", format!("{way} call with {name}"));
    }

    /// Waits until `name` rings here.
    #[track_caller]
    pub fn wait_ring(&self, name: &str) {
        self.page.wait_for("alertdialog", has(format!("{name} is calling")), SOON);
    }

    /// Takes the call of `name`; `way` is `video` or `voice`.
    #[track_caller]
    pub fn accept(&self, name: &str, way: &str) {
        self.wait_ring(name);
        self.page.click("button", format!("Accept with {way}"));
    }

    /// Leaves the call.
    #[track_caller]
    pub fn leave(&self) {
        self.page.click("button", "Leave call");
    }

    /// Waits until the other's picture is shown, their voice heard, and more of both comes.
    #[track_caller]
    pub fn wait_sees_and_hears(&self, other: &Self) {
        self.page.wait_picture(other.figure, CONNECTING);
        self.page.wait_voice(other.figure, CONNECTING);
        self.page.wait_growth(SOON);
    }

    /// No capture is live any more: the camera's light is off.
    #[track_caller]
    pub fn wait_capture_ended(&self) {
        earshot_harness::wait_until(
            &format!("{}'s camera and microphone to be free", self.name),
            SOON,
            || (self.page.live_tracks("video") == 0 && self.page.live_tracks("audio") == 0).then_some(()),
        );
    }
}

/// A video call between two people until both see and hear each other; returns how long that took from the click on
/// accept.
#[track_caller]
pub fn video_call(caller: &Person, callee: &Person) -> Duration {
    caller.call(&callee.name, "Video");
    callee.wait_ring(&caller.name);
    let start = Instant::now();
    callee.accept(&caller.name, "video");
    caller.page.wait_picture(callee.figure, CONNECTING);
    callee.page.wait_picture(caller.figure, CONNECTING);
    let took = start.elapsed();
    caller.wait_sees_and_hears(callee);
    callee.wait_sees_and_hears(caller);
    took
}
