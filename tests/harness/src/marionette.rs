//! Marionette, which Firefox listens with when asked to: WebDriver's commands under names of their own. It is what
//! geckodriver speaks behind its HTTP.
//!
//! A message is its length in decimal bytes, a colon and a JSON array: `[0, id, name, parameters]` there,
//! `[1, id, error, result]` back.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::driver::{COMMAND_PATIENCE, WebDriverError};
use crate::host::Host;

/// Longest message that is read, bytes: a screenshot fits.
const MAX_MESSAGE: u64 = 64 << 20;

/// A connection to one Firefox, which has one session.
pub(crate) struct Marionette {
    stream: BufReader<UnixStream>,
    last: u64,
}

impl Marionette {
    /// Starts the session of the Firefox that listens on `target` on this host, and returns what Firefox says about it.
    #[track_caller]
    pub(crate) fn start(host: &Host, target: &str, capabilities: &Value) -> (Self, Value) {
        let stream = host.connect(target);
        stream.set_read_timeout(Some(COMMAND_PATIENCE)).expect("a socket takes a time");
        let mut marionette = Self { stream: BufReader::new(stream), last: 0 };
        let hello = marionette.read().unwrap_or_default();
        assert_eq!(hello["marionetteProtocol"], 3, "{} does not speak Marionette: {hello}", host.name());
        match marionette.call("WebDriver:NewSession", capabilities) {
            Ok(mut value) => (marionette, value["capabilities"].take()),
            Err(error) => panic!("no session of Firefox on {}: {error}", host.name()),
        }
    }

    /// A command of WebDriver, by its HTTP method and its path after the session's id.
    pub(crate) fn command(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, WebDriverError> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let mut params = if body.is_object() { body.clone() } else { json!({}) };
        if let ["element", id, ..] = parts.as_slice() {
            params["id"] = json!(id);
        }
        let name = match (method, parts.as_slice()) {
            ("DELETE", []) => {
                params = json!({ "flags": ["eForceQuit"] });
                "Marionette:Quit"
            }
            ("POST", ["timeouts"]) => "WebDriver:SetTimeouts",
            ("POST", ["url"]) => "WebDriver:Navigate",
            ("GET", ["url"]) => "WebDriver:GetCurrentURL",
            ("POST", ["refresh"]) => "WebDriver:Refresh",
            ("GET", ["screenshot"]) => {
                params = json!({ "full": false });
                "WebDriver:TakeScreenshot"
            }
            ("POST", ["execute", "async"]) => "WebDriver:ExecuteAsyncScript",
            ("POST", ["actions"]) => "WebDriver:PerformActions",
            ("POST", ["permissions"]) => "WebDriver:SetPermission",
            ("GET", ["element", _, "computedrole"]) => "WebDriver:GetComputedRole",
            ("GET", ["element", _, "computedlabel"]) => "WebDriver:GetComputedLabel",
            ("GET", ["element", _, "text"]) => "WebDriver:GetElementText",
            ("GET", ["element", _, "attribute", attribute]) => {
                params["name"] = json!(attribute);
                "WebDriver:GetElementAttribute"
            }
            ("POST", ["element", _, "click"]) => "WebDriver:ElementClick",
            ("POST", ["element", _, "clear"]) => "WebDriver:ElementClear",
            ("POST", ["element", _, "value"]) => "WebDriver:ElementSendKeys",
            _ => {
                let message = format!("{method} {path} has no name in Marionette here");
                return Err(WebDriverError { code: "unknown command".to_owned(), message });
            }
        };
        let mut result = self.call(name, &params)?;
        // Where the answer is a value it comes as one, where it is a record it comes as that.
        Ok(if result.get("value").is_some() { result["value"].take() } else { result })
    }

    fn call(&mut self, name: &str, params: &Value) -> Result<Value, WebDriverError> {
        self.last += 1;
        let message = json!([0, self.last, name, params]).to_string();
        let bytes = format!("{}:{message}", message.len());
        self.stream.get_mut().write_all(bytes.as_bytes()).map_err(WebDriverError::broken)?;
        loop {
            let mut answer = self.read()?;
            // One that was given up earlier may still be answered.
            if answer[1].as_u64() != Some(self.last) {
                continue;
            }
            return WebDriverError::of(&answer[2]).map_or_else(|| Ok(answer[3].take()), Err);
        }
    }

    fn read(&mut self) -> Result<Value, WebDriverError> {
        let mut length = Vec::new();
        self.stream.by_ref().take(12).read_until(b':', &mut length).map_err(WebDriverError::broken)?;
        let text = String::from_utf8_lossy(&length);
        let length: u64 = text
            .strip_suffix(':')
            .and_then(|digits| digits.parse().ok())
            .filter(|length| *length <= MAX_MESSAGE)
            .ok_or_else(|| WebDriverError::broken(format!("no length of a message: {text:?}")))?;
        let mut bytes = Vec::new();
        self.stream.by_ref().take(length).read_to_end(&mut bytes).map_err(WebDriverError::broken)?;
        serde_json::from_slice(&bytes).map_err(WebDriverError::broken)
    }
}
