//! WebDriver BiDi, the one command of it that nothing else has: a script that runs before those of every page.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use crate::host::Host;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The BiDi side of a session.
pub(crate) struct Bidi {
    socket: WebSocket<UnixStream>,
    last: u64,
}

impl Bidi {
    /// Connects to the address that the session's capabilities name (`webSocketUrl`).
    #[track_caller]
    pub(crate) fn connect(host: &Host, url: &str) -> Self {
        let authority = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let stream = host.connect(authority.unwrap_or_else(|| panic!("{url:?} is no address of BiDi")));
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time");
        match client(url, stream) {
            Ok((socket, _)) => Self { socket, last: 0 },
            Err(error) => panic!("no BiDi on {}: {error}", host.name()),
        }
    }

    /// Runs the body of a function in each document from now on, before its own scripts; as long as the session lives.
    #[track_caller]
    pub(crate) fn preload(&mut self, body: &str) {
        let params = json!({ "functionDeclaration": format!("() => {{ {body} }}") });
        self.call("script.addPreloadScript", &params);
    }

    #[track_caller]
    fn call(&mut self, method: &str, params: &Value) {
        self.last += 1;
        let message = json!({ "id": self.last, "method": method, "params": params }).to_string();
        self.socket.send(Message::text(message)).expect("a browser listens as long as it lives");
        loop {
            let answer = self.socket.read().unwrap_or_else(|error| panic!("{method}: {error}"));
            let Message::Text(text) = answer else { continue };
            let answer: Value = serde_json::from_str(&text).expect("BiDi is JSON");
            // The rest are events.
            if answer["id"].as_u64() == Some(self.last) {
                assert_eq!(answer["type"], "success", "{method}: {answer}");
                return;
            }
        }
    }
}
