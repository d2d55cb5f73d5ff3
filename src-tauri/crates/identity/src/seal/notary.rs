//! The one who seals and opens with the device key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use earshot_protocol::hub::{Description, DescriptionKind};
use earshot_protocol::seal::{Envelope, Essence, description_to_sign};
use earshot_protocol::{DeviceId, DeviceKind, Digest, ErrorCode, PublicKey, Seal, VERSIONS};

use super::memory::Memory;
use super::{Place, Seals};
use crate::{DeviceKey, sdp, verify};

/// What an offer answers.
const NOTHING: Digest = Digest([0; 32]);

/// The highest sequence: a browser's numbers are exact up to here (ECMAScript's `Number.MAX_SAFE_INTEGER`).
const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// Seals with a device key, and opens what others sealed for it.
pub struct Notary {
    key: Arc<DeviceKey>,
    kind: DeviceKind,
    /// The last sequence given away.
    sequence: u64,
    memory: Memory,
}

impl fmt::Debug for Notary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Notary").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Notary {
    /// One for this device, which has seen nothing yet.
    #[must_use]
    pub fn new(key: Arc<DeviceKey>, kind: DeviceKind) -> Self {
        Self { key, kind, sequence: 0, memory: Memory::new() }
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }
}

/// The bytes that are signed, in the one version that there is.
fn to_sign(
    place: Place,
    to: DeviceId,
    answers: Digest,
    description: &Description,
    sender: (&PublicKey, DeviceKind, u64),
    essence: &Essence,
) -> Vec<u8> {
    let envelope = Envelope { hub: &place.hub, room: &place.room, to: &to, answers: &answers };
    description_to_sign(VERSIONS[0], &envelope, description, sender, essence)
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Digest(out)
}

impl Seals for Notary {
    fn seal(
        &mut self,
        now_ms: u64,
        place: Place,
        to: DeviceId,
        mut description: Description,
    ) -> Result<Description, ErrorCode> {
        let essence = sdp::essence(&description.sdp)?;
        let answers = match description.kind {
            DescriptionKind::Offer => NOTHING,
            DescriptionKind::Answer => {
                let peer = self.memory.peer(place, to).ok_or(ErrorCode::Malformed)?;
                peer.heard.of_round(description.round).next().ok_or(ErrorCode::Malformed)?
            }
        };
        let sequence = (self.sequence + 1).max(now_ms);
        if sequence > MAX_SEQUENCE {
            return Err(ErrorCode::Internal);
        }
        self.sequence = sequence;
        let key = self.key.public_key();
        let signed = to_sign(place, to, answers, &description, (&key, self.kind, sequence), &essence);
        if description.kind == DescriptionKind::Offer {
            self.memory.peer_mut(place, to).made.add(description.round, sha256(&signed));
        }
        description.seal = Some(Seal { key, kind: self.kind, sequence, signature: self.key.sign(&signed) });
        Ok(description)
    }

    fn open(
        &mut self,
        place: Place,
        from: DeviceId,
        description: Description,
    ) -> Result<(Description, DeviceKind), ErrorCode> {
        let seal = description.seal.as_ref().ok_or(ErrorCode::DescriptionUnsigned)?;
        let own = self.key.device_id();
        // One's own words, thrown back, are nobody else's.
        if from == own || seal.key.device_id() != from || seal.sequence > MAX_SEQUENCE {
            return Err(ErrorCode::DescriptionForged);
        }
        let reading = sdp::read(&description.sdp).map_err(|_| ErrorCode::DescriptionForged)?;
        let peer = self.memory.peer(place, from);
        let answered: Vec<Digest> = match (description.kind, peer) {
            (DescriptionKind::Offer, _) => vec![NOTHING],
            (DescriptionKind::Answer, Some(peer)) => peer.made.of_round(description.round).collect(),
            (DescriptionKind::Answer, None) => Vec::new(),
        };
        let sender = (&seal.key, seal.kind, seal.sequence);
        let signed = answered
            .into_iter()
            .map(|answers| to_sign(place, own, answers, &description, sender, &reading.essence))
            .find(|signed| verify(&seal.key, signed, &seal.signature))
            .ok_or(ErrorCode::DescriptionForged)?;
        if peer.and_then(|peer| peer.sequence).is_some_and(|last| seal.sequence <= last) {
            return Err(ErrorCode::DescriptionReplayed);
        }
        if reading.weak {
            return Err(ErrorCode::FingerprintWeak);
        }
        let (kind, round) = (seal.kind, description.round);
        let peer = self.memory.peer_mut(place, from);
        peer.sequence = Some(seal.sequence);
        peer.key = Some(seal.key);
        if description.kind == DescriptionKind::Offer {
            peer.heard.add(round, sha256(&signed));
        }
        let sdp = sdp::without_weak(&description.sdp);
        Ok((Description { sdp, seal: None, ..description }, kind))
    }

    fn key_of(&self, place: Place, device: DeviceId) -> Option<PublicKey> {
        self.memory.peer(place, device)?.key
    }

    fn leave(&mut self, place: Place) {
        self.memory.leave(place);
    }
}
