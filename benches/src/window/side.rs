//! One side of a measured call: Chromium with the app beside it, or the window.

use std::time::Duration;

use earshot_harness::{Desktop, Earshot, Figure, Flashed, Flashes, Host, Office, Page, has};
use serde_json::{Value, json};

use crate::cpu::{Cpu, Spent};

const CLOCK: &str = include_str!("clock.js");
/// What happens at once in life may take this long on two loaded cores.
const SOON: Duration = Duration::from_secs(20);
/// A call's first picture.
const CONNECTING: Duration = Duration::from_secs(30);

/// In what the person sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Chromium, headless.
    Chromium,
    /// The window.
    Window,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Window => "window",
        }
    }
}

/// A person at a machine.
pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) cpu: Cpu,
    page: Page,
    // Both live as long as the person sits there.
    _app: Option<Earshot>,
    _desktop: Option<Desktop>,
}

/// What the other side's pictures were like for a while.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// From being drawn there to being shown here, ms, one for each picture.
    pub(crate) delays: Vec<f64>,
    /// Pictures a second.
    pub(crate) fps: f64,
    /// Pixels.
    pub(crate) width: f64,
    /// Pixels.
    pub(crate) height: f64,
    /// Pictures whose bars could not be read.
    pub(crate) unread: f64,
}

impl Side {
    /// Sits somebody down at a new host.
    pub(crate) fn sit(office: &Office, name: &str, engine: Engine) -> Self {
        let host = office.host(&name.to_ascii_lowercase());
        let cpu = Cpu::of(&host);
        let (page, app, desktop) = match engine {
            Engine::Chromium => {
                let app = host.earshot(name);
                let page = host.chromium(Figure::Red).start();
                page.open(&app.ui);
                (page, Some(app), None)
            }
            Engine::Window => {
                // What a debug build would not take for a camera is not needed in a release: the clock is one.
                let desktop = host.desktop(&[("EARSHOT_TEST_MOCK_CAPTURE", "1")]);
                let data = allowing(&host);
                let page = desktop.window(&data, &["--name", name]);
                (page, None, Some(desktop))
            }
        };
        page.wait_for("button", has(format!("You: {name},")), SOON);
        Self { name: name.to_owned(), engine, cpu, page, _app: app, _desktop: desktop }
    }

    /// From the next call on the camera shows a clock of this size.
    pub(crate) fn show_clock(&self, (width, height): (u32, u32)) {
        // Only a debug build of the window has a microphone without a sound card.
        let tone = self.engine == Engine::Window;
        self.page.script(CLOCK, json!([width, height, tone]));
    }

    /// From the next call on the camera flashes once a second, and the microphone beeps with it.
    pub(crate) fn flash(&self, figure: Figure) {
        self.page.dress_flashing(figure);
    }

    /// Looks at the other's flashes, and listens.
    pub(crate) fn look(&self, during: Duration) -> Flashes {
        self.page.flashes(during)
    }

    /// When flashes left this side.
    pub(crate) fn flashed(&self) -> Vec<Flashed> {
        self.page.flashed()
    }

    /// Calls somebody and waits until picture and sound come on both sides.
    pub(crate) fn ring(&self, other: &Self) {
        self.begin(other);
        for side in [self, other] {
            side.page.wait_growth(CONNECTING);
        }
    }

    /// Calls somebody and waits until each sees the other.
    pub(crate) fn call(&self, other: &Self) {
        self.begin(other);
        for side in [self, other] {
            side.page.wait_script(
                "the other's clock",
                CONNECTING,
                "const clock = window.__earshotClock; const video = clock.remote(); \
                 return video ? clock.read(video) : null;",
                json!([]),
                Value::is_number,
            );
        }
    }

    fn begin(&self, other: &Self) {
        if self.page.shows("button", "Call again") {
            self.page.click("button", "Call again");
        } else {
            self.page.wait_for("button", format!("{}, Available", other.name), SOON);
            self.page.click("button", format!("{}, Available", other.name));
            self.page.click("button", format!("Video call with {}", other.name));
        }
        other.page.wait_for("alertdialog", has(format!("{} is calling", self.name)), SOON);
        other.page.click("button", "Accept with video");
    }

    /// Waits until the other's picture has this width, or has had its time.
    pub(crate) fn settle(&self, width: u32, patience: Duration) {
        let deadline = std::time::Instant::now() + patience;
        let is_whole = || {
            let script = "return window.__earshotClock.remote()?.videoWidth ?? 0;";
            self.page.try_script(script, &json!([])).is_ok_and(|now| now.as_u64() >= Some(width.into()))
        };
        while !is_whole() && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Begins to look at each picture of the other's; [`Side::watched`] has what was seen.
    pub(crate) fn watch(&self, during: Duration) {
        self.page.script(
            "window.__earshotClock.watch(arguments[0]);",
            json!([u64::try_from(during.as_millis()).unwrap_or(u64::MAX)]),
        );
    }

    /// Waits for the end of [`Side::watch`].
    pub(crate) fn watched(&self) -> Watched {
        let found = self.page.script("return await window.__earshotClock.watched;", json!([]));
        let number = |name: &str| found[name].as_f64().unwrap_or_default();
        Watched {
            delays: found["delays"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect(),
            fps: if number("ms") > 0.0 { number("shown") * 1000.0 / number("ms") } else { 0.0 },
            width: number("width"),
            height: number("height"),
            unread: number("unread"),
        }
    }

    /// Leaves the call and waits until the other knows.
    pub(crate) fn leave(&self, other: &Self) {
        self.page.click("button", "Leave call");
        for (side, with) in [(self, other), (other, self)] {
            side.page.wait_text(&format!("You talked with {}", with.name), SOON);
        }
    }

    /// CPU seconds that the machine's programs spent so far.
    pub(crate) fn spent(&self) -> Spent {
        self.cpu.spent()
    }
}

/// A data directory whose owner has allowed camera and microphone.
fn allowing(host: &Host) -> std::path::PathBuf {
    let data = host.fresh_data_dir();
    std::fs::create_dir_all(&data).expect("the host's directory is writable");
    std::fs::write(data.join("settings.toml"), "capture = \"allow\"\n")
        .expect("the host's directory is writable");
    data
}
