//! What is said between a hub and anybody who visits it: over TLS between installs, over a server's `/ws`, and (from
//! the welcome on, without challenge and hello) between a node and its own window.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    DeviceId, Digest, ErrorCode, HubRef, Media, Nonce, PakeMessage, Presence, RequestId, ResumeToken, RingId,
    RoomId, RoomRef, Seq,
};

pub use crate::hello::{Binding, Hello, PhraseProof, Resume, hello_to_sign, server_name};
pub use crate::ice::IceServer;
pub use crate::listing::{FoundRoom, OpenRoom, RoomCode};
pub use crate::request::{Request, RingAnswer, RingEnd};
pub use crate::room::{
    Door, HeldRoom, Home, LeaveReason, Participant, RoomRules, RoomState, RoomSummary, Whereabouts,
};
pub use crate::signal::{Candidate, Description, DescriptionKind, Signal};

/// What a visitor says to a hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToHub {
    /// The answer to the challenge; always first.
    Hello(Hello),
    /// Asks for something; answered once, by `ok` or `error` with the same id.
    Request {
        /// 1, 2, 3 … within the place.
        id: RequestId,
        /// What is asked for.
        request: Request,
    },
    /// "I am still here", every [`PING_INTERVAL`](crate::limits::PING_INTERVAL) ms; answered by `pong`.
    Ping {
        /// The highest number received: the hub may forget up to there.
        seen: Seq,
    },
    /// Leaving on purpose: the place is given up at once.
    Goodbye,
}

/// What a hub says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromHub {
    /// First of all: prove who you are.
    Challenge {
        /// Versions the hub speaks.
        versions: Vec<u16>,
        /// The hub's device id.
        hub: DeviceId,
        /// What to sign.
        nonce: Nonce,
        /// What an install's hello must be bound to: [`Binding::TlsExporter`] where the hub ends TLS itself, else
        /// [`Binding::ServerName`].
        #[serde(default)]
        #[ts(as = "Option<Binding>", optional)]
        binding: Binding,
        /// The hub's half of SPAKE2 (RFC 9382), where only those who know the office's phrase are let in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        phrase: Option<PakeMessage>,
    },
    /// You are in. Everything known up to here; what changes later is told by numbered messages.
    Welcome(Welcome),
    /// You are not, or no longer; the connection is closed after this.
    Refused {
        /// Why.
        code: ErrorCode,
    },
    /// Something that must not be missed, numbered within the place.
    Message {
        /// 1, 2, 3 …
        seq: Seq,
        /// What.
        message: HubMessage,
    },
    /// The answer to a ping.
    Pong,
}

/// Everything a visitor needs to know on arrival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Welcome {
    /// The version both will speak.
    pub version: u16,
    /// The visitor's own device id, as the hub sees it.
    pub you: DeviceId,
    /// The hub.
    pub hub: HubRef,
    /// A name for the hub, for people; a company's, or empty.
    pub title: String,
    /// Who is here, without the visitor. On the LAN a hub shows only its owner.
    pub people: Vec<Presence>,
    /// The hub's listed rooms, at most [`MAX_LISTED`](crate::limits::MAX_LISTED); what changes is told by
    /// `rooms-changed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<OpenRoom>>", optional)]
    pub rooms: Vec<OpenRoom>,
    /// What may help to connect.
    pub ice_servers: Vec<IceServer>,
    /// What brings this place back.
    pub resume: ResumeToken,
    /// The hub's confirmation that it knows the phrase too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phrase: Option<Digest>,
    /// True: the place is the old one, and everything after [`Resume::seen`] follows. False: a new place, numbers
    /// start at 1 and no room or ring of before is left.
    pub resumed: bool,
}

/// A numbered message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum HubMessage {
    /// A request was carried out.
    Ok {
        /// Which.
        id: RequestId,
        /// With what result.
        reply: Reply,
    },
    /// A request was not.
    Error {
        /// Which.
        id: RequestId,
        /// Why.
        code: ErrorCode,
    },
    /// Something happened.
    Event {
        /// What.
        event: Event,
    },
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "an answer lives for a moment; a box would only cost an allocation"
)]
pub enum Reply {
    /// Nothing more to say.
    Done,
    /// The room one is in now.
    Room(RoomState),
    /// The host has been asked whether one may come in.
    Knocking,
    /// A room, before one comes in.
    Summary(RoomSummary),
    /// The rooms of a code; never none.
    Found {
        /// At most [`MAX_FOUND`](crate::limits::MAX_FOUND).
        rooms: Vec<FoundRoom>,
    },
    /// Where the room is, as far as this participant knows.
    Whereabouts {
        /// That.
        whereabouts: Whereabouts,
    },
    /// The room is held there now: ask there.
    Moved {
        /// Where.
        to: Home,
    },
    /// It rings there.
    Ring {
        /// The ring's id.
        ring: RingId,
    },
}

/// What a hub tells unasked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// Somebody came, or what is known of them has changed. The whole entry, keyed by device and `via`.
    PersonHere {
        /// The entry.
        presence: Presence,
    },
    /// Somebody went.
    PersonGone {
        /// Whose device.
        device: DeviceId,
        /// From which hub's list, as in [`Presence::via`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        via: Option<DeviceId>,
    },
    /// The list of rooms has changed; told at most once in [`LISTING_PAUSE`](crate::limits::LISTING_PAUSE) ms.
    RoomsChanged {
        /// Whose list.
        hub: HubRef,
        /// Rooms that are new or have changed, each as a whole; together with the others never more than
        /// [`MAX_LISTED`](crate::limits::MAX_LISTED).
        here: Vec<OpenRoom>,
        /// Rooms that are not to be listed any more.
        gone: Vec<RoomId>,
    },
    /// Somebody rings.
    Ringing {
        /// The ring's id.
        ring: RingId,
        /// Who.
        from: Presence,
        /// Into which room.
        room: RoomRef,
        /// How they want to talk.
        media: Media,
    },
    /// A ring, made or received, has ended. Said once to each side.
    RingEnded {
        /// Which.
        ring: RingId,
        /// How.
        end: RingEnd,
    },
    /// A newcomer; an offer from them follows.
    ParticipantJoined {
        /// In which room.
        room: RoomId,
        /// Who.
        participant: Participant,
    },
    /// Somebody who was in the room before it moved is in it again. Who has a connection with them keeps it; else an
    /// offer from them follows.
    ParticipantReturned {
        /// In which room.
        room: RoomId,
        /// Who.
        participant: Participant,
    },
    /// The room is held elsewhere now: one comes back there by a `return`. Nothing more is told of it here.
    RoomYielded {
        /// Which room.
        room: RoomId,
        /// Where it is.
        to: Home,
    },
    /// Another hub holds the room now, and one is in it again. Only a node says it, to its windows. Who has a connection
    /// with somebody there keeps it, and offers to the others.
    RoomMoved {
        /// Which room.
        room: RoomId,
        /// All of it, as after a `join`.
        state: RoomState,
    },
    /// A participant's connection with the hub is gone or there again. Told to the hub's owner.
    ParticipantSilent {
        /// In which room.
        room: RoomId,
        /// Who.
        device: DeviceId,
        /// It is gone.
        silent: bool,
    },
    /// Nobody is left in a room that the owner's hub held for others. Told to the hub's owner.
    RoomEmpty {
        /// Which room.
        room: RoomId,
    },
    /// Somebody has asked where a room is. Told to the hub's owner.
    RoomSought {
        /// Which room.
        room: RoomId,
        /// Who.
        by: DeviceId,
        /// Where they are, or were last.
        home: Home,
        /// They are there now.
        inside: bool,
    },
    /// A participant is no longer there.
    ParticipantLeft {
        /// Of which room.
        room: RoomId,
        /// Who.
        device: DeviceId,
        /// Why.
        reason: LeaveReason,
    },
    /// Somebody else runs the room now.
    HostChanged {
        /// Which room.
        room: RoomId,
        /// Who runs it.
        host: DeviceId,
    },
    /// A participant says something else of themselves, or their hub is reached elsewhere.
    ParticipantChanged {
        /// In which room.
        room: RoomId,
        /// The whole entry.
        participant: Participant,
    },
    /// The host has set something else.
    RulesChanged {
        /// Of which room.
        room: RoomId,
        /// All of them.
        rules: RoomRules,
    },
    /// Somebody asks to be let in. Told to the host, to a new one again.
    Knocking {
        /// Into which room.
        room: RoomId,
        /// Who.
        participant: Participant,
    },
    /// Somebody knocks no longer: let in, not let in, or gone. Told to whom their knocking was told.
    KnockEnded {
        /// At which room.
        room: RoomId,
        /// Who.
        device: DeviceId,
    },
    /// Who knocked is let in: a `join` is taken now. A refusal is told by `room-closed`.
    LetIn {
        /// At which room.
        room: RoomId,
    },
    /// There is a place in a room that I wait for; told once. Whoever joins first has it.
    RoomHasPlace {
        /// Which room.
        room: RoomId,
    },
    /// The room is no more, or one is no longer in it, or one waits before it in vain.
    RoomClosed {
        /// Which room.
        room: RoomId,
        /// Why.
        reason: LeaveReason,
    },
    /// A signal of another participant.
    Signal {
        /// Of which room.
        room: RoomId,
        /// From whom.
        from: DeviceId,
        /// The signal.
        signal: Signal,
    },
}
