//! Seals: what makes a device key vouch for a session description (PROTOCOL.md, section 7, "Seals").
//!
//! Invariants:
//! * What [`Seals::open`] gives back was made by `from`, for this device, in this room, now; an answer is one to an
//!   offer that this device made. Everything else is an error with a code.
//! * No sequence is accepted twice of one sender in one room, also after the room was left and entered again.
//! * What is remembered is bounded: rooms, senders of a room, offers of a sender. What was used longest ago goes first.
//!
//! Absent on purpose: names, trust in a key, and whether kinds are refused. That is the node's memory.

mod memory;
mod notary;
#[cfg(test)]
mod tests;

pub use notary::Notary;

use earshot_protocol::hub::Description;
use earshot_protocol::{DeviceId, DeviceKind, ErrorCode, PublicKey, RoomId};

/// A room and the hub that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The hub.
    pub hub: DeviceId,
    /// The room.
    pub room: RoomId,
}

/// Who seals what a device sends and opens what it receives.
pub trait Seals: Send {
    /// Signs `description` for `to`. `now_ms` are ms since 1970; they only make the sequence rise over restarts.
    ///
    /// # Errors
    /// [`ErrorCode::Malformed`] when the SDP cannot be read or when it answers no offer that was opened;
    /// [`ErrorCode::FingerprintWeak`] when nobody would open it.
    fn seal(
        &mut self,
        now_ms: u64,
        place: Place,
        to: DeviceId,
        description: Description,
    ) -> Result<Description, ErrorCode>;

    /// Checks what came and says that it is from `from`. Gives what `setRemoteDescription` may take (without a seal
    /// and without weak fingerprints), and what sort of device its sender is.
    ///
    /// # Errors
    /// In this order: [`ErrorCode::DescriptionUnsigned`], [`ErrorCode::DescriptionForged`] (an SDP that cannot be read is
    /// one: nobody seals such), [`ErrorCode::DescriptionReplayed`], [`ErrorCode::FingerprintWeak`].
    fn open(
        &mut self,
        place: Place,
        from: DeviceId,
        description: Description,
    ) -> Result<(Description, DeviceKind), ErrorCode>;

    /// The key of a device of which a description was opened in this room since it was entered.
    fn key_of(&self, place: Place, device: DeviceId) -> Option<PublicKey>;

    /// The room was left: its keys and offers are forgotten. Its sequences are not, so that nothing said there can be
    /// said again.
    fn leave(&mut self, place: Place);
}
