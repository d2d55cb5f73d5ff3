//! How the commands of a session reach its browser: over HTTP to a driver, or over Marionette to Firefox itself.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::host::Host;
use crate::http::HttpStream;
use crate::marionette::Marionette;
use crate::office::lock;

/// How long a driver may take to answer one command; a session's start is the longest.
pub(crate) const COMMAND_PATIENCE: Duration = Duration::from_secs(60);
/// How long a session may take to start while another one ends.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries to start a session.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A driver's refusal.
#[derive(Debug, Clone)]
pub struct WebDriverError {
    /// The code, as in `no such element`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl std::fmt::Display for WebDriverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl WebDriverError {
    /// The way to the driver broke.
    pub(crate) fn broken(what: impl std::fmt::Display) -> Self {
        Self { code: "connection failed".to_owned(), message: what.to_string() }
    }

    /// What an answer of a driver refuses; the first line of its message.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let message = value["message"].as_str().unwrap_or_default();
        Some(Self {
            code: value["error"].as_str()?.to_owned(),
            message: message.lines().next().unwrap_or_default().to_owned(),
        })
    }
}

/// A session at its driver.
pub(crate) enum Driver {
    /// chromedriver and WebKitWebDriver.
    Http { http: HttpStream, session: String },
    /// Firefox.
    Marionette(Mutex<Marionette>),
}

impl Driver {
    /// Starts a session at the driver listening on `target` on this host, and returns what the driver says about it.
    /// Commands go to `driver`, which may be another.
    #[track_caller]
    pub(crate) fn start(host: &Host, target: &str, driver: &str, capabilities: &Value) -> (Self, Value) {
        let http = host.http(target).patience(COMMAND_PATIENCE);
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let deadline = Instant::now() + PATIENCE;
        let mut value = loop {
            match request(&http, "POST", "/session", &body) {
                Ok(value) => break value,
                // WebKitWebDriver has one session at a time, and an ended one's program takes a moment to go.
                Err(error) if error.message.contains("active sessions") && Instant::now() < deadline => {
                    std::thread::sleep(LOOK_EVERY);
                }
                Err(error) => panic!("no WebDriver session on {}: {error}", host.name()),
            }
        };
        let session = value["sessionId"].as_str().expect("a session has an id").to_owned();
        let http = host.http(driver).patience(COMMAND_PATIENCE);
        (Self::Http { http, session }, value["capabilities"].take())
    }

    /// A command within the session; `path` begins after the session's id.
    pub(crate) fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, WebDriverError> {
        match self {
            Self::Http { http, session } => request(http, method, &format!("/session/{session}{path}"), body),
            Self::Marionette(marionette) => lock(marionette).command(method, path, body),
        }
    }
}

fn request(http: &HttpStream, method: &str, path: &str, body: &Value) -> Result<Value, WebDriverError> {
    let text = if method == "POST" { body.to_string() } else { String::new() };
    let broken = |error: &dyn std::fmt::Display| WebDriverError::broken(format!("{method} {path}: {error}"));
    let answer = http
        .request(method, path, &[("Content-Type", "application/json")], text.as_bytes())
        .map_err(|error| broken(&error))?;
    let mut answer: Value = serde_json::from_slice(&answer.body).map_err(|error| broken(&error))?;
    let value = answer["value"].take();
    WebDriverError::of(&value).map_or(Ok(value), Err)
}
