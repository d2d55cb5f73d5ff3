//! Codes that cross boundaries. Sentences for people live in the UI's catalogues, one per code.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// Why something did not happen. The wire form is kebab-case and never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// Every code, in the document's order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The wire form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

codes! {
    /// Not JSON, not a known message, or a field out of its bounds.
    Malformed = "malformed",
    /// A message longer than allowed.
    TooLarge = "too-large",
    /// Something other than a hello came first.
    HelloExpected = "hello-expected",
    /// No hello in time.
    HelloTimeout = "hello-timeout",
    /// No protocol version in common.
    VersionUnsupported = "version-unsupported",
    /// The hello's signature does not prove its key.
    BadSignature = "bad-signature",
    /// The device that answered, or that knocked, is not the one expected.
    WrongDevice = "wrong-device",
    /// Requests come faster than anybody's hands make them.
    TooManyRequests = "too-many-requests",
    /// The reader is too slow; the connection was cut.
    SlowReader = "slow-reader",
    /// The hub has no place left.
    HubFull = "hub-full",
    /// This device holds too many places at the hub.
    TooManyPlaces = "too-many-places",
    /// The place was given up, or never was; start anew.
    ResumeUnknown = "resume-unknown",
    /// This connection may not ask for that.
    NotAllowed = "not-allowed",
    /// No such room here.
    RoomUnknown = "room-unknown",
    /// The room holds as many as it may.
    RoomFull = "room-full",
    /// The room's door is locked.
    RoomLocked = "room-locked",
    /// The host has removed this device from the room.
    RoomRemoved = "room-removed",
    /// The room has a password, and none was given.
    PasswordNeeded = "password-needed",
    /// That is not the room's password.
    PasswordWrong = "password-wrong",
    /// Too many wait before the room, or it remembers too many already.
    RoomBusy = "room-busy",
    /// Only the host of the room may do that.
    NotHost = "not-host",
    /// No more rooms here, or no more for this device.
    TooManyRooms = "too-many-rooms",
    /// Already a participant.
    AlreadyInRoom = "already-in-room",
    /// Not a participant of that room.
    NotInRoom = "not-in-room",
    /// The other participant is not in that room.
    ParticipantUnknown = "participant-unknown",
    /// Nobody of that id is here.
    PersonUnknown = "person-unknown",
    /// No such ring, or it has ended.
    RingUnknown = "ring-unknown",
    /// Too many rings, open or in a short time.
    TooManyRings = "too-many-rings",
    /// One cannot ring oneself.
    RingSelf = "ring-self",
    /// No answer from that machine at any known address.
    Unreachable = "unreachable",
    /// The signaling server is not connected.
    ServerDown = "server-down",
    /// The hub went away in the middle.
    LinkLost = "link-lost",
    /// A session description without a seal.
    DescriptionUnsigned = "description-unsigned",
    /// A session description whose seal does not fit: altered, or made by or for somebody else, or for another room.
    DescriptionForged = "description-forged",
    /// A session description that was sent before, or comes out of order.
    DescriptionReplayed = "description-replayed",
    /// A session description without a fingerprint of SHA-256 or stronger for all of its media.
    FingerprintWeak = "fingerprint-weak",
    /// The other side's browser keeps no key of its own, and the owner refuses such calls.
    UnverifiedRefused = "unverified-refused",
    /// Comparing the short code went wrong: a step out of order, or a share that is not what was committed to.
    VerificationFailed = "verification-failed",
    /// The two do not have the same office phrase.
    PhraseWrong = "phrase-wrong",
    /// No device of that id is remembered.
    DeviceUnknown = "device-unknown",
    /// A name that is empty, too long, or has control characters.
    NameInvalid = "name-invalid",
    /// A URL that is not one of a signaling server.
    UrlInvalid = "url-invalid",
    /// An unencrypted URL to another machine.
    UrlInsecure = "url-insecure",
    /// The certificate of a server does not prove its name.
    CertificateInvalid = "certificate-invalid",
    /// A setting out of its bounds.
    SettingInvalid = "setting-invalid",
    /// The settings or the history could not be written.
    StoreFailed = "store-failed",
    /// The port is taken by another program.
    PortInUse = "port-in-use",
    /// Too many windows are open on this node.
    TooManyWindows = "too-many-windows",
    /// No such file is being received.
    FileUnknown = "file-unknown",
    /// A part of a file that is not what its sender said it is.
    FileChanged = "file-changed",
    /// More files at once than allowed.
    TooManyFiles = "too-many-files",
    /// There is no room left where files are kept.
    DiskFull = "disk-full",
    /// The folder for received files is not there, or cannot be written.
    FolderUnusable = "folder-unusable",
    /// A fault of ours.
    Internal = "internal",
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::error::Error for ErrorCode {}
