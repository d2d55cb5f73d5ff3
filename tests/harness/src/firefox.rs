//! Firefox on a host, driven by itself: no geckodriver.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::bidi::Bidi;
use crate::chromium::program;
use crate::driver::Driver;
use crate::figure::Figure;
use crate::host::Host;
use crate::marionette::Marionette;
use crate::process::wait_until;
use crate::webdriver::{Page, REMEMBER};

/// How long Firefox may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Camera and microphone are Firefox's own fakes, nobody is asked, and nothing looks for the internet.
const PREFERENCES: &[(&str, &str)] = &[
    ("media.navigator.streams.fake", "true"),
    ("media.navigator.permission.disabled", "true"),
    // It would fetch OpenH264 from the internet: there is VP8 only.
    ("media.gmp-manager.updateEnabled", "false"),
    ("marionette.port", "0"),
    ("app.normandy.enabled", "false"),
    ("app.update.disabledForTesting", "true"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("browser.startup.page", "0"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("extensions.getAddons.cache.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("services.settings.server", "\"data:,\""),
    ("toolkit.telemetry.enabled", "false"),
];

/// A Firefox about to be started on a host.
pub struct Firefox {
    host: Host,
    figure: Figure,
    preferences: Vec<(String, String)>,
}

impl Host {
    /// A Firefox whose camera and microphone are those of `figure`.
    #[must_use]
    pub fn firefox(&self, figure: Figure) -> Firefox {
        let preferences =
            PREFERENCES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Firefox { host: self.clone(), figure, preferences }
    }
}

impl Firefox {
    /// Sets a preference (`about:config`); `value` as it is written in `user.js`.
    #[must_use]
    pub fn preference(mut self, name: &str, value: &str) -> Self {
        self.preferences.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Page {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Without an audio device no AudioContext of its ever runs.
        self.host.loudspeaker();
        let profile = self.host.dir().join(format!("firefox-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&profile).expect("the host's directory is writable");
        let user: String = self
            .preferences
            .iter()
            .map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"))
            .collect();
        std::fs::write(profile.join("user.js"), user).expect("the host's directory is writable");
        let mut browser = self
            .host
            .command(program("EARSHOT_FIREFOX", &["/usr/bin/firefox-esr", "/usr/bin/firefox"]))
            .args(["--headless", "--no-remote", "--marionette", "--remote-debugging-port=0", "--profile"])
            .arg(&profile)
            .env("MOZ_DISABLE_AUTO_SAFE_MODE", "1")
            .env("LANG", "en_GB.UTF-8")
            .spawn();
        let port = wait_until("Firefox to listen", PATIENCE, || {
            assert!(browser.ended().is_none(), "Firefox ended: {}", browser.stderr());
            // Marionette's is written first.
            read(&profile.join("WebDriverBiDiServer.json"))?;
            read(&profile.join("MarionetteActivePort"))?.trim().parse::<u16>().ok()
        });
        let capabilities = json!({ "webSocketUrl": true, "acceptInsecureCerts": false });
        let (marionette, capabilities) =
            Marionette::start(&self.host, &format!("127.0.0.1:{port}"), &capabilities);
        let mut bidi = Bidi::connect(&self.host, capabilities["webSocketUrl"].as_str().unwrap_or_default());
        bidi.preload(&self.figure.capture_script());
        bidi.preload(REMEMBER);
        Page::over(&self.host, Driver::Marionette(Mutex::new(marionette)), capabilities)
    }
}

/// What a file says once it says something whole: JSON, or a number.
fn read(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str::<Value>(&text).is_ok().then_some(text)
}
