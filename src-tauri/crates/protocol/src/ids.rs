//! Identifiers. Each is a fixed number of bytes in code and lower-case base32 without padding (RFC 4648, section 6)
//! on the wire, so that it can be read aloud, typed and put into a DNS label.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

/// A text that is not the base32 form of the id that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct InvalidId;

fn base32() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.translate.from.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    specification.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
    specification.encoding().unwrap_or(BASE32_NOPAD)
}

fn parse<const N: usize>(text: &str) -> Result<[u8; N], InvalidId> {
    // A length bound before decoding, so that a long text costs nothing.
    if text.len() > N.div_ceil(5) * 8 {
        return Err(InvalidId);
    }
    let bytes = base32().decode(text.as_bytes()).map_err(|_| InvalidId)?;
    bytes.try_into().map_err(|_| InvalidId)
}

macro_rules! bytes_id {
    ($(#[$meta:meta])* $name:ident, $length:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
        #[ts(type = "string")]
        pub struct $name(pub [u8; $length]);

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&base32().encode(&self.0))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

macro_rules! public_id {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&base32().encode(&self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Eight characters tell two apart in a log without naming anybody.
                write!(formatter, "{}({}..)", stringify!($name), &base32().encode(&self.0)[..8])
            }
        }
    )*};
}

bytes_id!(
    /// SHA-256 of a device's public key: what a device *is*.
    DeviceId, 32
);
bytes_id!(
    /// A device's Ed25519 public key, 32 bytes (RFC 8032, section 5.1.5).
    PublicKey, 32
);
bytes_id!(
    /// An Ed25519 signature, 64 bytes (RFC 8032, section 5.1.6).
    Signature, 64
);
bytes_id!(
    /// What a hub asks a visitor to sign: 32 random bytes, used once.
    Nonce, 32
);
bytes_id!(
    /// SHA-256 of something, or a message authentication code made with it.
    Digest, 32
);
bytes_id!(
    /// One side's message of a password-authenticated key exchange (SPAKE2, RFC 9382).
    PakeMessage, 33
);
bytes_id!(
    /// Names a room on its hub; random, so that it is also unique among hubs.
    RoomId, 16
);
bytes_id!(
    /// Names a file that somebody offers.
    FileId, 16
);
bytes_id!(
    /// Names one of the messages that somebody wrote; random.
    MessageId, 16
);
bytes_id!(
    /// Names a ring; random.
    RingId, 16
);
bytes_id!(
    /// The secret that lets a dropped connection have its place back.
    ResumeToken, 32
);
public_id!(DeviceId PublicKey Signature Nonce Digest PakeMessage FileId MessageId RoomId RingId);

impl fmt::Debug for ResumeToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ResumeToken(..)")
    }
}

impl PublicKey {
    /// The id of the device that holds this key.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        DeviceId(id)
    }
}

impl DeviceId {
    /// The form for people: the first 8 bytes with check digits.
    #[must_use]
    pub fn short(&self) -> ShortId {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        ShortId(bytes)
    }
}

/// The first 8 bytes of a [`DeviceId`], shown as 13 base32 characters and 3 check characters in groups of four:
/// `ABCD-EFGH-JKLM-NPQR`. The check characters are the first 15 bits of SHA-256 over a label and the 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ShortId(pub [u8; 8]);

impl ShortId {
    fn text(self) -> String {
        let mut hashed = b"earshot short id\0".to_vec();
        hashed.extend_from_slice(&self.0);
        let check = BASE32_NOPAD.encode(digest::digest(&digest::SHA256, &hashed).as_ref());
        format!("{}{}", BASE32_NOPAD.encode(&self.0), &check[..3])
    }
}

impl fmt::Display for ShortId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        write!(formatter, "{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..])
    }
}

impl FromStr for ShortId {
    type Err = InvalidId;

    /// Accepts any case, spaces and hyphens; a wrong check character is an [`InvalidId`].
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() > 64 {
            return Err(InvalidId);
        }
        let text: String =
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        if text.len() != 16 {
            return Err(InvalidId);
        }
        let short = Self(parse(&text[..13])?);
        if short.text() == text { Ok(short) } else { Err(InvalidId) }
    }
}

/// Numbers a client's requests: 1, 2, 3 … within one place at a hub, so that a repeated one is known.
pub type RequestId = u32;

/// Numbers what a hub says within one place: 1, 2, 3 … so that a resumed connection misses nothing.
pub type Seq = u32;

/// A hub, and where to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct HubRef {
    /// The hub's device id: who must answer there.
    pub device: DeviceId,
    /// `ip:port`, `[ip]:port` or a `wss://` URL, best first; hints only. At most
    /// [`MAX_ADDRESSES`](crate::limits::MAX_ADDRESSES).
    pub addresses: Vec<String>,
}

/// A room, and the hub that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct RoomRef {
    /// Where the room is.
    pub hub: HubRef,
    /// Which of that hub's rooms.
    pub room: RoomId,
}
