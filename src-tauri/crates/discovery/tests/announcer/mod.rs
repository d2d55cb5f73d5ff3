//! Announcing processes on the hosts of an office, and what they print.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use earshot_harness::{Child, Host, built};
use earshot_protocol::DeviceId;
use serde_json::Value;

const LONG: Duration = Duration::from_secs(30);

pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// One announcing process.
pub(crate) struct Announcer {
    pub(crate) child: Child,
    pub(crate) seed: u8,
    commands: PathBuf,
    pub(crate) started: u64,
    pub(crate) last: Cell<u64>,
}

impl Announcer {
    pub(crate) fn start(host: &Host, seed: u8, name: &str, adapters: &[&str]) -> Self {
        let started = now();
        let commands = host.dir().join(format!("commands-{seed}-{started}"));
        // Opened for reading and writing, so that it neither waits for a writer nor ends with one.
        let script = r#"mkfifo "$0" && exec "$@" 0<>"$0""#;
        let child = host
            .command("sh")
            .args(["-c", script])
            .arg(&commands)
            .arg(built("examples/announce", "EARSHOT_ANNOUNCE_BIN"))
            .args([seed.to_string(), name.to_owned(), (4000 + u16::from(seed)).to_string()])
            .args(adapters)
            .env("RUST_LOG", std::env::var("EARSHOT_ANNOUNCE_LOG").unwrap_or_default())
            .label(&format!("announce-{seed}"))
            .spawn();
        Self { child, seed, commands, started, last: Cell::new(0) }
    }

    pub(crate) fn device(&self) -> String {
        device(self.seed)
    }

    pub(crate) fn say(&self, command: &str) -> u64 {
        let mut commands = OpenOptions::new().write(true).open(&self.commands).unwrap();
        let at = now();
        writeln!(commands, "{command}").unwrap();
        at
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.child.stdout();
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits for a line printed at or after `since` and returns it with how long after `since` it came, in ms.
    #[track_caller]
    pub(crate) fn wait(&mut self, since: u64, what: impl Fn(&Value) -> bool) -> (Value, u64) {
        let line = self.child.wait_line(LONG, |line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["at"].as_u64().unwrap() >= since && what(&line)
        });
        let line: Value = serde_json::from_str(&line).unwrap();
        let at = line["at"].as_u64().unwrap();
        self.last.set(at);
        (line, at - since)
    }

    #[track_caller]
    pub(crate) fn wait_seen(&mut self, since: u64, seed: u8, what: impl Fn(&Value) -> bool) -> (Value, u64) {
        let device = device(seed);
        self.wait(since, |line| line["event"] == "seen" && line["device"] == device.as_str() && what(line))
    }

    #[track_caller]
    pub(crate) fn wait_gone(&mut self, since: u64, seed: u8) -> u64 {
        let device = device(seed);
        self.wait(since, |line| line["event"] == "gone" && line["device"] == device.as_str()).1
    }

    /// What is known at the moment: the last line about that device, if it is not a `gone`.
    pub(crate) fn knows(&self, seed: u8) -> Option<Value> {
        let device = device(seed);
        let last = self.lines().into_iter().rfind(|line| {
            (line["event"] == "seen" || line["event"] == "gone") && line["device"] == device.as_str()
        })?;
        (last["event"] == "seen").then_some(last)
    }
}

pub(crate) fn device(seed: u8) -> String {
    DeviceId([seed; 32]).to_string()
}

pub(crate) fn addresses(line: &Value) -> Vec<String> {
    line["addresses"].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn settle(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}
