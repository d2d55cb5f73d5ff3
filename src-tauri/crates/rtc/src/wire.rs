//! What the page and this process say to each other, on one loopback WebSocket per page.
//!
//! Text frames are JSON: [`FromPage`] one way, [`ToPage`] the other. Binary frames are media and data-channel
//! messages, see [`crate::frame`]. Names are those of W3C WebRTC 1.0; `#[serde]` spells them as it does.
//!
//! A page numbers its connections (`pc`), sound sources and channels itself. What names a number that is not open is
//! answered by [`Fault::Closed`] or, where nothing is answered, dropped.

mod event;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use event::{DtlsState, Event, Gathering, IceState, LocalCandidate, PairEnd};

/// The most bytes of a text frame: a description with many candidates is below 32 KB.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// The most bytes of a binary frame: a keyframe of 4K is below 2 MB.
pub const MAX_BINARY_BYTES: usize = 4 * 1024 * 1024;
/// The most connections of one page.
pub const MAX_CONNECTIONS: usize = 64;
/// The most data channels of one connection.
pub const MAX_CHANNELS: usize = 64;
/// The most m-lines of one description.
pub const MAX_LINES: usize = 64;
/// The most remote candidates of one ICE generation; the rest are dropped.
pub const MAX_REMOTE_CANDIDATES: usize = 128;
/// The most bytes of a data-channel message either way (`a=max-message-size`).
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// A connection, as the page numbers it.
pub type Pc = u32;
/// A sound source of the page: one captured track.
pub type SourceId = u32;
/// A data channel, as the page numbers it within its connection. Channels that the other side opens get numbers from
/// this side, from [`FIRST_REMOTE_CHANNEL`] on.
pub type ChannelKey = u32;
/// An m-line's index in the description, which never changes.
pub type Line = u16;

/// Where numbers of channels begin that the other side opened.
pub const FIRST_REMOTE_CHANNEL: ChannelKey = 0x8000_0000;

/// A text frame of the page.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FromPage {
    /// Answered once, by [`ToPage::Reply`] with the same id.
    pub id: u32,
    /// What is wished.
    pub request: Request,
}

/// A text frame to the page.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToPage {
    /// The answer to a request.
    Reply {
        /// The request's.
        id: u32,
        /// What was done.
        reply: Reply,
    },
    /// The refusal of a request.
    Refused {
        /// The request's.
        id: u32,
        /// Why.
        fault: Fault,
        /// For a developer; never shown to people.
        message: String,
    },
    /// Something happened to a connection.
    Event {
        /// Which.
        pc: Pc,
        /// What.
        event: Event,
    },
}

/// Why something was not done; the page makes the DOMException of this name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
pub enum Fault {
    /// A description or candidate could not be read, or wants what cannot be.
    #[error("OperationError")]
    OperationError,
    /// Not in this state.
    #[error("InvalidStateError")]
    InvalidStateError,
    /// A parameter out of its range.
    #[error("InvalidAccessError")]
    InvalidAccessError,
    /// A description that is not the one that was made.
    #[error("InvalidModificationError")]
    InvalidModificationError,
    /// Not built.
    #[error("NotSupportedError")]
    NotSupportedError,
    /// No such connection, channel or source, or it is closed.
    #[error("Closed")]
    Closed,
    /// Too many of something.
    #[error("QuotaExceededError")]
    QuotaExceededError,
}

/// W3C `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<String>,
}

/// W3C `RTCConfiguration`, what of it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Configuration {
    /// Where server-reflexive and relay candidates come from.
    pub ice_servers: Vec<IceServer>,
    /// W3C `RTCIceTransportPolicy` is `relay`: only relay candidates.
    pub relay_only: bool,
}

/// `audio` or `video`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// W3C `RTCRtpTransceiverDirection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways.
    Sendrecv,
    /// To them.
    Sendonly,
    /// From them.
    Recvonly,
    /// Neither.
    Inactive,
    /// For good.
    Stopped,
}

/// A codec as `RTCRtpCodec` spells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Codec {
    /// `video/VP8`, `video/H264`, `audio/opus`.
    pub mime_type: String,
    /// Hz of the RTP clock.
    pub clock_rate: u32,
    /// 2 for Opus, absent for pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub channels: Option<u8>,
    /// `profile-level-id=42e01f;…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sdp_fmtp_line: Option<String>,
}

/// A transceiver as the page wants it in the next description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Transceiver {
    /// Its m-line, once it has one.
    pub line: Option<Line>,
    /// Of its tracks.
    pub kind: Kind,
    /// Wanted.
    pub direction: Direction,
    /// Ids of the streams that its sender names (`a=msid`); may be empty.
    pub streams: Vec<String>,
    /// Id of the sender's track in `a=msid`.
    pub track: String,
    /// In the order of preference; empty for the order of this side.
    pub codecs: Vec<Codec>,
}

/// W3C `RTCSdpType` without `pranswer`, which nobody sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SdpType {
    /// Asks.
    Offer,
    /// Answers.
    Answer,
}

/// W3C `RTCDataChannelInit`, and the label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelInit {
    /// The page's number for it.
    pub key: ChannelKey,
    /// A name for people and programs.
    pub label: String,
    /// In order.
    pub ordered: bool,
    /// ms after which a message is not sent again.
    pub max_packet_life_time: Option<u16>,
    /// Times that a message is sent again.
    pub max_retransmits: Option<u16>,
    /// Subprotocol.
    pub protocol: String,
    /// The stream id that both sides agreed on, or null for a channel that is announced in-band (RFC 8832).
    pub negotiated: Option<u16>,
}

/// What a sender may use: W3C `RTCRtpEncodingParameters`, and what of it matters to the share of the line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Encoding {
    /// False: nothing is sent.
    pub active: bool,
    /// bit/s; null for the default of the kind.
    pub max_bitrate: Option<u32>,
    /// `very-low`, `low`, `medium`, `high`.
    pub priority: Priority,
}

/// W3C `RTCPriorityType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Half a share.
    VeryLow,
    /// One share.
    Low,
    /// Two shares.
    Medium,
    /// Four shares.
    High,
}

/// W3C `MediaTrackSettings` of a microphone: what is done to its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SourceOptions {
    /// What is played is taken out.
    pub echo_cancellation: bool,
    /// A fan is taken out.
    pub noise_suppression: bool,
    /// Quiet people are made louder.
    pub auto_gain_control: bool,
    /// 1 or 2.
    pub channels: u8,
    /// Speech, not music: the encoder's mode and whether silence may be left out (DTX).
    pub speech: bool,
}

/// What a page may wish.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// Opens a connection. Answer: `done`.
    Open {
        /// Not open yet.
        pc: Pc,
        /// Its.
        configuration: Configuration,
    },
    /// W3C `setConfiguration`: takes effect at the next gathering. Answer: `done`.
    SetConfiguration {
        /// Which.
        pc: Pc,
        /// Its new one.
        configuration: Configuration,
    },
    /// Answer: `offer`. Changes nothing that the other side could see; a later one replaces it.
    CreateOffer {
        /// Which.
        pc: Pc,
        /// All of them, in their order; those without a line get one.
        transceivers: Vec<Transceiver>,
        /// New ICE credentials.
        ice_restart: bool,
    },
    /// After `set-remote` with an offer. Answer: `answer`.
    CreateAnswer {
        /// Which.
        pc: Pc,
        /// All of them, in their order; those of the offer have their line.
        transceivers: Vec<Transceiver>,
    },
    /// The description that was made last holds now: candidates are gathered, media may come. Answer: `done`.
    SetLocal {
        /// Which.
        pc: Pc,
        /// What is set.
        kind: SdpType,
    },
    /// Forgets the offer, of either side, that has no answer yet. Answer: `done`.
    Rollback {
        /// Which.
        pc: Pc,
    },
    /// Answer: `remote`.
    SetRemote {
        /// Which.
        pc: Pc,
        /// What is set.
        kind: SdpType,
        /// Theirs.
        sdp: String,
    },
    /// A remote candidate, or their end when `candidate` is empty. Answer: `done`.
    AddCandidate {
        /// Which.
        pc: Pc,
        /// `candidate:…` (RFC 8839, section 5.1).
        candidate: String,
        /// The m-line, by its id or index; one of both is given.
        mid: Option<String>,
        /// See `mid`.
        line: Option<Line>,
        /// Of the description it belongs to, if it is told.
        ufrag: Option<String>,
    },
    /// Answer: `done`; the channel opens later.
    OpenChannel {
        /// Which.
        pc: Pc,
        /// What.
        channel: ChannelInit,
    },
    /// Answer: `done`; the channel closes later.
    CloseChannel {
        /// Which.
        pc: Pc,
        /// What.
        channel: ChannelKey,
    },
    /// `bufferedAmountLowThreshold`. Answer: `done`.
    SetChannelLow {
        /// Which.
        pc: Pc,
        /// What.
        channel: ChannelKey,
        /// Bytes.
        threshold: u32,
    },
    /// What a sender may use, and whether it has something to send. Answer: `done`.
    SetSender {
        /// Which.
        pc: Pc,
        /// Which line.
        line: Line,
        /// Has a track that is live.
        sending: bool,
        /// Its share of the line.
        encoding: Encoding,
        /// bit/s that the picture can make use of as it is now (its size and rate); null when not known.
        useful_bitrate: Option<u32>,
    },
    /// Asks them for a keyframe: the decoder cannot go on. Answer: `done`.
    WantKeyframe {
        /// Which.
        pc: Pc,
        /// Which line.
        line: Line,
    },
    /// A captured track begins; its sound follows in binary frames. Answer: `done`.
    OpenSource {
        /// Not open yet.
        source: SourceId,
        /// What is done to it.
        options: SourceOptions,
    },
    /// Answer: `done`.
    CloseSource {
        /// Which.
        source: SourceId,
    },
    /// What a voice line sends; null for nothing. Answer: `done`.
    Attach {
        /// Which.
        pc: Pc,
        /// Which line.
        line: Line,
        /// What.
        source: Option<SourceId>,
    },
    /// Answer: `stats`.
    GetStats {
        /// Which.
        pc: Pc,
    },
    /// Closes a connection for good. Answer: `done`.
    Close {
        /// Which.
        pc: Pc,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Reply {
    /// It is done, or begun.
    Done,
    /// To `create-offer` and `create-answer`.
    Description {
        /// Made here.
        sdp: String,
        /// m-line and mid of each transceiver of the request, in its order; null for one that got none.
        lines: Vec<Option<LineId>>,
    },
    /// To `set-remote`.
    Remote {
        /// Each audio and video m-line, in order.
        media: Vec<RemoteMedia>,
        /// Whether they want data channels.
        channels: bool,
        /// Of the description (`a=ice-ufrag`).
        ufrag: String,
    },
    /// To `get-stats`.
    Stats {
        /// W3C webrtc-stats dictionaries, each with `id`, `type` and `timestamp`; `inbound-rtp` and `outbound-rtp` carry
        /// `mid`, by which the page adds what only the coders know.
        #[ts(type = "Record<string, unknown>[]")]
        entries: Vec<serde_json::Map<String, serde_json::Value>>,
    },
}

/// An m-line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LineId {
    /// Its index.
    pub line: Line,
    /// Its identification (`a=mid`).
    pub mid: String,
}

/// An m-line of theirs, as it holds from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RemoteMedia {
    /// Its index.
    pub line: Line,
    /// Its identification.
    pub mid: String,
    /// Of its tracks.
    pub kind: Kind,
    /// As they see it; `stopped` for one that is rejected (port 0).
    pub direction: Direction,
    /// Their streams (`a=msid`).
    pub streams: Vec<String>,
    /// Their track's id, or "".
    pub track: String,
    /// What both can, in their order. After an answer the first is what is sent.
    pub codecs: Vec<Codec>,
}
