//! One connection: the greeting, and the frames of its life.

use std::time::Duration;

use earshot_identity::DeviceKey;
use earshot_protocol::hub::{Binding, hello_to_sign};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, FromHub, Hello, Person, Resume, Seq, ToHub, VERSIONS, Welcome, negotiate,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::Socket;

/// How long one message may take to leave.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// What comes in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Said(Box<FromHub>),
    /// A numbered message of a later version: it counts, but says nothing to us.
    Unknown(Seq),
    /// Something without meaning to us.
    Noise,
}

/// Says hello and waits for the welcome.
pub(super) async fn greet(
    socket: &mut Socket,
    key: &DeviceKey,
    expect: Option<DeviceId>,
    person: Person,
    resume: Option<Resume>,
) -> Result<Welcome, ErrorCode> {
    let FromHub::Challenge { versions, hub, nonce, .. } = next_said(socket).await? else {
        return Err(ErrorCode::Malformed);
    };
    if expect.is_some_and(|expect| expect != hub) {
        return Err(ErrorCode::WrongDevice);
    }
    if negotiate(VERSIONS, &versions).is_none() {
        return Err(ErrorCode::VersionUnsupported);
    }
    let public = key.public_key();
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        key: public,
        kind: DeviceKind::Install,
        person,
        binding: Binding::None,
        signature: key.sign(&hello_to_sign(&hub, &nonce, &public, None)),
        phrase: None,
        resume,
    };
    say(socket, &ToHub::Hello(hello)).await?;
    match next_said(socket).await? {
        FromHub::Welcome(welcome) if welcome.hub.device == hub && VERSIONS.contains(&welcome.version) => {
            Ok(welcome)
        }
        FromHub::Refused { code } => Err(code),
        _ => Err(ErrorCode::Malformed),
    }
}

async fn next_said(socket: &mut Socket) -> Result<FromHub, ErrorCode> {
    loop {
        if let Heard::Said(message) = next(socket).await? {
            return Ok(*message);
        }
    }
}

/// The next frame. Cancel safe.
///
/// # Errors
/// Why there will be none.
pub(super) async fn next(socket: &mut Socket) -> Result<Heard, ErrorCode> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Ok(read(&text)),
        Some(Ok(Message::Close(_))) | None => Err(ErrorCode::LinkLost),
        Some(Ok(_)) => Ok(Heard::Noise),
        Some(Err(Error::Capacity(_))) => Err(ErrorCode::TooLarge),
        Some(Err(_)) => Err(ErrorCode::LinkLost),
    }
}

fn read(text: &str) -> Heard {
    if let Ok(message) = serde_json::from_str(text) {
        return Heard::Said(Box::new(message));
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Heard::Noise };
    let seq = value.get("seq").and_then(Value::as_u64).and_then(|seq| Seq::try_from(seq).ok());
    match (value.get("type").and_then(Value::as_str), seq) {
        (Some("message"), Some(seq)) => Heard::Unknown(seq),
        _ => Heard::Noise,
    }
}

/// Says something.
///
/// # Errors
/// [`ErrorCode::LinkLost`] when it cannot leave.
pub(super) async fn say(socket: &mut Socket, message: &ToHub) -> Result<(), ErrorCode> {
    let text = serde_json::to_string(message).map_err(|_| ErrorCode::Internal)?;
    say_text(socket, text).await
}

/// Says something that has been written out already.
///
/// # Errors
/// [`ErrorCode::LinkLost`] when it cannot leave.
pub(super) async fn say_text(socket: &mut Socket, text: String) -> Result<(), ErrorCode> {
    match timeout(WRITE_TIMEOUT, socket.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(ErrorCode::LinkLost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_later_version_count_but_say_nothing() {
        assert!(matches!(read(r#"{"type":"pong"}"#), Heard::Said(_)));
        let later = r#"{"type":"message","seq":7,"message":{"type":"event","event":{"type":"applause"}}}"#;
        assert!(matches!(read(later), Heard::Unknown(7)));
        for noise in ["", "{", "[]", "null", r#"{"type":"applause"}"#, r#"{"type":"message","seq":-1}"#] {
            assert!(matches!(read(noise), Heard::Noise), "{noise}");
        }
    }
}
