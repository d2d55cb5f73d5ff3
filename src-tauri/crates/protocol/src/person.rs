//! What a device says of itself. A label, never an identity.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::limits::{MAX_NAME_BYTES, MAX_NAME_CHARS, MAX_NOTE_BYTES, MAX_NOTE_CHARS};
use crate::{DeviceId, ErrorCode, Standing};

/// Whether somebody wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// At the desk.
    #[default]
    Available,
    /// Not at the desk.
    Away,
    /// Prefers not to be called now.
    Busy,
    /// In a call; set by the node, not by the person.
    InCall,
}

impl Status {
    /// The wire form, also used in the mDNS TXT record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::InCall => "in-call",
        }
    }

    /// Reads the wire form; what a later version may add reads as [`Status::Available`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "away" => Self::Away,
            "busy" => Self::Busy,
            "in-call" => Self::InCall,
            _ => Self::Available,
        }
    }
}

/// What a device says of the person before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
pub struct Person {
    /// Display name, 1 to [`MAX_NAME_CHARS`] characters.
    pub name: String,
    /// Whether they want to be called.
    pub status: Status,
    /// One line of their own, at most [`MAX_NOTE_CHARS`] characters, often empty.
    pub note: String,
}

impl Person {
    /// Somebody available, with nothing more to say.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Checks lengths and characters.
    ///
    /// # Errors
    /// [`ErrorCode::NameInvalid`] for the name, [`ErrorCode::SettingInvalid`] for the note.
    pub fn check(&self) -> Result<(), ErrorCode> {
        if self.name.trim().is_empty() || !is_line(&self.name, MAX_NAME_CHARS, MAX_NAME_BYTES) {
            return Err(ErrorCode::NameInvalid);
        }
        if !is_line(&self.note, MAX_NOTE_CHARS, MAX_NOTE_BYTES) {
            return Err(ErrorCode::SettingInvalid);
        }
        Ok(())
    }
}

/// One line of text without control or direction-override characters, which could make one name look like another.
#[must_use]
pub fn is_line(text: &str, max_chars: u32, max_bytes: u32) -> bool {
    text.len() <= max_bytes as usize
        && text.chars().count() <= max_chars as usize
        && !text.chars().any(|c| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
}

/// What sort of device speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// An installed Earshot.
    #[default]
    Install,
    /// A browser tab that visits a server: its key lives no longer than the browser's storage.
    Guest,
    /// A browser tab whose browser keeps no such key: the one it has is gone with the page, so nobody can know it again.
    /// Calls with it are marked as unverified, and an owner may refuse them.
    Transient,
}

impl DeviceKind {
    /// The wire form, also in what a seal signs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Guest => "guest",
            Self::Transient => "transient",
        }
    }
}

/// Whether a listed person can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Present.
    #[default]
    Here,
    /// Announced a moment ago, but the machine no longer answers.
    Unreachable,
}

/// Somebody in a list of people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct Presence {
    /// Whose device.
    pub device: DeviceId,
    /// What it says of itself.
    pub person: Person,
    /// What sort of device.
    pub kind: DeviceKind,
    /// Whether it answers.
    pub reach: Reach,
    /// The hub whose directory lists them; absent: the hub that says this, or the local network when a node says it.
    /// A call to them takes place in a room made there ([`Request::CreateRoom`](crate::Request::CreateRoom)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub via: Option<DeviceId>,
    /// What the owner's memory says of this device. Only a node says it, to its own windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub standing: Option<Standing>,
}

/// How a person wants to talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Media {
    /// Voice only.
    #[default]
    Voice,
    /// Voice and camera.
    Video,
}
