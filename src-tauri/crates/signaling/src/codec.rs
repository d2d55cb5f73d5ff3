//! Messages as WebSocket text.

use earshot_protocol::limits::{MAX_MEMBERS, MAX_MESSAGE_BYTES};
use earshot_protocol::{ErrorCode, ToHub};
use serde_json::Value;
use serde_json::error::Category;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The longest message a client takes. What a visitor says is bound by [`MAX_MESSAGE_BYTES`]; a welcome lists a whole
/// directory, and an entry takes at most 800 bytes: 64 of id, 360 of name and note, doubled where each character is
/// escaped, and the fields' names.
pub(crate) const MAX_FROM_HUB_BYTES: usize = MAX_MEMBERS as usize * 800 + MAX_MESSAGE_BYTES as usize;

/// Reads what a visitor says first: [`ErrorCode::HelloExpected`] for anything that does not even claim to be a hello.
pub(crate) fn parse_hello(text: &str) -> Result<Box<earshot_protocol::Hello>, ErrorCode> {
    match serde_json::from_str::<ToHub>(text) {
        Ok(ToHub::Hello(hello)) => Ok(Box::new(hello)),
        Ok(_) => Err(ErrorCode::HelloExpected),
        Err(error) => {
            let claims = error.classify() == Category::Data
                && serde_json::from_str::<Value>(text)
                    .is_ok_and(|value| value.get("type").and_then(Value::as_str) == Some("hello"));
            Err(if claims { ErrorCode::Malformed } else { ErrorCode::HelloExpected })
        }
    }
}

/// Reads what a visitor says later.
pub(crate) fn parse_said(text: &str) -> Result<ToHub, ErrorCode> {
    match serde_json::from_str(text) {
        Ok(ToHub::Hello(_)) | Err(_) => Err(ErrorCode::Malformed),
        Ok(message) => Ok(message),
    }
}

/// The client's WebSocket: small buffers that grow when they must.
pub(crate) fn client_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_FROM_HUB_BYTES))
        .max_frame_size(Some(MAX_FROM_HUB_BYTES))
}
