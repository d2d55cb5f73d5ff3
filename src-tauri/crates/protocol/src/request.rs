//! What a visitor asks of a hub, with the bounds of each request, and how a ring is answered and ends.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::limits::{MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_ANSWER_CHARS, MAX_BLOCKED};
use crate::person::is_line;
use crate::room::{HeldRoom, Home, RoomRules, Whereabouts, is_password};
use crate::signal::Signal;
use crate::{DeviceId, ErrorCode, Media, Person, RingId, RoomCode, RoomId, RoomRef};

/// What can be asked of a hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// My name, status or note has changed. Answer: `done`.
    SetPerson {
        /// All of it, not only the change.
        person: Person,
    },
    /// Makes a room and enters it as its host. Answer: `room`.
    CreateRoom {
        /// The hub that shall hold the room; absent: the one that is asked. Only a node looks at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        via: Option<DeviceId>,
        /// Who may come in, and how many.
        rules: RoomRules,
        /// How I come in.
        media: Media,
    },
    /// Enters a room. Answer: `room`; `knocking` where the host is asked, and a `let-in` follows.
    Join {
        /// Which room, and where.
        room: RoomRef,
        /// How I come in.
        media: Media,
        /// The room's password, where I know one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        password: Option<String>,
    },
    /// Enters a room that I was in, where another hub holds it now; past its door and its capacity, if I am known there.
    /// Answer: `room`.
    Return {
        /// Which room, and where.
        room: RoomRef,
        /// How I come in.
        media: Media,
        /// The room's password, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        password: Option<String>,
    },
    /// Asks another participant's hub where a room is. Answer: `whereabouts`.
    WhereIs {
        /// Which room.
        room: RoomId,
        /// Where I am, or was last.
        home: Home,
        /// I am there now.
        inside: bool,
    },
    /// My own hub holds a room whose hub is gone; I am in it. Only an install of its own hub. Answer: `room`.
    HoldRoom {
        /// The room.
        held: Box<HeldRoom>,
    },
    /// My own hub holds a room no longer: whoever is in it is sent there. Only an install of its own hub. Answer: `done`.
    YieldRoom {
        /// Which room.
        room: RoomId,
        /// Where to.
        to: Home,
    },
    /// What my own hub answers to `where-is`, of a room that it does not hold; absent: no more of it. Only an install of
    /// its own hub. Answer: `done`.
    SetWhereabouts {
        /// Which room.
        room: RoomId,
        /// What.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        whereabouts: Option<Whereabouts>,
    },
    /// Leaves a room. The last one out ends it. Answer: `done`.
    Leave {
        /// Which room.
        room: RoomId,
    },
    /// What is to be known of a room before coming in. Answer: `summary`.
    LookAt {
        /// Which room, and where.
        room: RoomRef,
    },
    /// Which rooms have this code, listed or not. Answer: `found`.
    FindRoom {
        /// What was spoken.
        code: RoomCode,
    },
    /// "Tell me when there is room", of one that is full; `room-has-place` follows once. Answer: `done`.
    WaitForPlace {
        /// Which room, and where.
        room: RoomRef,
    },
    /// Knocks or waits before a room no longer. Answer: `done`.
    Withdraw {
        /// Which room.
        room: RoomId,
    },
    /// Changes all that the host sets. Only the host. Answer: `done`.
    SetRules {
        /// Which room.
        room: RoomId,
        /// All of them, not only the change.
        rules: RoomRules,
    },
    /// Lets somebody in, who knocks or who will come: the door is open to them from now on. Only the host, but while
    /// the door is not locked every participant may ask for those whom the host has not removed. Answer: `done`.
    Admit {
        /// Which room.
        room: RoomId,
        /// Whom.
        device: DeviceId,
    },
    /// Removes a participant, or does not let in who knocks; they may not come back unless admitted. Only the host.
    /// Answer: `done`.
    Remove {
        /// Which room.
        room: RoomId,
        /// Whom.
        device: DeviceId,
    },
    /// Makes another participant the host. Only the host. Answer: `done`.
    HandOver {
        /// Which room.
        room: RoomId,
        /// To whom.
        to: DeviceId,
    },
    /// Takes the host's role back. Only the founder. Answer: `done`.
    TakeHost {
        /// Which room.
        room: RoomId,
    },
    /// Ends the room for all. Only the host. Answer: `done`.
    EndRoom {
        /// Which room.
        room: RoomId,
    },
    /// Where my own hub is reached, for those I am in a room with. Only installs. Answer: `done`.
    SetAddresses {
        /// All of them, best first; at most [`MAX_ADDRESSES`].
        addresses: Vec<String>,
    },
    /// Invites one person to enter a room now. Answer: `ring`; how it ends is told by a `ring-ended`.
    Ring {
        /// Whom.
        to: DeviceId,
        /// Into which room.
        room: RoomRef,
        /// How the caller wants to talk.
        media: Media,
    },
    /// The caller gives up. Answer: `done`.
    CancelRing {
        /// Which ring.
        ring: RingId,
    },
    /// The callee answers. Answer: `done`.
    AnswerRing {
        /// Which ring.
        ring: RingId,
        /// How.
        answer: RingAnswer,
    },
    /// To these devices I am away, and their rings do not reach me; they are not told. Answer: `done`.
    SetBlocked {
        /// All of them, not only the change; at most [`MAX_BLOCKED`].
        devices: Vec<DeviceId>,
    },
    /// Carries a signal to another participant; the hub does not read it. Answer: `done`.
    Signal {
        /// Of which room.
        room: RoomId,
        /// To which participant.
        to: DeviceId,
        /// The signal.
        signal: Signal,
    },
}

impl Request {
    /// Checks every bound that the types do not express.
    ///
    /// # Errors
    /// The code of the first bound that is passed.
    pub fn check(&self) -> Result<(), ErrorCode> {
        match self {
            Self::SetPerson { person } => person.check(),
            Self::CreateRoom { rules, .. } | Self::SetRules { rules, .. } => rules.check(),
            Self::Join { password: Some(password), .. } | Self::Return { password: Some(password), .. }
                if !is_password(password) =>
            {
                Err(ErrorCode::Malformed)
            }
            Self::HoldRoom { held } => held.check(),
            Self::WhereIs { home, .. }
            | Self::YieldRoom { to: home, .. }
            | Self::SetWhereabouts { whereabouts: Some(Whereabouts::In { home }), .. } => {
                check_addresses(&home.hub.addresses)
            }
            Self::Join { room, .. }
            | Self::Return { room, .. }
            | Self::Ring { room, .. }
            | Self::LookAt { room }
            | Self::WaitForPlace { room } => check_addresses(&room.hub.addresses),
            Self::SetAddresses { addresses } => check_addresses(addresses),
            Self::AnswerRing { answer: RingAnswer::Declined { message: Some(message) }, .. } => {
                if is_line(message, MAX_ANSWER_CHARS, MAX_ANSWER_CHARS * 4) {
                    Ok(())
                } else {
                    Err(ErrorCode::Malformed)
                }
            }
            Self::SetBlocked { devices } if devices.len() > MAX_BLOCKED as usize => Err(ErrorCode::Malformed),
            Self::Leave { .. }
            | Self::FindRoom { .. }
            | Self::Withdraw { .. }
            | Self::Admit { .. }
            | Self::Remove { .. }
            | Self::HandOver { .. }
            | Self::TakeHost { .. }
            | Self::EndRoom { .. }
            | Self::CancelRing { .. }
            | Self::AnswerRing { .. }
            | Self::SetBlocked { .. }
            | Self::SetWhereabouts { .. }
            | Self::Signal { .. } => Ok(()),
        }
    }
}

/// Checks number and length of a hub's addresses.
fn check_addresses(addresses: &[String]) -> Result<(), ErrorCode> {
    if addresses.len() > MAX_ADDRESSES as usize
        || addresses.iter().any(|address| address.len() > MAX_ADDRESS_BYTES as usize)
    {
        return Err(ErrorCode::Malformed);
    }
    Ok(())
}

/// How a callee answers a ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RingAnswer {
    /// Coming: a `join` of the ring's room follows.
    Accepted,
    /// No, perhaps with a word.
    Declined {
        /// Shown to the caller, at most [`MAX_ANSWER_CHARS`] characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        message: Option<String>,
    },
    /// In another call.
    Busy,
}

/// How a ring ended. Each ring ends exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RingEnd {
    /// The callee is coming.
    Accepted,
    /// The callee said no.
    Declined {
        /// The callee's word, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        message: Option<String>,
    },
    /// The callee is in another call.
    Busy,
    /// The caller gave up, or went away.
    Cancelled,
    /// Nobody answered in [`RING_TIMEOUT`](crate::limits::RING_TIMEOUT) ms: a missed call.
    NoAnswer,
    /// The callee went away, or their hub did.
    Gone,
}
