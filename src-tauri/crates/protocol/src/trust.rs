//! What an owner's node remembers of other devices, in the words of its windows.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::DeviceId;

/// How well a device is known. Its key is the same as ever in each case; a key is what a device *is*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Never talked to: the first meeting is still to come.
    #[default]
    Stranger,
    /// Talked to before, and trusted since the first time.
    Met,
    /// Two people have compared the short code.
    Verified,
}

/// What does not fit about the name that a device gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum NameWarning {
    /// Another device is known under this name, or one that looks like it: "This is not the Bob you know".
    Taken {
        /// The one that is known.
        by: DeviceId,
        /// What it is called here.
        name: String,
    },
    /// This device had another name when it was met.
    Changed {
        /// The name it had.
        from: String,
        /// The name it gives now.
        to: String,
    },
}

/// What the owner's memory says of one device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct Standing {
    /// What to call them: the owner's own name for them, else the name that was kept, else the one they give.
    pub name: String,
    /// How well they are known.
    pub trust: Trust,
    /// They never ring, and do not see that the owner is available.
    pub blocked: bool,
    /// What does not fit about their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub warning: Option<NameWarning>,
}

/// A device that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KnownDevice {
    /// Which.
    pub device: DeviceId,
    /// Its short form, for people.
    pub short_id: String,
    /// Name, trust, block and warning, as everywhere.
    pub standing: Standing,
    /// The name they gave when they were met, or that the owner has accepted since.
    pub kept_name: String,
    /// The owner's own name for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub own_name: Option<String>,
    /// First met, ms since 1970 UTC.
    #[ts(type = "number")]
    pub first_met: u64,
    /// Last met, ms since 1970 UTC.
    #[ts(type = "number")]
    pub last_met: u64,
}
