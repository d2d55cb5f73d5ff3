//! The real window on a host: a display without a screen, a session bus, tauri-driver and WebKitWebDriver.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::chromium::program;
use crate::host::{Host, built};
use crate::process::{Launch, wait_until};
use crate::webdriver::Page;

/// How long each of the helpers may take to start.
const PATIENCE: Duration = Duration::from_secs(15);
/// Every host has abstract sockets and ports of its own, so that these need not be looked for.
const DISPLAY: &str = ":7";
const DRIVER_PORT: &str = "4444";
const NATIVE_PORT: &str = "4445";

/// A host's display and drivers, on which windows are opened one after the other.
pub struct Desktop {
    host: Host,
    env: Vec<(String, String)>,
}

impl Host {
    /// Starts a display, a session bus and the drivers. `env` is what the program is given beside them.
    #[must_use]
    #[track_caller]
    pub fn desktop(&self, env: &[(&str, &str)]) -> Desktop {
        // No lock file and no socket in the file system: an abstract socket is the host's own.
        let mut screen = self
            .command(program("EARSHOT_XVFB", &["/usr/bin/Xvfb"]))
            .args([
                DISPLAY,
                "-screen",
                "0",
                "1280x900x24",
                "-nolock",
                "-nolisten",
                "tcp",
                "-nolisten",
                "unix",
            ])
            .args(["-listen", "local", "-displayfd", "1"])
            .spawn();
        screen.wait_line(PATIENCE, |line| line == DISPLAY.trim_start_matches(':'));
        let bus = self.dir().join("run").join("bus");
        let bus = format!("unix:path={}", bus.display());
        let mut daemon = self
            .command(program("EARSHOT_DBUS_DAEMON", &["/usr/bin/dbus-daemon"]))
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1", "--address", &bus])
            .spawn();
        daemon.wait_line(PATIENCE, |line| line.starts_with("unix:"));
        let mut all = vec![
            ("DISPLAY".to_owned(), DISPLAY.to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), bus),
            ("GDK_BACKEND".to_owned(), "x11".to_owned()),
            // No accessibility bus is asked for, none started outside.
            ("NO_AT_BRIDGE".to_owned(), "1".to_owned()),
            ("GTK_A11Y".to_owned(), "none".to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ];
        // In here everybody is root, and the web process's own sandbox cannot be nested.
        all.push(("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS".to_owned(), "1".to_owned()));
        all.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let desktop = Desktop { host: self.clone(), env: all };
        let _driver = desktop
            .command(tauri_driver())
            .args(["--port", DRIVER_PORT, "--native-port", NATIVE_PORT, "--native-driver"])
            .arg(program("EARSHOT_WEBKIT_DRIVER", &["/usr/bin/WebKitWebDriver"]))
            .spawn();
        for port in [DRIVER_PORT, NATIVE_PORT] {
            wait_until("the drivers to listen", PATIENCE, || {
                self.try_connect(&format!("127.0.0.1:{port}")).ok()
            });
        }
        desktop
    }
}

impl Desktop {
    /// A program that sees this display and bus.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Launch {
        let mut launch = self.host.command(program);
        for (name, value) in &self.env {
            launch = launch.env(name, value);
        }
        launch
    }

    /// Opens the real window with this data directory and further arguments.
    #[must_use]
    #[track_caller]
    pub fn window(&self, data_dir: &Path, args: &[&str]) -> Page {
        let data_dir = data_dir.display().to_string();
        let all: Vec<&str> = ["--data-dir", &data_dir].into_iter().chain(args.iter().copied()).collect();
        self.application(&Host::earshot_program(), &all)
    }

    /// Opens the window of any program that a webview of WebKitGTK fills.
    #[must_use]
    #[track_caller]
    pub fn application(&self, application: &Path, args: &[&str]) -> Page {
        let capabilities = json!({ "tauri:options": { "application": application, "args": args } });
        // tauri-driver opens the window. All else it would only pass on, over connections that it keeps for too long:
        // now and then one was closed in the same moment, and the command was lost.
        let (opener, driver) = (format!("127.0.0.1:{DRIVER_PORT}"), format!("127.0.0.1:{NATIVE_PORT}"));
        Page::start(&self.host, &opener, &driver, &capabilities)
    }
}

/// `make` installs it into `target/tools`, which lies beside the profile's directory.
#[track_caller]
fn tauri_driver() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let beside = test.ancestors().skip(1).take(4).map(|dir| dir.join("tools/bin/tauri-driver"));
    beside
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| built("tauri-driver", "EARSHOT_TAURI_DRIVER"))
}
