//! What a page is told of a connection without asking.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ChannelInit, ChannelKey, Codec, Line};

/// What happens to a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// A local candidate was found; null when all are.
    Candidate {
        /// Null at the end.
        candidate: Option<LocalCandidate>,
    },
    /// W3C `RTCIceGatheringState`.
    Gathering {
        /// `new`, `gathering`, `complete`.
        state: Gathering,
    },
    /// W3C `RTCIceConnectionState`.
    Ice {
        /// Now.
        state: IceState,
    },
    /// The pair of candidates that is used from now on: always before `connected`.
    Pair {
        /// Ours.
        local: PairEnd,
        /// Theirs.
        remote: PairEnd,
    },
    /// W3C `RTCDtlsTransportState`.
    Dtls {
        /// Now.
        state: DtlsState,
    },
    /// What a line sends was agreed: the page codes so from now on. `codec` is null when nothing is sent.
    SendCodec {
        /// Which line.
        line: Line,
        /// What.
        codec: Option<Codec>,
    },
    /// The first sound or picture has come on a line since it was agreed that it receives.
    Came {
        /// Which line.
        line: Line,
    },
    /// They cannot decode without a keyframe.
    KeyframeWanted {
        /// Which line.
        line: Line,
    },
    /// What the line can carry has changed.
    Target {
        /// Which line.
        line: Line,
        /// bit/s for the encoder; 0 to pause.
        bitrate: u32,
    },
    /// What is being heard, ten times a second while a voice is.
    Heard {
        /// Which line.
        line: Line,
        /// RMS, 0 to 1 (W3C `RTCRtpContributingSource.audioLevel`).
        level: f32,
        /// Theirs.
        ssrc: u32,
        /// Of the newest packet.
        rtp_timestamp: u32,
    },
    /// The other side opened a channel.
    Channel {
        /// As they wish it; `key` was given by this side.
        channel: ChannelInit,
        /// Stream id.
        id: u16,
    },
    /// A channel of either side is open.
    ChannelOpen {
        /// Which.
        channel: ChannelKey,
        /// Stream id.
        id: u16,
    },
    /// A channel was closed, by either side.
    ChannelClosed {
        /// Which.
        channel: ChannelKey,
    },
    /// Less than the threshold waits.
    ChannelLow {
        /// Which.
        channel: ChannelKey,
    },
    /// So many bytes have left a channel's queue since the last time: `bufferedAmount` sinks by them.
    ChannelSent {
        /// Which.
        channel: ChannelKey,
        /// Bytes.
        bytes: u32,
    },
    /// The connection broke for good, for a reason of this side.
    Failed {
        /// For a developer.
        message: String,
    },
}

/// W3C `RTCIceCandidate`, one of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LocalCandidate {
    /// `candidate:…`
    pub candidate: String,
    /// Of the m-line that all are bundled on.
    pub mid: String,
    /// Its index.
    pub line: Line,
    /// `a=ice-ufrag` of the description it belongs to.
    pub ufrag: String,
}

/// One end of a pair of candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PairEnd {
    /// IP address.
    pub address: String,
    /// UDP port.
    pub port: u16,
    /// W3C `RTCIceCandidateType`: `host`, `srflx`, `prflx`, `relay`.
    pub kind: String,
    /// 0 for one that only showed itself.
    pub priority: u32,
}

/// W3C `RTCIceGatheringState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Gathering {
    /// Not begun.
    New,
    /// On it.
    Gathering,
    /// Done.
    Complete,
}

/// W3C `RTCIceConnectionState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum IceState {
    /// Waits for candidates.
    New,
    /// Checks pairs.
    Checking,
    /// Found one.
    Connected,
    /// Found the best.
    Completed,
    /// Nothing came for a while.
    Disconnected,
    /// None works.
    Failed,
    /// Over.
    Closed,
}

/// W3C `RTCDtlsTransportState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum DtlsState {
    /// Not begun.
    New,
    /// Shaking hands.
    Connecting,
    /// The fingerprint was right.
    Connected,
    /// Over.
    Closed,
    /// A wrong fingerprint, or no handshake.
    Failed,
}
