//! Chromium on a host, driven by chromedriver.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::figure::Figure;
use crate::host::Host;
use crate::webdriver::{Page, REMEMBER};

/// How long chromedriver may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Chromium about to be started on a host.
pub struct Chromium {
    host: Host,
    figure: Figure,
    ask: bool,
    insecure_certs: bool,
    many: bool,
    real: bool,
    args: Vec<String>,
}

impl Host {
    /// A Chromium whose camera and microphone are those of `figure`.
    #[must_use]
    pub fn chromium(&self, figure: Figure) -> Chromium {
        Chromium {
            host: self.clone(),
            figure,
            ask: false,
            insecure_certs: false,
            many: false,
            real: false,
            args: Vec::new(),
        }
    }
}

impl Chromium {
    /// Asks for camera and microphone as in life, instead of granting at once, which also changes how ICE candidates are
    /// hidden. Answer with [`Page::set_permission`].
    #[must_use]
    pub fn asking(mut self) -> Self {
        self.ask = true;
        self
    }

    /// Accepts certificates that nobody signed.
    #[must_use]
    pub fn insecure_certs(mut self) -> Self {
        self.insecure_certs = true;
        self
    }

    /// Three cameras and several microphones. The cameras then show the engine's own test picture, not the figure: a file
    /// makes one camera.
    #[must_use]
    pub fn many_devices(mut self) -> Self {
        self.many = true;
        self
    }

    /// The host's own devices, not the figure's: a microphone is where there is a [`Room`](crate::Room), a camera nowhere.
    #[must_use]
    pub fn real_devices(mut self) -> Self {
        self.real = true;
        self
    }

    /// Shows its own page to whoever asks for a screen, without asking.
    #[must_use]
    pub fn sharing(self) -> Self {
        self.arg("--auto-select-tab-capture-source-by-title=Earshot")
    }

    /// Adds a switch.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Starts it.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Page {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let dir = self.host.dir().join(format!("chromium-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&dir).expect("the host's directory is writable");
        let (camera, microphone) = (dir.join("camera.y4m"), dir.join("microphone.wav"));
        self.figure.write_camera(&camera);
        self.figure.write_microphone(&microphone);

        let chromedriver = program("EARSHOT_CHROMEDRIVER", &["/usr/bin/chromedriver"]);
        let mut driver = self.host.command(chromedriver).arg("--port=0").spawn();
        let line = driver.wait_line(PATIENCE, |line| line.contains("started successfully on port"));
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap_or_default().to_owned();

        let mut args: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1280,800",
            "--lang=en-GB",
        ]
        .map(str::to_owned)
        .to_vec();
        if !self.ask {
            args.push("--use-fake-ui-for-media-stream".to_owned());
        }
        args.push(format!("--user-data-dir={}", dir.join("profile").display()));
        if self.real {
            // Nothing is faked.
        } else if self.many {
            args.push("--use-fake-device-for-media-stream=device-count=3".to_owned());
        } else {
            args.push("--use-fake-device-for-media-stream".to_owned());
            args.push(format!("--use-file-for-fake-video-capture={}", camera.display()));
        }
        if !self.real {
            args.push(format!("--use-file-for-fake-audio-capture={}", microphone.display()));
        }
        args.extend(self.args);
        let capabilities = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": self.insecure_certs,
            "goog:chromeOptions": {
                "binary": program("EARSHOT_CHROMIUM", &["/usr/bin/chromium", "/usr/bin/google-chrome"]),
                "args": args,
                // The page for new tabs takes seconds to find that there is no internet, and each command waits for it.
                "prefs": { "session": { "restore_on_startup": 4, "startup_urls": ["about:blank"] } },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let driver = format!("127.0.0.1:{port}");
        let page = Page::start(&self.host, &driver, &driver, &capabilities);
        page.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": REMEMBER }));
        page
    }
}

impl Page {
    /// A command of the Chrome DevTools Protocol.
    #[track_caller]
    pub fn cdp(&self, name: &str, params: &Value) -> Value {
        self.command("POST", "/goog/cdp/execute", &json!({ "cmd": name, "params": params }))
    }

    /// What the page wrote to the console since the last look, one line each.
    #[must_use]
    pub fn console(&self) -> Vec<String> {
        let entries = self.try_command("POST", "/se/log", &json!({ "type": "browser" })).unwrap_or_default();
        let lines = entries.as_array().into_iter().flatten();
        lines.map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }

    /// Answers, also in advance, what the browser would ask: `name` is `camera` or `microphone`, `state` `granted`, `denied`
    /// or `prompt` (Permissions, section 9).
    #[track_caller]
    pub fn set_permission(&self, name: &str, state: &str) {
        self.command("POST", "/permissions", &json!({ "descriptor": { "name": name }, "state": state }));
    }

    /// Kills the browser at once (`kill -9`): no goodbye of any kind.
    #[track_caller]
    pub fn kill_browser(&self) {
        let pid =
            ["goog:processID", "moz:processID"].iter().find_map(|name| self.capabilities[*name].as_u64());
        let pid = pid.expect("the driver names the browser's process");
        let done = self.host().command("kill").args(["-9", &pid.to_string()]).output();
        assert!(done.success(), "{}", done.stderr);
    }
}

/// A program of the system: what `variable` names, or the first of `paths` that exists.
#[track_caller]
pub(crate) fn program(variable: &str, paths: &[&str]) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let found = paths.iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("none of {paths:?} is installed; {variable} may name another"))
}
