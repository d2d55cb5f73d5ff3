//! One connection: the greeting, and the frames of its life.

use std::time::Duration;

use earshot_identity::DeviceKey;
use earshot_identity::phrase::{PhraseKey, confirmed};
use earshot_protocol::hub::hello_to_sign;
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, FromHub, Hello, Person, Resume, Seq, ToHub, VERSIONS, Welcome, negotiate,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::Socket;
use crate::channel::Channel;
use crate::phrase;

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

/// Who says hello.
pub(super) struct Visitor<'a> {
    pub(super) key: &'a DeviceKey,
    /// Whom the challenge must name.
    pub(super) expect: Option<DeviceId>,
    /// What to say of oneself.
    pub(super) person: Person,
    /// What the hub must know too.
    pub(super) phrase: Option<&'a PhraseKey>,
    /// A place to have back.
    pub(super) resume: Option<Resume>,
}

/// Says hello and waits for the welcome.
pub(super) async fn greet(
    socket: &mut Socket,
    channel: &Channel,
    visitor: Visitor<'_>,
) -> Result<Welcome, ErrorCode> {
    let FromHub::Challenge { versions, hub, nonce, binding, phrase } = next_said(socket).await? else {
        return Err(ErrorCode::Malformed);
    };
    if visitor.expect.is_some_and(|expect| expect != hub) {
        return Err(ErrorCode::WrongDevice);
    }
    if negotiate(VERSIONS, &versions).is_none() {
        return Err(ErrorCode::VersionUnsupported);
    }
    let public = visitor.key.public_key();
    let proof = match (visitor.phrase, phrase) {
        (None, None) => None,
        (Some(key), Some(message)) => Some(phrase::answer(key, &message, hub, public.device_id(), channel)?),
        // One of the two has a phrase: nothing is said to the other, not even a name.
        _ => return Err(ErrorCode::PhraseWrong),
    };
    let (proof, expected) = proof.unzip();
    let (binding, bound) = channel.bound(binding);
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        key: public,
        kind: DeviceKind::Install,
        person: visitor.person,
        binding,
        signature: visitor.key.sign(&hello_to_sign(&hub, &nonce, &public, Some(&bound))),
        phrase: proof,
        resume: visitor.resume,
    };
    say(socket, &ToHub::Hello(hello)).await?;
    match next_said(socket).await? {
        FromHub::Welcome(welcome) if welcome.hub.device == hub && VERSIONS.contains(&welcome.version) => {
            match (&expected, &welcome.phrase) {
                (None, _) => Ok(welcome),
                (Some(expected), Some(said)) if confirmed(expected, said) => Ok(welcome),
                (Some(_), _) => Err(ErrorCode::PhraseWrong),
            }
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
