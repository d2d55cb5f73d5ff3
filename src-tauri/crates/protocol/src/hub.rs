//! What is said between a hub and anybody who visits it: over TLS between installs, over a server's `/ws`, and (from
//! the welcome on, without challenge and hello) between a node and its own window.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::limits::{MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_ANSWER_CHARS, MAX_BLOCKED};
use crate::person::is_line;
use crate::room::is_password;
use crate::{
    DeviceId, DeviceKind, Digest, ErrorCode, HubRef, Media, Nonce, PakeMessage, Person, Presence, PublicKey,
    RequestId, ResumeToken, RingId, RoomId, RoomRef, Seq, Signature,
};

pub use crate::listing::{FoundRoom, OpenRoom, RoomCode};
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

/// Who knocks. The signature is over [`hello_to_sign`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Hello {
    /// Versions the visitor speaks.
    pub versions: Vec<u16>,
    /// The device's public key.
    pub key: PublicKey,
    /// An install or a guest.
    pub kind: DeviceKind,
    /// What the device says of itself.
    pub person: Person,
    /// What the signature is bound to beside hub and challenge.
    #[serde(default)]
    pub binding: Binding,
    /// Proof that the visitor holds the key, for this hub, this challenge and this connection.
    pub signature: Signature,
    /// Proof that the visitor knows the office's phrase; in answer to a challenge that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phrase: Option<PhraseProof>,
    /// A place to have back after a dropped connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resume: Option<Resume>,
}

/// A place to have back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Resume {
    /// The token of the last welcome.
    pub token: ResumeToken,
    /// The highest number received: what comes after is sent again.
    pub seen: Seq,
}

/// What ties a hello to its connection, so that whoever stands between cannot pass it on. A hub takes from an install
/// the one that its challenge names, and nothing else; an install that is lied to about it signs what the hub it was
/// meant for does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// Nothing: guests only. A browser's page cannot know its connection, and its key belongs to the server's origin.
    #[default]
    None,
    /// The TLS exporter of the connection (RFC 9266), where the hub ends TLS itself.
    TlsExporter,
    /// The host name that the visitor dialled, see [`server_name`]: where a proxy ends TLS, there are two connections.
    ServerName,
}

/// Proof of knowing the office's phrase: the visitor's half of SPAKE2 (RFC 9382) and its key confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhraseProof {
    /// The visitor's message.
    pub message: PakeMessage,
    /// The visitor's confirmation.
    pub confirmation: Digest,
}

/// The bytes that a hello's signature covers: a label, the hub's device id, the nonce, the device's own key, and what
/// the hello is bound to: the TLS exporter of the connection, [`server_name`], or zeros with [`Binding::None`]. So a
/// proof made for one hub and connection is worth nothing at another.
#[must_use]
pub fn hello_to_sign(hub: &DeviceId, nonce: &Nonce, key: &PublicKey, bound: Option<&[u8; 32]>) -> Vec<u8> {
    let mut bytes = b"earshot hello v1\0".to_vec();
    bytes.extend_from_slice(&hub.0);
    bytes.extend_from_slice(&nonce.0);
    bytes.extend_from_slice(&key.0);
    bytes.extend_from_slice(bound.unwrap_or(&[0; 32]));
    bytes
}

/// What stands in a hello's signature with [`Binding::ServerName`]: SHA-256 over a label, a zero byte and the host, a
/// name in lower case without a dot at its end or an IP address without brackets; no port.
#[must_use]
pub fn server_name(host: &str) -> [u8; 32] {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    // An address has many spellings.
    let host = host.parse::<std::net::IpAddr>().map_or(host, |address| address.to_string());
    let mut hashed = b"earshot server name v1\0".to_vec();
    hashed.extend_from_slice(host.as_bytes());
    let mut name = [0; 32];
    name.copy_from_slice(digest::digest(&digest::SHA256, &hashed).as_ref());
    name
}

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

/// W3C's RTCIceServer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs (RFC 7064, RFC 7065).
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

impl std::fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "IceServer({} urls)", self.urls.len())
    }
}

impl IceServer {
    /// Checks scheme, number and length.
    ///
    /// # Errors
    /// [`ErrorCode::SettingInvalid`].
    pub fn check(&self) -> Result<(), ErrorCode> {
        let url_is_good = |url: &String| {
            url.len() <= MAX_ADDRESS_BYTES as usize
                && ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme))
        };
        let short = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= 512);
        if !self.urls.is_empty()
            && self.urls.len() <= 4
            && self.urls.iter().all(url_is_good)
            && short(&self.username)
            && short(&self.credential)
        {
            Ok(())
        } else {
            Err(ErrorCode::SettingInvalid)
        }
    }
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
