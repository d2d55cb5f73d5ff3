//! What two participants tell each other to build their peer connection, through a hub that does not read it or on
//! their data channel.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Seal;

/// What two participants tell each other to build their peer connection (RFC 8829, W3C WebRTC 1.0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Signal {
    /// A session description.
    Description {
        /// What `setRemoteDescription` takes.
        description: Description,
    },
    /// An ICE candidate (RFC 8838), or the end of them.
    Candidate {
        /// What `addIceCandidate` takes; absent: no more will come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        candidate: Option<Candidate>,
    },
    /// The answering side asks the offering side for an ICE restart: only one side ever offers.
    RestartWanted,
    /// "You have come back, and I have no connection with you": the returned side offers anew, unless it has just done so.
    OfferWanted,
}

/// W3C's RTCSessionDescriptionInit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Description {
    /// Offer or answer.
    #[serde(rename = "type")]
    pub kind: DescriptionKind,
    /// The session description (RFC 8866).
    pub sdp: String,
    /// Counts the offers between two participants from 0; an answer repeats its offer's. What comes late or twice is
    /// known by it.
    #[serde(default)]
    pub round: u32,
    /// The sender's proof. Without it a description is not for `setRemoteDescription`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seal: Option<Seal>,
}

impl std::fmt::Debug for Description {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Addresses and fingerprints stay out of every log.
        write!(formatter, "Description({:?} {}, {} bytes)", self.kind, self.round, self.sdp.len())
    }
}

/// The two sorts of description that Earshot uses (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum DescriptionKind {
    /// From the newcomer.
    Offer,
    /// From who was there.
    Answer,
}

/// W3C's RTCIceCandidateInit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The candidate attribute (RFC 8839, section 5.1).
    pub candidate: String,
    /// The media line's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sdp_mid: Option<String>,
    /// The media line's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sdp_m_line_index: Option<u16>,
    /// The ICE ufrag of its generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username_fragment: Option<String>,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Candidate(..)")
    }
}
