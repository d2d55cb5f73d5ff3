//! Rooms: who may come in, who is there, and what is told of a room to whom.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ice::IceServer;
use crate::limits::{
    MAX_PARTICIPANTS, MAX_PASSWORD_BYTES, MAX_PASSWORD_CHARS, MAX_REMEMBERED, MAX_TITLE_BYTES,
    MAX_TITLE_CHARS,
};
use crate::person::is_line;
use crate::{DeviceId, DeviceKind, ErrorCode, HubRef, Media, Person, RoomId, RoomRef};

/// Who may come into a room without having been admitted. Whoever was in it before may come back through any door,
/// unless the host has removed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// Whoever knows the room, and its password if there is one.
    #[default]
    Open,
    /// Whoever is let in by the host, or knows the password if there is one.
    Knock,
    /// Nobody.
    Locked,
}

/// What the host of a room sets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoomRules {
    /// A name for people, at most [`MAX_TITLE_CHARS`] characters; may be empty.
    pub title: String,
    /// Who may come in.
    pub door: Door,
    /// What to know beside the room; 1 to [`MAX_PASSWORD_CHARS`] characters. Every participant knows it, so that each
    /// can tell it to a colleague.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<String>,
    /// How many may be in it, 2 to [`MAX_PARTICIPANTS`].
    pub capacity: u16,
    /// Whoever sees its host sees the room as well, unless its door is locked. Absent: no.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub listed: bool,
}

impl std::fmt::Debug for RoomRules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Title and password stay out of every log.
        formatter
            .debug_struct("RoomRules")
            .field("door", &self.door)
            .field("capacity", &self.capacity)
            .field("listed", &self.listed)
            .finish_non_exhaustive()
    }
}

impl RoomRules {
    /// An open room without a name for so many.
    #[must_use]
    pub const fn open_to(capacity: u16) -> Self {
        Self { title: String::new(), door: Door::Open, password: None, capacity, listed: false }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// [`ErrorCode::Malformed`].
    pub fn check(&self) -> Result<(), ErrorCode> {
        let capacity = (2..=MAX_PARTICIPANTS).contains(&u32::from(self.capacity));
        let password = self.password.as_deref().is_none_or(is_password);
        if capacity && password && is_line(&self.title, MAX_TITLE_CHARS, MAX_TITLE_BYTES) {
            Ok(())
        } else {
            Err(ErrorCode::Malformed)
        }
    }
}

/// Whether a text may be a room's password.
#[must_use]
pub fn is_password(text: &str) -> bool {
    !text.trim().is_empty() && is_line(text, MAX_PASSWORD_CHARS, MAX_PASSWORD_BYTES)
}

/// Where a room is held: one of its lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Home {
    /// The hub that holds it.
    pub hub: HubRef,
    /// How often the room has moved before.
    pub epoch: u32,
}

/// What a participant's node says when it is asked where a room is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Whereabouts {
    /// There, and well as far as it knows.
    In {
        /// Where.
        home: Home,
    },
    /// The room's hub is gone; it looks for it, too.
    Looking,
    /// It has left the room on purpose, or knows of none.
    Left,
}

/// A room that its own hub shall hold for the owner, because the hub it had is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HeldRoom {
    /// Which room.
    pub room: RoomId,
    /// How often it has moved, this time included.
    pub epoch: u32,
    /// The hub that it was made at.
    pub origin: DeviceId,
    /// What its host has set.
    pub rules: RoomRules,
    /// Who ran it last, and does so again if they come back soon.
    pub host: DeviceId,
    /// Who made it.
    pub founder: DeviceId,
    /// Who was in it: they come back through any door. At most [`MAX_REMEMBERED`].
    pub members: Vec<DeviceId>,
    /// Whom its hosts have removed. At most [`MAX_REMEMBERED`].
    pub removed: Vec<DeviceId>,
    /// How its owner is in it.
    pub media: Media,
}

impl HeldRoom {
    /// Checks every bound.
    ///
    /// # Errors
    /// [`ErrorCode::Malformed`].
    pub fn check(&self) -> Result<(), ErrorCode> {
        let few = |devices: &Vec<DeviceId>| devices.len() <= MAX_REMEMBERED as usize;
        if few(&self.members) && few(&self.removed) { self.rules.check() } else { Err(ErrorCode::Malformed) }
    }
}

/// A room as a newcomer finds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RoomState {
    /// Which room, and where.
    pub room: RoomRef,
    /// How often it has moved.
    #[serde(default)]
    #[ts(as = "Option<u32>", optional)]
    pub epoch: u32,
    /// The hub that it was made at, if it has moved: what participants seal for each other names that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub origin: Option<DeviceId>,
    /// What its host has set.
    pub rules: RoomRules,
    /// The participant who runs it.
    pub host: DeviceId,
    /// Who made it, and may take the host's role back while present.
    pub founder: DeviceId,
    /// Who is in it, without the newcomer, in the order of coming. The newcomer offers to each of them.
    pub participants: Vec<Participant>,
    /// What may help to connect.
    pub ice_servers: Vec<IceServer>,
}

/// Somebody in a room, or before its door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Participant {
    /// Whose device; one place in a room for each.
    pub device: DeviceId,
    /// What it says of itself.
    pub person: Person,
    /// What sort of device.
    pub kind: DeviceKind,
    /// How they came in.
    pub media: Media,
    /// Where their own hub is reached, which can hold the room when its hub is gone; absent for browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hub: Option<HubRef>,
}

/// What anybody who knows a room is told before they come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoomSummary {
    /// Its name; may be empty.
    pub title: String,
    /// Who may come in.
    pub door: Door,
    /// A password is asked for, or spares one the knocking.
    pub has_password: bool,
    /// How many may be in it.
    pub capacity: u16,
    /// How many are.
    pub present: u16,
}

/// Why somebody is no longer in a room, or no longer waits before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveReason {
    /// They left.
    Left,
    /// Their connection was gone for longer than [`RESUME_GRACE`](crate::limits::RESUME_GRACE) ms.
    Lost,
    /// The host removed them, or did not let them in.
    Removed,
    /// The host ended the room for all, or the last one has left it.
    Ended,
    /// The hub shut down, or the link to it was lost for good.
    HubGone,
}
