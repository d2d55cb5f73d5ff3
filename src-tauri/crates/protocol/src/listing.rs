//! How a meeting is found: the list of open rooms, and a code that can be spoken.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

use crate::limits::{MAX_TITLE_BYTES, MAX_TITLE_CHARS};
use crate::person::is_line;
use crate::{DeviceId, ErrorCode, HubRef, Person, RoomId, RoomSummary};

/// Digits of a code. With six, one guess in 500 would hit one of a busy server's 2000 rooms; with nine it is one in
/// 500 000. People know such numbers from telephone conferences.
const DIGITS: usize = 9;

/// What of a room's id can be spoken: nine digits, said in groups of three. It is made of the id alone, so that nobody
/// keeps a register, and stays the same when another hub takes the room over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, TS)]
#[ts(type = "string")]
pub struct RoomCode(u32);

/// A text that is not nine digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a room's code")]
pub struct InvalidCode;

impl RoomCode {
    /// The first 8 bytes, big endian, of SHA-256 over `earshot room code`, a zero byte and the id, modulo 10^9.
    #[must_use]
    pub fn of(room: &RoomId) -> Self {
        let mut hashed = b"earshot room code\0".to_vec();
        hashed.extend_from_slice(&room.0);
        let mut first = [0; 8];
        first.copy_from_slice(&digest::digest(&digest::SHA256, &hashed).as_ref()[..8]);
        let code = u64::from_be_bytes(first) % 10_u64.pow(DIGITS as u32);
        // Less than 10^9.
        Self(u32::try_from(code).unwrap_or_default())
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0width$}", self.0, width = DIGITS)
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who has it may come in: it stays out of every log.
        formatter.write_str("RoomCode(..)")
    }
}

impl FromStr for RoomCode {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidCode);
        }
        text.parse().map(Self).map_err(|_| InvalidCode)
    }
}

impl Serialize for RoomCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoomCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A room that a hub tells of: one that is listed, or whose code was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenRoom {
    /// Which of that hub's rooms.
    pub room: RoomId,
    /// What everybody may know of it.
    pub summary: RoomSummary,
    /// Who runs it.
    pub host: DeviceId,
    /// The host's name, as they give it.
    pub name: String,
}

impl OpenRoom {
    /// Checks what somebody else's hub says of a room.
    ///
    /// # Errors
    /// [`ErrorCode::Malformed`], or the code of what is wrong with the name.
    pub fn check(&self) -> Result<(), ErrorCode> {
        if !is_line(&self.summary.title, MAX_TITLE_CHARS, MAX_TITLE_BYTES) {
            return Err(ErrorCode::Malformed);
        }
        Person::named(self.name.as_str()).check()
    }
}

/// A room, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundRoom {
    /// The hub that holds it.
    pub hub: HubRef,
    /// The room.
    pub room: OpenRoom,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_what_the_document_says() {
        // Made with another program: python3 -c "hashlib.sha256(b'earshot room code\0' + bytes(16))".
        assert_eq!(RoomCode::of(&RoomId([0; 16])).to_string(), "486650783");
        assert_eq!(RoomCode::of(&RoomId([7; 16])).to_string(), "341731256");
    }

    #[test]
    fn nothing_but_nine_digits_is_a_code() {
        for text in
            ["", "12345678", "1234567890", "12345678a", "+12345678", "-12345678", "１２３", "123 45678"]
        {
            assert_eq!(text.parse::<RoomCode>(), Err(InvalidCode), "{text}");
            assert!(serde_json::from_value::<RoomCode>(text.into()).is_err());
        }
        assert!(serde_json::from_str::<RoomCode>("123456789").is_err(), "a number is not a text");
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_is_written(id: [u8; 16]) {
            let code = RoomCode::of(&RoomId(id));
            let text = code.to_string();
            prop_assert_eq!(text.len(), DIGITS);
            prop_assert_eq!(text.parse(), Ok(code));
            let json = serde_json::to_string(&code).unwrap();
            prop_assert_eq!(serde_json::from_str::<RoomCode>(&json).unwrap(), code);
        }
    }
}
