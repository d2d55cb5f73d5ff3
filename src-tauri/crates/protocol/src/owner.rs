//! What is said between a node and its own windows, and on no other connection: settings, history, the machine.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::hub::{Description, HubMessage, IceServer, RingEnd};
use crate::seal::CODE_LENGTH;
use crate::{
    DeviceId, DeviceKind, ErrorCode, KnownDevice, Media, Person, Request, RequestId, RoomId, Seq, Standing,
    Status, Verify, Welcome,
};

/// What a window says to its node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToNode {
    /// Asks what any visitor may ask; the node knows which hub it belongs to.
    Request {
        /// Answered by a numbered `ok` or `error` with this id.
        id: RequestId,
        /// What.
        request: Request,
    },
    /// Asks what only the owner may ask.
    Owner {
        /// Answered by `owner-ok` or `owner-error` with this id.
        id: RequestId,
        /// What.
        request: OwnerRequest,
    },
}

/// What a node says to its windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromNode {
    /// First: as from a hub. `people` holds those of the local network and of the server.
    Welcome(Welcome),
    /// Second, and after each change: the owner's side of things.
    State(Box<NodeState>),
    /// As from a hub.
    Message {
        /// Counts up.
        seq: Seq,
        /// What.
        message: HubMessage,
    },
    /// An owner's request was carried out.
    OwnerOk {
        /// Which.
        id: RequestId,
        /// With what result.
        reply: OwnerReply,
    },
    /// An owner's request was not.
    OwnerError {
        /// Which.
        id: RequestId,
        /// Why.
        code: ErrorCode,
    },
    /// Something happened on the owner's side.
    Owner {
        /// What.
        event: OwnerEvent,
    },
    /// This window is no longer attached; it is told why and closed.
    Refused {
        /// Why.
        code: ErrorCode,
    },
}

/// What only the owner may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum OwnerRequest {
    /// Changes settings; what is absent stays. Answer: `done`, and a `state` to every window.
    ChangeSettings {
        /// The change.
        change: Box<SettingsChange>,
    },
    /// The latest calls, newest first. Answer: `calls`.
    ListCalls,
    /// Missed calls have been looked at. Answer: `done`.
    MarkCallsSeen,
    /// Forgets all calls. Answer: `done`.
    ClearCalls,
    /// Whether somebody looks at the list of people: only then the node checks that they still answer. Answer: `done`.
    Watch {
        /// Looking or not.
        watching: bool,
    },
    /// Signs a description with the device key. Answer: `sealed`.
    Seal {
        /// The hub that holds the room.
        hub: DeviceId,
        /// The room, which the window is in.
        room: RoomId,
        /// For whom.
        to: DeviceId,
        /// Without a seal.
        description: Description,
    },
    /// Checks a description that came, by whichever way. Answer: `opened`; else one of the codes `description-…`,
    /// `fingerprint-weak` or `unverified-refused`, and it must not be used.
    Open {
        /// The hub that holds the room.
        hub: DeviceId,
        /// The room, which the window is in.
        room: RoomId,
        /// From whom it says it is.
        from: DeviceId,
        /// With its seal.
        description: Description,
    },
    /// A step of comparing the short code with another participant. Answer: `verification`.
    Verify {
        /// The hub that holds the room.
        hub: DeviceId,
        /// The room, which the window is in.
        room: RoomId,
        /// With whom; a description of theirs was opened before.
        with: DeviceId,
        /// The step.
        step: VerifyStep,
    },
    /// Everybody who is remembered. Answer: `devices`.
    ListDevices,
    /// Remembers a device that is listed now, as if it had been talked to. Answer: `done`.
    RememberDevice {
        /// Which.
        device: DeviceId,
    },
    /// Gives a known device a name of the owner's own, or takes it back. Answer: `done`.
    RenameDevice {
        /// Which.
        device: DeviceId,
        /// The name; absent: the device's own again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        name: Option<String>,
    },
    /// From now on the name that a known device gives is the right one. Answer: `done`.
    AcceptName {
        /// Which.
        device: DeviceId,
    },
    /// Blocks a device, known or listed, or no longer. Answer: `done`.
    BlockDevice {
        /// Which.
        device: DeviceId,
        /// Blocked from now on, or not.
        blocked: bool,
    },
    /// Forgets a device: the next meeting is the first again. Answer: `done`.
    ForgetDevice {
        /// Which.
        device: DeviceId,
    },
    /// Sets the office's phrase, or none. Kept as a key made from it, never as text. Answer: `done`.
    SetPhrase {
        /// The phrase; absent: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        phrase: Option<String>,
    },
    /// The owner has read what happened at the start ([`NodeState::notes`]). Answer: `done`.
    DismissNotes,
    /// Opens the loopback UI in the system's browser. Answer: `done`.
    OpenInBrowser,
    /// Quits Earshot, window and node. Answer: `done`, then nothing more.
    Quit,
}

/// The result of an owner's request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum OwnerReply {
    /// Nothing more to say.
    Done,
    /// Calls, newest first.
    Calls {
        /// At most [`MAX_CALLS_LISTED`](crate::limits::MAX_CALLS_LISTED).
        calls: Vec<CallRecord>,
    },
    /// A description that may be sent.
    Sealed {
        /// With its seal.
        description: Description,
    },
    /// A description that may be used.
    Opened {
        /// What `setRemoteDescription` may take: weak fingerprints are taken out.
        description: Description,
        /// What sort of device its sender is.
        kind: DeviceKind,
    },
    /// How comparing the short code stands.
    Verification(Verification),
    /// Remembered devices, the ones met last first.
    Devices {
        /// At most [`MAX_KNOWN`](crate::limits::MAX_KNOWN).
        devices: Vec<KnownDevice>,
    },
}

/// What a window tells its node while two people compare the short code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum VerifyStep {
    /// The owner wants to.
    Begin,
    /// The other side has said this on the data channel.
    Heard {
        /// What.
        verify: Verify,
    },
    /// The owner has compared.
    Confirm {
        /// The codes were the same.
        matches: bool,
    },
    /// The owner does not want to any more, or time is up.
    Cancel,
}

/// How comparing the short code stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Verification {
    /// The stage.
    pub stage: VerifyStage,
    /// What to say on the data channel now, in this order.
    pub say: Vec<Verify>,
}

/// The stages of comparing the short code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum VerifyStage {
    /// The other side's word is awaited.
    Waiting,
    /// The owner shall compare.
    Compare {
        /// Numbers of symbols, each 0 to 63.
        #[ts(type = "number[]")]
        code: [u8; CODE_LENGTH],
    },
    /// The owner has said that the codes are the same; the other person has not yet.
    Confirmed {
        /// Still shown.
        #[ts(type = "number[]")]
        code: [u8; CODE_LENGTH],
    },
    /// Both have: the device is verified, and stays so.
    Verified,
    /// One of them says that the codes differ: somebody may be in the middle.
    Mismatch,
    /// Given up by either side, without anything said about the codes.
    Cancelled,
}

/// What happens on the owner's side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum OwnerEvent {
    /// The history has changed: list it again.
    CallsChanged {
        /// Missed calls nobody has looked at yet.
        missed: u32,
    },
    /// The list of remembered devices has changed: list it again.
    DevicesChanged,
    /// What the owner's memory says of a device: of each other participant when a room is entered or they come, and
    /// whenever it changes for somebody in a room or a ring.
    Standing {
        /// Which device.
        device: DeviceId,
        /// What.
        standing: Standing,
    },
    /// Another start of the program asks this window to come to the front.
    Raise,
    /// The system was asked to open a link of ours: somebody has clicked on it elsewhere. Told to one window, which asks
    /// before anything is done.
    FollowLink {
        /// Nothing of it has been checked but that it begins with `earshot:`, and is of printable characters, at most
        /// [`MAX_LINK_CHARS`](crate::limits::MAX_LINK_CHARS).
        link: String,
    },
}

/// The owner's side of things, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeState {
    /// This device.
    pub device: DeviceId,
    /// Its short form, for people.
    pub short_id: String,
    /// The program's version.
    pub version: String,
    /// What others see.
    pub person: Person,
    /// The settings.
    pub settings: Settings,
    /// The signaling server.
    pub server: ServerState,
    /// The local network.
    pub network: NetworkState,
    /// Missed calls nobody has looked at yet.
    pub missed: u32,
    /// An office's phrase is set.
    pub has_phrase: bool,
    /// What the owner should read once.
    pub notes: Vec<StartNote>,
}

/// Something that happened at the start and that the owner should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum StartNote {
    /// The device key could not be read: this device has a new one, so that nobody knows it any more.
    KeySetAside {
        /// Where the unreadable file lies now.
        file: String,
    },
    /// The settings could not be read; defaults hold, but the name is hidden until the owner says otherwise.
    SettingsSetAside {
        /// Where the unreadable file lies now.
        file: String,
    },
    /// The history and the memory of devices could not be read; new ones were begun.
    HistorySetAside {
        /// Where the unreadable file lies now.
        file: String,
    },
    /// The key of the office's phrase could not be read. A random one stands in its place, so that nobody is found and
    /// nobody comes in until the phrase is set again.
    PhraseSetAside {
        /// Where the unreadable file lies now.
        file: String,
    },
}

/// What the owner has chosen; the file `settings.toml`, except for the name of its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Display name.
    pub name: String,
    /// Whether to be called; never `in-call`.
    pub status: Status,
    /// One line of one's own.
    pub note: String,
    /// `wss://` URL of a signaling server (`ws://` only to this machine), or empty.
    pub signaling_url: String,
    /// The hub's port on the LAN; 0: any free one.
    pub port: u16,
    /// Network adapters to use, by name; empty: every usable one.
    pub interfaces: Vec<String>,
    /// ICE servers of one's own, added to those of the room.
    pub ice_servers: Vec<IceServer>,
    /// The UI's language.
    pub language: Language,
    /// The UI's colours.
    pub theme: Theme,
    /// Preferred devices by label, since their ids differ from origin to origin; empty: the system's choice.
    pub microphone: String,
    /// See `microphone`.
    pub camera: String,
    /// See `microphone`.
    pub speaker: String,
    /// Whether the window may use camera and microphone: asked once, remembered here.
    pub capture: Capture,
    /// Nobody's ring is shown: they are told that the owner is busy, and it is kept as a missed call.
    pub do_not_disturb: bool,
    /// Only devices that were met before may ring; others are told that the owner is busy.
    pub only_known: bool,
    /// No calls with browsers that keep no key of their own ([`DeviceKind::Transient`](crate::DeviceKind::Transient)).
    pub refuse_unverified: bool,
    /// The network's announcements do not hold name, status and note: devices ask for them, keys proven.
    pub hide_name: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            status: Status::Available,
            note: String::new(),
            signaling_url: String::new(),
            port: 0,
            interfaces: Vec::new(),
            ice_servers: Vec::new(),
            language: Language::System,
            theme: Theme::System,
            microphone: String::new(),
            camera: String::new(),
            speaker: String::new(),
            capture: Capture::Ask,
            do_not_disturb: false,
            only_known: false,
            refuse_unverified: false,
            hide_name: false,
        }
    }
}

/// The fields of [`Settings`] that shall change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct SettingsChange {
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signaling_url: Option<String>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<String>>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers: Option<Vec<IceServer>>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub microphone: Option<String>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub do_not_disturb: Option<bool>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_known: Option<bool>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse_unverified: Option<bool>,
    /// See [`Settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_name: Option<bool>,
}

/// The UI's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub enum Language {
    /// The system's, English where there is no catalogue.
    #[default]
    #[serde(rename = "system")]
    System,
    /// English.
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
}

/// The UI's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// The system's.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Whether the window may use camera and microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// Not asked yet.
    #[default]
    Ask,
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// How the link to the signaling server stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerState {
    /// None is set.
    None,
    /// On the way, or trying again.
    Connecting {
        /// Why the last try failed, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        code: Option<ErrorCode>,
    },
    /// Linked.
    Connected {
        /// The server's hub: the `via` of its people.
        hub: DeviceId,
        /// What the server calls itself, or its host name.
        title: String,
    },
    /// Set, but not tried again until the settings change.
    Refused {
        /// Why.
        code: ErrorCode,
    },
}

/// How the local network looks from here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkState {
    /// The adapters in use, by name.
    pub interfaces: Vec<String>,
    /// Other usable adapters, for the settings.
    pub others: Vec<String>,
    /// What keeps people from being seen, if something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<NetworkProblem>,
}

/// What keeps people from being seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkProblem {
    /// No usable adapter is up.
    NoNetwork,
    /// Multicast DNS could not be started or no longer works.
    DiscoveryFailed,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// By this device.
    Outgoing,
    /// By the other.
    Incoming,
}

/// A call in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CallRecord {
    /// Names the record.
    pub id: u32,
    /// The other side.
    pub device: DeviceId,
    /// Their name then.
    pub name: String,
    /// Who called.
    pub direction: Direction,
    /// How they meant to talk.
    pub media: Media,
    /// How the ring ended; `no-answer` and `cancelled` of an incoming one are missed calls.
    pub end: RingEnd,
    /// When it rang, ms since 1970 UTC.
    #[ts(type = "number")]
    pub at: u64,
    /// How long they talked, seconds; 0 if they did not.
    pub seconds: u32,
    /// Whether the owner has looked at it since.
    pub seen: bool,
}
