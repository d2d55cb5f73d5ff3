//! What a test asks of the attacking hub, as JSON over its control port.

use std::net::SocketAddr;

use earshot_protocol::hub::Signal;
use earshot_protocol::{DeviceId, DeviceKind};
use serde::{Deserialize, Serialize};

/// What the hub does to the signals and lists that pass through it, from now on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "attack", rename_all = "kebab-case")]
pub enum Attack {
    /// Nothing; but it keeps every description that it sees.
    #[default]
    Honest,
    /// Every fingerprint becomes one of its own; all else of a description, its seal too, stays.
    SwapFingerprints,
    /// Seals are taken off.
    StripSeals,
    /// In place of a description comes the one that its sender made in the first call that the hub saw.
    ReplayEarlier,
    /// The same, and everybody is told that the new call's room is that of the first.
    ReplayInSameRoom,
    /// Each person gets the description of the page in the middle instead of the other's.
    Middle {
        /// What the hub puts in place of the seals.
        forging: Forging,
    },
    /// This person is told of another room than the one they are in.
    MoveRoom {
        /// Whom it lies to.
        viewer: DeviceId,
    },
    /// To this person two devices, or two of anything, are swapped: each text becomes the other, both ways.
    Swap {
        /// Whom it lies to.
        viewer: DeviceId,
        /// What is swapped, as it stands in the JSON.
        texts: Vec<(String, String)>,
    },
    /// Everybody who is not an install is said to be of this kind.
    ClaimKind {
        /// Which.
        kind: DeviceKind,
    },
    /// Everybody is said to be well known and verified, in the words that only a node may use to its own windows.
    ClaimStanding,
    /// With each description come candidates that lead to these addresses: one without a ufrag, one with a ufrag of the
    /// hub's own.
    MisleadCandidates {
        /// Where the one without a ufrag leads.
        bare: SocketAddr,
        /// Where the one with a ufrag of the hub's own leads.
        foreign: SocketAddr,
    },
}

/// What the man in the middle puts in place of a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forging {
    /// No seal.
    Strip,
    /// The seal of the description that was replaced.
    Keep,
    /// A good seal by the attacker's own device key.
    Own,
}

/// Something the hub does at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Says to one that the other has sent this signal, in the room that both are in.
    Say {
        /// In whose name.
        from: DeviceId,
        /// To whom.
        to: DeviceId,
        /// What.
        signal: Signal,
    },
    /// Says again the first offer that one sent to the other in the latest room.
    ReplayOffer {
        /// Who sent it.
        from: DeviceId,
        /// To whom.
        to: DeviceId,
        /// The round it is said to be of; absent: its own.
        round: Option<u32>,
    },
}

/// What the hub has done and seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// One line for each lie that was told.
    pub lies: Vec<String>,
    /// Descriptions that people sent: who, to whom, offer or answer, round.
    pub descriptions: Vec<String>,
    /// Device and name of everybody who is connected.
    pub people: Vec<(DeviceId, String)>,
}
