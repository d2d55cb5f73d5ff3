//! What makes a device key vouch for media: signed session descriptions, and the short code that two people compare.
//!
//! Only the shapes and the bytes that are signed. Who signs and who checks is `earshot-identity`'s business, and for a
//! guest that of `ui/src/trust`.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::hub::{Description, DescriptionKind};
use crate::{DeviceId, DeviceKind, Digest, Nonce, PublicKey, RoomId, Signature};

/// What goes with a [`Description`] and proves who made it, for whom, in which room. See [`description_to_sign`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Seal {
    /// The sender's public key; its device id is the sender's.
    pub key: PublicKey,
    /// What sort of device the sender says it is; a hub cannot change it.
    pub kind: DeviceKind,
    /// Rises with everything that a device seals, also from one room to the next: ms since 1970 at least.
    #[ts(type = "number")]
    pub sequence: u64,
    /// Over [`description_to_sign`].
    pub signature: Signature,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Seal({:?}, {})", self.kind, self.sequence)
    }
}

/// Where a description belongs: everything of the signed message that is not in the description or its seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The hub that holds the room.
    pub hub: &'a DeviceId,
    /// The room.
    pub room: &'a RoomId,
    /// Who receives it.
    pub to: &'a DeviceId,
    /// SHA-256 of the signed message of the offer that is answered; zeros for an offer. So an answer answers one
    /// offer and no other.
    pub answers: &'a Digest,
}

/// What of an SDP (RFC 8866) is named in the signed message beside the digest of the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Essence {
    /// Every `a=fingerprint` value (RFC 8122): algorithm in lower case, a space, hex pairs in upper case with colons.
    /// Sorted, each once.
    pub fingerprints: Vec<String>,
    /// Every `a=ice-ufrag` value (RFC 8839). Sorted, each once.
    pub ufrags: Vec<String>,
}

/// The bytes that a seal's signature covers. Each field is preceded by its length in bytes (u32, big endian), lists by
/// the number of their items (u32): label, protocol version (u16), `offer` or `answer`, hub, room, sender's public key,
/// sender's kind, recipient, sequence (u64), round (u32), the digest of the offer that is answered, fingerprints,
/// ufrags, and SHA-256 of the whole SDP as it is sent.
#[must_use]
pub fn description_to_sign(
    version: u16,
    envelope: &Envelope<'_>,
    description: &Description,
    (key, kind, sequence): (&PublicKey, DeviceKind, u64),
    essence: &Essence,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(640);
    let mut field = |value: &[u8]| {
        // A field is a part of a message of at most 64 KiB.
        bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(value);
    };
    field(b"earshot description v1");
    field(&version.to_be_bytes());
    field(match description.kind {
        DescriptionKind::Offer => b"offer",
        DescriptionKind::Answer => b"answer",
    });
    field(&envelope.hub.0);
    field(&envelope.room.0);
    field(&key.0);
    field(kind.as_str().as_bytes());
    field(&envelope.to.0);
    field(&sequence.to_be_bytes());
    field(&description.round.to_be_bytes());
    field(&envelope.answers.0);
    for list in [&essence.fingerprints, &essence.ufrags] {
        field(&u32::try_from(list.len()).unwrap_or(u32::MAX).to_be_bytes());
        for item in list {
            field(item.as_bytes());
        }
    }
    field(digest(&SHA256, description.sdp.as_bytes()).as_ref());
    bytes
}

/// One step of comparing a short code (ZRTP's short authentication string, RFC 6189 section 7, with the commitment of
/// section 4.4.1.1): on the data channel `control`, between two whose descriptions were sealed.
///
/// ```text
/// initiator                                responder
/// commit  SHA-256(initiator's reveal)  ->
///                                      <-  nonce
/// reveal  nonce                        ->            both show the code, both people compare
/// result  matches                     <->  result
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Verify {
    /// The initiator's first word: nothing can be chosen after it. Over [`commitment_of`].
    Commit {
        /// SHA-256.
        commitment: Digest,
    },
    /// The responder's share.
    Nonce {
        /// Random.
        nonce: Nonce,
    },
    /// The initiator's share, which the commitment was made of.
    Reveal {
        /// Random.
        nonce: Nonce,
    },
    /// What the person says who compared.
    Result {
        /// The codes were the same.
        matches: bool,
    },
    /// Not now.
    Cancel,
}

/// The commitment of an initiator.
#[must_use]
pub fn commitment_of(initiator: &PublicKey, responder: &PublicKey, room: &RoomId, nonce: &Nonce) -> Digest {
    hash(&[b"earshot verify commit v1", &initiator.0, &responder.0, &room.0, &nonce.0])
}

/// Symbols of a short code: 7 of [`CODE_SYMBOLS`] each, 42 bits.
pub const CODE_LENGTH: usize = 7;

/// How many different symbols there are.
pub const CODE_SYMBOLS: u8 = 64;

/// The code both people compare: 7 numbers of 0 to 63, each a picture with a name. The first 42 bits of a hash over both
/// keys, the room and both shares.
#[must_use]
pub fn code_of(
    initiator: &PublicKey,
    responder: &PublicKey,
    room: &RoomId,
    initiator_nonce: &Nonce,
    responder_nonce: &Nonce,
) -> [u8; CODE_LENGTH] {
    let hash = hash(&[
        b"earshot verify code v1",
        &initiator.0,
        &responder.0,
        &room.0,
        &initiator_nonce.0,
        &responder_nonce.0,
    ]);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.0[..8]);
    let bits = u64::from_be_bytes(first);
    // 6 bits each, from the front; the mask leaves less than a byte.
    std::array::from_fn(|index| ((bits >> (58 - 6 * index)) & 0x3f) as u8)
}

/// SHA-256 over parts, each preceded by its length (u32, big endian).
fn hash(parts: &[&[u8]]) -> Digest {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    Digest(out)
}
