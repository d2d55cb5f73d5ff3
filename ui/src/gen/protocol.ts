// Generated from src-tauri/crates/protocol by `make generate`. Do not edit.

/**
 * Why something did not happen. The wire form is kebab-case and never changes its meaning.
 */
export type ErrorCode = "malformed" | "too-large" | "hello-expected" | "hello-timeout" | "version-unsupported" | "bad-signature" | "wrong-device" | "too-many-requests" | "slow-reader" | "hub-full" | "too-many-places" | "resume-unknown" | "not-allowed" | "room-unknown" | "room-full" | "room-locked" | "room-removed" | "password-needed" | "password-wrong" | "room-busy" | "not-host" | "too-many-rooms" | "already-in-room" | "not-in-room" | "participant-unknown" | "person-unknown" | "ring-unknown" | "too-many-rings" | "ring-self" | "unreachable" | "server-down" | "link-lost" | "description-unsigned" | "description-forged" | "description-replayed" | "fingerprint-weak" | "unverified-refused" | "verification-failed" | "phrase-wrong" | "device-unknown" | "name-invalid" | "url-invalid" | "url-insecure" | "certificate-invalid" | "setting-invalid" | "store-failed" | "port-in-use" | "too-many-windows" | "file-unknown" | "file-changed" | "too-many-files" | "disk-full" | "folder-unusable" | "internal";

/**
 * Whether somebody wants to be called.
 */
export type Status = "available" | "away" | "busy" | "in-call";

/**
 * What a device says of the person before it.
 */
export type Person = { 
/**
 * Display name, 1 to [`MAX_NAME_CHARS`] characters.
 */
name: string, 
/**
 * Whether they want to be called.
 */
status: Status, 
/**
 * One line of their own, at most [`MAX_NOTE_CHARS`] characters, often empty.
 */
note: string, };

/**
 * What sort of device speaks.
 */
export type DeviceKind = "install" | "guest" | "transient";

/**
 * Whether a listed person can be called.
 */
export type Reach = "here" | "unreachable";

/**
 * Somebody in a list of people.
 */
export type Presence = { 
/**
 * Whose device.
 */
device: DeviceId, 
/**
 * What it says of itself.
 */
person: Person, 
/**
 * What sort of device.
 */
kind: DeviceKind, 
/**
 * Whether it answers.
 */
reach: Reach, 
/**
 * The hub whose directory lists them; absent: the hub that says this, or the local network when a node says it.
 * A call to them takes place in a room made there ([`Request::CreateRoom`](crate::Request::CreateRoom)).
 */
via?: DeviceId, 
/**
 * What the owner's memory says of this device. Only a node says it, to its own windows.
 */
standing?: Standing, };

/**
 * How a person wants to talk.
 */
export type Media = "voice" | "video";

/**
 * A hub, and where to reach it.
 */
export type HubRef = { 
/**
 * The hub's device id: who must answer there.
 */
device: DeviceId, 
/**
 * `ip:port`, `[ip]:port` or a `wss://` URL, best first; hints only. At most
 * [`MAX_ADDRESSES`](crate::limits::MAX_ADDRESSES).
 */
addresses: Array<string>, };

/**
 * A room, and the hub that holds it.
 */
export type RoomRef = { 
/**
 * Where the room is.
 */
hub: HubRef, 
/**
 * Which of that hub's rooms.
 */
room: RoomId, };

/**
 * What a visitor says to a hub.
 */
export type ToHub = { "type": "hello" } & Hello | { "type": "request", 
/**
 * 1, 2, 3 … within the place.
 */
id: number, 
/**
 * What is asked for.
 */
request: Request, } | { "type": "ping", 
/**
 * The highest number received: the hub may forget up to there.
 */
seen: number, } | { "type": "goodbye" };

/**
 * Who knocks. The signature is over [`hello_to_sign`].
 */
export type Hello = { 
/**
 * Versions the visitor speaks.
 */
versions: Array<number>, 
/**
 * The device's public key.
 */
key: PublicKey, 
/**
 * An install or a guest.
 */
kind: DeviceKind, 
/**
 * What the device says of itself.
 */
person: Person, 
/**
 * What the signature is bound to beside hub and challenge.
 */
binding: Binding, 
/**
 * Proof that the visitor holds the key, for this hub, this challenge and this connection.
 */
signature: Signature, 
/**
 * Proof that the visitor knows the office's phrase; in answer to a challenge that asks for it.
 */
phrase?: PhraseProof, 
/**
 * A place to have back after a dropped connection.
 */
resume?: Resume, };

/**
 * What ties a hello to its connection, so that whoever stands between cannot pass it on. A hub takes from an install
 * the one that its challenge names, and nothing else; an install that is lied to about it signs what the hub it was
 * meant for does not take.
 */
export type Binding = "none" | "tls-exporter" | "server-name";

/**
 * Proof of knowing the office's phrase: the visitor's half of SPAKE2 (RFC 9382) and its key confirmation.
 */
export type PhraseProof = { 
/**
 * The visitor's message.
 */
message: PakeMessage, 
/**
 * The visitor's confirmation.
 */
confirmation: Digest, };

/**
 * A place to have back.
 */
export type Resume = { 
/**
 * The token of the last welcome.
 */
token: ResumeToken, 
/**
 * The highest number received: what comes after is sent again.
 */
seen: number, };

/**
 * What can be asked of a hub.
 */
export type Request = { "type": "set-person", 
/**
 * All of it, not only the change.
 */
person: Person, } | { "type": "create-room", 
/**
 * The hub that shall hold the room; absent: the one that is asked. Only a node looks at it.
 */
via?: DeviceId, 
/**
 * Who may come in, and how many.
 */
rules: RoomRules, 
/**
 * How I come in.
 */
media: Media, } | { "type": "join", 
/**
 * Which room, and where.
 */
room: RoomRef, 
/**
 * How I come in.
 */
media: Media, 
/**
 * The room's password, where I know one.
 */
password?: string, } | { "type": "return", 
/**
 * Which room, and where.
 */
room: RoomRef, 
/**
 * How I come in.
 */
media: Media, 
/**
 * The room's password, where there is one.
 */
password?: string, } | { "type": "where-is", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Where I am, or was last.
 */
home: Home, 
/**
 * I am there now.
 */
inside: boolean, } | { "type": "hold-room", 
/**
 * The room.
 */
held: HeldRoom, } | { "type": "yield-room", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Where to.
 */
to: Home, } | { "type": "set-whereabouts", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * What.
 */
whereabouts?: Whereabouts, } | { "type": "leave", 
/**
 * Which room.
 */
room: RoomId, } | { "type": "look-at", 
/**
 * Which room, and where.
 */
room: RoomRef, } | { "type": "find-room", 
/**
 * What was spoken.
 */
code: RoomCode, } | { "type": "wait-for-place", 
/**
 * Which room, and where.
 */
room: RoomRef, } | { "type": "withdraw", 
/**
 * Which room.
 */
room: RoomId, } | { "type": "set-rules", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * All of them, not only the change.
 */
rules: RoomRules, } | { "type": "admit", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Whom.
 */
device: DeviceId, } | { "type": "remove", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Whom.
 */
device: DeviceId, } | { "type": "hand-over", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * To whom.
 */
to: DeviceId, } | { "type": "take-host", 
/**
 * Which room.
 */
room: RoomId, } | { "type": "end-room", 
/**
 * Which room.
 */
room: RoomId, } | { "type": "set-addresses", 
/**
 * All of them, best first; at most [`MAX_ADDRESSES`].
 */
addresses: Array<string>, } | { "type": "ring", 
/**
 * Whom.
 */
to: DeviceId, 
/**
 * Into which room.
 */
room: RoomRef, 
/**
 * How the caller wants to talk.
 */
media: Media, } | { "type": "cancel-ring", 
/**
 * Which ring.
 */
ring: RingId, } | { "type": "answer-ring", 
/**
 * Which ring.
 */
ring: RingId, 
/**
 * How.
 */
answer: RingAnswer, } | { "type": "set-blocked", 
/**
 * All of them, not only the change; at most [`MAX_BLOCKED`].
 */
devices: Array<DeviceId>, } | { "type": "signal", 
/**
 * Of which room.
 */
room: RoomId, 
/**
 * To which participant.
 */
to: DeviceId, 
/**
 * The signal.
 */
signal: Signal, };

/**
 * How a callee answers a ring.
 */
export type RingAnswer = { "type": "accepted" } | { "type": "declined", 
/**
 * Shown to the caller, at most [`MAX_ANSWER_CHARS`] characters.
 */
message?: string, } | { "type": "busy" };

/**
 * How a ring ended. Each ring ends exactly once.
 */
export type RingEnd = { "type": "accepted" } | { "type": "declined", 
/**
 * The callee's word, if any.
 */
message?: string, } | { "type": "busy" } | { "type": "cancelled" } | { "type": "no-answer" } | { "type": "gone" };

/**
 * What two participants tell each other to build their peer connection (RFC 8829, W3C WebRTC 1.0).
 */
export type Signal = { "type": "description", 
/**
 * What `setRemoteDescription` takes.
 */
description: Description, } | { "type": "candidate", 
/**
 * What `addIceCandidate` takes; absent: no more will come.
 */
candidate?: Candidate, } | { "type": "restart-wanted" } | { "type": "offer-wanted" };

/**
 * W3C's RTCSessionDescriptionInit.
 */
export type Description = { 
/**
 * Offer or answer.
 */
type: DescriptionKind, 
/**
 * The session description (RFC 8866).
 */
sdp: string, 
/**
 * Counts the offers between two participants from 0; an answer repeats its offer's. What comes late or twice is
 * known by it.
 */
round: number, 
/**
 * The sender's proof. Without it a description is not for `setRemoteDescription`.
 */
seal?: Seal, };

/**
 * The two sorts of description that Earshot uses (RFC 3264).
 */
export type DescriptionKind = "offer" | "answer";

/**
 * What goes with a [`Description`] and proves who made it, for whom, in which room. See [`description_to_sign`].
 */
export type Seal = { 
/**
 * The sender's public key; its device id is the sender's.
 */
key: PublicKey, 
/**
 * What sort of device the sender says it is; a hub cannot change it.
 */
kind: DeviceKind, 
/**
 * Rises with everything that a device seals, also from one room to the next: ms since 1970 at least.
 */
sequence: number, 
/**
 * Over [`description_to_sign`].
 */
signature: Signature, };

/**
 * One step of comparing a short code (ZRTP's short authentication string, RFC 6189 section 7, with the commitment of
 * section 4.4.1.1): on the data channel `control`, between two whose descriptions were sealed.
 *
 * ```text
 * initiator                                responder
 * commit  SHA-256(initiator's reveal)  ->
 *                                      <-  nonce
 * reveal  nonce                        ->            both show the code, both people compare
 * result  matches                     <->  result
 * ```
 */
export type Verify = { "type": "commit", 
/**
 * SHA-256.
 */
commitment: Digest, } | { "type": "nonce", 
/**
 * Random.
 */
nonce: Nonce, } | { "type": "reveal", 
/**
 * Random.
 */
nonce: Nonce, } | { "type": "result", 
/**
 * The codes were the same.
 */
matches: boolean, } | { "type": "cancel" };

/**
 * W3C's RTCIceCandidateInit.
 */
export type Candidate = { 
/**
 * The candidate attribute (RFC 8839, section 5.1).
 */
candidate: string, 
/**
 * The media line's id.
 */
sdpMid?: string, 
/**
 * The media line's index.
 */
sdpMLineIndex?: number, 
/**
 * The ICE ufrag of its generation.
 */
usernameFragment?: string, };

/**
 * What a hub says.
 */
export type FromHub = { "type": "challenge", 
/**
 * Versions the hub speaks.
 */
versions: Array<number>, 
/**
 * The hub's device id.
 */
hub: DeviceId, 
/**
 * What to sign.
 */
nonce: Nonce, 
/**
 * What an install's hello must be bound to: [`Binding::TlsExporter`] where the hub ends TLS itself, else
 * [`Binding::ServerName`].
 */
binding?: Binding, 
/**
 * The hub's half of SPAKE2 (RFC 9382), where only those who know the office's phrase are let in.
 */
phrase?: PakeMessage, } | { "type": "welcome" } & Welcome | { "type": "refused", 
/**
 * Why.
 */
code: ErrorCode, } | { "type": "message", 
/**
 * 1, 2, 3 …
 */
seq: number, 
/**
 * What.
 */
message: HubMessage, } | { "type": "pong" };

/**
 * Everything a visitor needs to know on arrival.
 */
export type Welcome = { 
/**
 * The version both will speak.
 */
version: number, 
/**
 * The visitor's own device id, as the hub sees it.
 */
you: DeviceId, 
/**
 * The hub.
 */
hub: HubRef, 
/**
 * A name for the hub, for people; a company's, or empty.
 */
title: string, 
/**
 * Who is here, without the visitor. On the LAN a hub shows only its owner.
 */
people: Array<Presence>, 
/**
 * The hub's listed rooms, at most [`MAX_LISTED`](crate::limits::MAX_LISTED); what changes is told by
 * `rooms-changed`.
 */
rooms?: Array<OpenRoom>, 
/**
 * What may help to connect.
 */
ice_servers: Array<IceServer>, 
/**
 * What brings this place back.
 */
resume: ResumeToken, 
/**
 * The hub's confirmation that it knows the phrase too.
 */
phrase?: Digest, 
/**
 * True: the place is the old one, and everything after [`Resume::seen`] follows. False: a new place, numbers
 * start at 1 and no room or ring of before is left.
 */
resumed: boolean, };

/**
 * W3C's RTCIceServer.
 */
export type IceServer = { 
/**
 * `stun:`, `turn:` or `turns:` URLs (RFC 7064, RFC 7065).
 */
urls: Array<string>, 
/**
 * For TURN.
 */
username?: string, 
/**
 * For TURN.
 */
credential?: string, };

/**
 * A numbered message.
 */
export type HubMessage = { "type": "ok", 
/**
 * Which.
 */
id: number, 
/**
 * With what result.
 */
reply: Reply, } | { "type": "error", 
/**
 * Which.
 */
id: number, 
/**
 * Why.
 */
code: ErrorCode, } | { "type": "event", 
/**
 * What.
 */
event: Event, };

/**
 * The result of a request.
 */
export type Reply = { "type": "done" } | { "type": "room" } & RoomState | { "type": "knocking" } | { "type": "summary" } & RoomSummary | { "type": "found", 
/**
 * At most [`MAX_FOUND`](crate::limits::MAX_FOUND).
 */
rooms: Array<FoundRoom>, } | { "type": "whereabouts", 
/**
 * That.
 */
whereabouts: Whereabouts, } | { "type": "moved", 
/**
 * Where.
 */
to: Home, } | { "type": "ring", 
/**
 * The ring's id.
 */
ring: RingId, };

/**
 * What a hub tells unasked.
 */
export type Event = { "type": "person-here", 
/**
 * The entry.
 */
presence: Presence, } | { "type": "person-gone", 
/**
 * Whose device.
 */
device: DeviceId, 
/**
 * From which hub's list, as in [`Presence::via`].
 */
via?: DeviceId, } | { "type": "rooms-changed", 
/**
 * Whose list.
 */
hub: HubRef, 
/**
 * Rooms that are new or have changed, each as a whole; together with the others never more than
 * [`MAX_LISTED`](crate::limits::MAX_LISTED).
 */
here: Array<OpenRoom>, 
/**
 * Rooms that are not to be listed any more.
 */
gone: Array<RoomId>, } | { "type": "ringing", 
/**
 * The ring's id.
 */
ring: RingId, 
/**
 * Who.
 */
from: Presence, 
/**
 * Into which room.
 */
room: RoomRef, 
/**
 * How they want to talk.
 */
media: Media, } | { "type": "ring-ended", 
/**
 * Which.
 */
ring: RingId, 
/**
 * How.
 */
end: RingEnd, } | { "type": "participant-joined", 
/**
 * In which room.
 */
room: RoomId, 
/**
 * Who.
 */
participant: Participant, } | { "type": "participant-returned", 
/**
 * In which room.
 */
room: RoomId, 
/**
 * Who.
 */
participant: Participant, } | { "type": "room-yielded", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Where it is.
 */
to: Home, } | { "type": "room-moved", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * All of it, as after a `join`.
 */
state: RoomState, } | { "type": "participant-silent", 
/**
 * In which room.
 */
room: RoomId, 
/**
 * Who.
 */
device: DeviceId, 
/**
 * It is gone.
 */
silent: boolean, } | { "type": "room-empty", 
/**
 * Which room.
 */
room: RoomId, } | { "type": "room-sought", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Who.
 */
by: DeviceId, 
/**
 * Where they are, or were last.
 */
home: Home, 
/**
 * They are there now.
 */
inside: boolean, } | { "type": "participant-left", 
/**
 * Of which room.
 */
room: RoomId, 
/**
 * Who.
 */
device: DeviceId, 
/**
 * Why.
 */
reason: LeaveReason, } | { "type": "host-changed", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Who runs it.
 */
host: DeviceId, } | { "type": "participant-changed", 
/**
 * In which room.
 */
room: RoomId, 
/**
 * The whole entry.
 */
participant: Participant, } | { "type": "rules-changed", 
/**
 * Of which room.
 */
room: RoomId, 
/**
 * All of them.
 */
rules: RoomRules, } | { "type": "knocking", 
/**
 * Into which room.
 */
room: RoomId, 
/**
 * Who.
 */
participant: Participant, } | { "type": "knock-ended", 
/**
 * At which room.
 */
room: RoomId, 
/**
 * Who.
 */
device: DeviceId, } | { "type": "let-in", 
/**
 * At which room.
 */
room: RoomId, } | { "type": "room-has-place", 
/**
 * Which room.
 */
room: RoomId, } | { "type": "room-closed", 
/**
 * Which room.
 */
room: RoomId, 
/**
 * Why.
 */
reason: LeaveReason, } | { "type": "signal", 
/**
 * Of which room.
 */
room: RoomId, 
/**
 * From whom.
 */
from: DeviceId, 
/**
 * The signal.
 */
signal: Signal, };

/**
 * Who may come into a room without having been admitted. Whoever was in it before may come back through any door,
 * unless the host has removed them.
 */
export type Door = "open" | "knock" | "locked";

/**
 * What the host of a room sets.
 */
export type RoomRules = { 
/**
 * A name for people, at most [`MAX_TITLE_CHARS`] characters; may be empty.
 */
title: string, 
/**
 * Who may come in.
 */
door: Door, 
/**
 * What to know beside the room; 1 to [`MAX_PASSWORD_CHARS`] characters. Every participant knows it, so that each
 * can tell it to a colleague.
 */
password?: string, 
/**
 * How many may be in it, 2 to [`MAX_PARTICIPANTS`].
 */
capacity: number, 
/**
 * Whoever sees its host sees the room as well, unless its door is locked. Absent: no.
 */
listed?: boolean, };

/**
 * A room as a newcomer finds it.
 */
export type RoomState = { 
/**
 * Which room, and where.
 */
room: RoomRef, 
/**
 * How often it has moved.
 */
epoch?: number, 
/**
 * The hub that it was made at, if it has moved: what participants seal for each other names that one.
 */
origin?: DeviceId, 
/**
 * What its host has set.
 */
rules: RoomRules, 
/**
 * The participant who runs it.
 */
host: DeviceId, 
/**
 * Who made it, and may take the host's role back while present.
 */
founder: DeviceId, 
/**
 * Who is in it, without the newcomer, in the order of coming. The newcomer offers to each of them.
 */
participants: Array<Participant>, 
/**
 * What may help to connect.
 */
ice_servers: Array<IceServer>, };

/**
 * Somebody in a room, or before its door.
 */
export type Participant = { 
/**
 * Whose device; one place in a room for each.
 */
device: DeviceId, 
/**
 * What it says of itself.
 */
person: Person, 
/**
 * What sort of device.
 */
kind: DeviceKind, 
/**
 * How they came in.
 */
media: Media, 
/**
 * Where their own hub is reached, which can hold the room when its hub is gone; absent for browsers.
 */
hub?: HubRef, };

/**
 * Where a room is held: one of its lives.
 */
export type Home = { 
/**
 * The hub that holds it.
 */
hub: HubRef, 
/**
 * How often the room has moved before.
 */
epoch: number, };

/**
 * What a participant's node says when it is asked where a room is.
 */
export type Whereabouts = { "type": "in", 
/**
 * Where.
 */
home: Home, } | { "type": "looking" } | { "type": "left" };

/**
 * A room that its own hub shall hold for the owner, because the hub it had is gone.
 */
export type HeldRoom = { 
/**
 * Which room.
 */
room: RoomId, 
/**
 * How often it has moved, this time included.
 */
epoch: number, 
/**
 * The hub that it was made at.
 */
origin: DeviceId, 
/**
 * What its host has set.
 */
rules: RoomRules, 
/**
 * Who ran it last, and does so again if they come back soon.
 */
host: DeviceId, 
/**
 * Who made it.
 */
founder: DeviceId, 
/**
 * Who was in it: they come back through any door. At most [`MAX_REMEMBERED`].
 */
members: Array<DeviceId>, 
/**
 * Whom its hosts have removed. At most [`MAX_REMEMBERED`].
 */
removed: Array<DeviceId>, 
/**
 * How its owner is in it.
 */
media: Media, };

/**
 * What anybody who knows a room is told before they come in.
 */
export type RoomSummary = { 
/**
 * Its name; may be empty.
 */
title: string, 
/**
 * Who may come in.
 */
door: Door, 
/**
 * A password is asked for, or spares one the knocking.
 */
has_password: boolean, 
/**
 * How many may be in it.
 */
capacity: number, 
/**
 * How many are.
 */
present: number, };

/**
 * Why somebody is no longer in a room, or no longer waits before it.
 */
export type LeaveReason = "left" | "lost" | "removed" | "ended" | "hub-gone";

/**
 * A room that a hub tells of: one that is listed, or whose code was given.
 */
export type OpenRoom = { 
/**
 * Which of that hub's rooms.
 */
room: RoomId, 
/**
 * What everybody may know of it.
 */
summary: RoomSummary, 
/**
 * Who runs it.
 */
host: DeviceId, 
/**
 * The host's name, as they give it.
 */
name: string, };

/**
 * A room, and where it is.
 */
export type FoundRoom = { 
/**
 * The hub that holds it.
 */
hub: HubRef, 
/**
 * The room.
 */
room: OpenRoom, };

/**
 * What a window says to its node.
 */
export type ToNode = { "type": "request", 
/**
 * Answered by a numbered `ok` or `error` with this id.
 */
id: number, 
/**
 * What.
 */
request: Request, } | { "type": "owner", 
/**
 * Answered by `owner-ok` or `owner-error` with this id.
 */
id: number, 
/**
 * What.
 */
request: OwnerRequest, };

/**
 * What a node says to its windows.
 */
export type FromNode = { "type": "welcome" } & Welcome | { "type": "state" } & NodeState | { "type": "message", 
/**
 * Counts up.
 */
seq: number, 
/**
 * What.
 */
message: HubMessage, } | { "type": "owner-ok", 
/**
 * Which.
 */
id: number, 
/**
 * With what result.
 */
reply: OwnerReply, } | { "type": "owner-error", 
/**
 * Which.
 */
id: number, 
/**
 * Why.
 */
code: ErrorCode, } | { "type": "owner", 
/**
 * What.
 */
event: OwnerEvent, } | { "type": "refused", 
/**
 * Why.
 */
code: ErrorCode, };

/**
 * What only the owner may ask.
 */
export type OwnerRequest = { "type": "change-settings", 
/**
 * The change.
 */
change: SettingsChange, } | { "type": "list-calls" } | { "type": "mark-calls-seen" } | { "type": "clear-calls" } | { "type": "watch", 
/**
 * Looking or not.
 */
watching: boolean, } | { "type": "seal", 
/**
 * The hub that holds the room.
 */
hub: DeviceId, 
/**
 * The room, which the window is in.
 */
room: RoomId, 
/**
 * For whom.
 */
to: DeviceId, 
/**
 * Without a seal.
 */
description: Description, } | { "type": "open", 
/**
 * The hub that holds the room.
 */
hub: DeviceId, 
/**
 * The room, which the window is in.
 */
room: RoomId, 
/**
 * From whom it says it is.
 */
from: DeviceId, 
/**
 * With its seal.
 */
description: Description, } | { "type": "verify", 
/**
 * The hub that holds the room.
 */
hub: DeviceId, 
/**
 * The room, which the window is in.
 */
room: RoomId, 
/**
 * With whom; a description of theirs was opened before.
 */
with: DeviceId, 
/**
 * The step.
 */
step: VerifyStep, } | { "type": "list-devices" } | { "type": "remember-device", 
/**
 * Which.
 */
device: DeviceId, } | { "type": "rename-device", 
/**
 * Which.
 */
device: DeviceId, 
/**
 * The name; absent: the device's own again.
 */
name?: string, } | { "type": "accept-name", 
/**
 * Which.
 */
device: DeviceId, } | { "type": "block-device", 
/**
 * Which.
 */
device: DeviceId, 
/**
 * Blocked from now on, or not.
 */
blocked: boolean, } | { "type": "forget-device", 
/**
 * Which.
 */
device: DeviceId, } | { "type": "set-phrase", 
/**
 * The phrase; absent: none.
 */
phrase?: string, } | { "type": "dismiss-notes" } | { "type": "open-in-browser" } | { "type": "quit" };

/**
 * The result of an owner's request.
 */
export type OwnerReply = { "type": "done" } | { "type": "calls", 
/**
 * At most [`MAX_CALLS_LISTED`](crate::limits::MAX_CALLS_LISTED).
 */
calls: Array<CallRecord>, } | { "type": "sealed", 
/**
 * With its seal.
 */
description: Description, } | { "type": "opened", 
/**
 * What `setRemoteDescription` may take: weak fingerprints are taken out.
 */
description: Description, 
/**
 * What sort of device its sender is.
 */
kind: DeviceKind, } | { "type": "verification" } & Verification | { "type": "devices", 
/**
 * At most [`MAX_KNOWN`](crate::limits::MAX_KNOWN).
 */
devices: Array<KnownDevice>, };

/**
 * What happens on the owner's side.
 */
export type OwnerEvent = { "type": "calls-changed", 
/**
 * Missed calls nobody has looked at yet.
 */
missed: number, } | { "type": "devices-changed" } | { "type": "standing", 
/**
 * Which device.
 */
device: DeviceId, 
/**
 * What.
 */
standing: Standing, } | { "type": "raise" } | { "type": "follow-link", 
/**
 * Nothing of it has been checked but that it begins with `earshot:`, and is of printable characters, at most
 * [`MAX_LINK_CHARS`](crate::limits::MAX_LINK_CHARS).
 */
link: string, };

/**
 * The owner's side of things, whole.
 */
export type NodeState = { 
/**
 * This device.
 */
device: DeviceId, 
/**
 * Its short form, for people.
 */
short_id: string, 
/**
 * The program's version.
 */
version: string, 
/**
 * What others see.
 */
person: Person, 
/**
 * The settings.
 */
settings: Settings, 
/**
 * The signaling server.
 */
server: ServerState, 
/**
 * The local network.
 */
network: NetworkState, 
/**
 * Missed calls nobody has looked at yet.
 */
missed: number, 
/**
 * An office's phrase is set.
 */
has_phrase: boolean, 
/**
 * What the owner should read once.
 */
notes: Array<StartNote>, };

/**
 * What the owner has chosen; the file `settings.toml`, except for the name of its fields.
 */
export type Settings = { 
/**
 * Display name.
 */
name: string, 
/**
 * Whether to be called; never `in-call`.
 */
status: Status, 
/**
 * One line of one's own.
 */
note: string, 
/**
 * `wss://` URL of a signaling server (`ws://` only to this machine), or empty.
 */
signaling_url: string, 
/**
 * The hub's port on the LAN; 0: any free one.
 */
port: number, 
/**
 * Network adapters to use, by name; empty: every usable one.
 */
interfaces: Array<string>, 
/**
 * ICE servers of one's own, added to those of the room.
 */
ice_servers: Array<IceServer>, 
/**
 * The UI's language.
 */
language: Language, 
/**
 * The UI's colours.
 */
theme: Theme, 
/**
 * Preferred devices by label, since their ids differ from origin to origin; empty: the system's choice.
 */
microphone: string, 
/**
 * See `microphone`.
 */
camera: string, 
/**
 * See `microphone`.
 */
speaker: string, 
/**
 * Whether the window may use camera and microphone: asked once, remembered here.
 */
capture: Capture, 
/**
 * Nobody's ring is shown: they are told that the owner is busy, and it is kept as a missed call.
 */
do_not_disturb: boolean, 
/**
 * Only devices that were met before may ring; others are told that the owner is busy.
 */
only_known: boolean, 
/**
 * No calls with browsers that keep no key of their own ([`DeviceKind::Transient`](crate::DeviceKind::Transient)).
 */
refuse_unverified: boolean, 
/**
 * The network's announcements do not hold name, status and note: devices ask for them, keys proven.
 */
hide_name: boolean, };

/**
 * The fields of [`Settings`] that shall change.
 */
export type SettingsChange = { 
/**
 * See [`Settings`].
 */
name?: string, 
/**
 * See [`Settings`].
 */
status?: Status, 
/**
 * See [`Settings`].
 */
note?: string, 
/**
 * See [`Settings`].
 */
signaling_url?: string, 
/**
 * See [`Settings`].
 */
port?: number, 
/**
 * See [`Settings`].
 */
interfaces?: Array<string>, 
/**
 * See [`Settings`].
 */
ice_servers?: Array<IceServer>, 
/**
 * See [`Settings`].
 */
language?: Language, 
/**
 * See [`Settings`].
 */
theme?: Theme, 
/**
 * See [`Settings`].
 */
microphone?: string, 
/**
 * See [`Settings`].
 */
camera?: string, 
/**
 * See [`Settings`].
 */
speaker?: string, 
/**
 * See [`Settings`].
 */
capture?: Capture, 
/**
 * See [`Settings`].
 */
do_not_disturb?: boolean, 
/**
 * See [`Settings`].
 */
only_known?: boolean, 
/**
 * See [`Settings`].
 */
refuse_unverified?: boolean, 
/**
 * See [`Settings`].
 */
hide_name?: boolean, };

/**
 * The UI's language.
 */
export type Language = "system" | "en" | "zh-CN";

/**
 * The UI's colours.
 */
export type Theme = "system" | "light" | "dark";

/**
 * Whether the window may use camera and microphone.
 */
export type Capture = "ask" | "allow" | "deny";

/**
 * How the link to the signaling server stands.
 */
export type ServerState = { "type": "none" } | { "type": "connecting", 
/**
 * Why the last try failed, if there was one.
 */
code?: ErrorCode, } | { "type": "connected", 
/**
 * The server's hub: the `via` of its people.
 */
hub: DeviceId, 
/**
 * What the server calls itself, or its host name.
 */
title: string, } | { "type": "refused", 
/**
 * Why.
 */
code: ErrorCode, };

/**
 * How the local network looks from here.
 */
export type NetworkState = { 
/**
 * The adapters in use, by name.
 */
interfaces: Array<string>, 
/**
 * Other usable adapters, for the settings.
 */
others: Array<string>, 
/**
 * What keeps people from being seen, if something does.
 */
problem?: NetworkProblem, };

/**
 * What keeps people from being seen.
 */
export type NetworkProblem = "no-network" | "discovery-failed";

/**
 * Who called whom.
 */
export type Direction = "outgoing" | "incoming";

/**
 * A call in the history.
 */
export type CallRecord = { 
/**
 * Names the record.
 */
id: number, 
/**
 * The other side.
 */
device: DeviceId, 
/**
 * Their name then.
 */
name: string, 
/**
 * Who called.
 */
direction: Direction, 
/**
 * How they meant to talk.
 */
media: Media, 
/**
 * How the ring ended; `no-answer` and `cancelled` of an incoming one are missed calls.
 */
end: RingEnd, 
/**
 * When it rang, ms since 1970 UTC.
 */
at: number, 
/**
 * How long they talked, seconds; 0 if they did not.
 */
seconds: number, 
/**
 * Whether the owner has looked at it since.
 */
seen: boolean, };

/**
 * How comparing the short code stands.
 */
export type Verification = { 
/**
 * The stage.
 */
stage: VerifyStage, 
/**
 * What to say on the data channel now, in this order.
 */
say: Array<Verify>, };

/**
 * The stages of comparing the short code.
 */
export type VerifyStage = { "type": "waiting" } | { "type": "compare", 
/**
 * Numbers of symbols, each 0 to 63.
 */
code: number[], } | { "type": "confirmed", 
/**
 * Still shown.
 */
code: number[], } | { "type": "verified" } | { "type": "mismatch" } | { "type": "cancelled" };

/**
 * What a window tells its node while two people compare the short code.
 */
export type VerifyStep = { "type": "begin" } | { "type": "heard", 
/**
 * What.
 */
verify: Verify, } | { "type": "confirm", 
/**
 * The codes were the same.
 */
matches: boolean, } | { "type": "cancel" };

/**
 * Something that happened at the start and that the owner should know.
 */
export type StartNote = { "type": "key-set-aside", 
/**
 * Where the unreadable file lies now.
 */
file: string, } | { "type": "settings-set-aside", 
/**
 * Where the unreadable file lies now.
 */
file: string, } | { "type": "history-set-aside", 
/**
 * Where the unreadable file lies now.
 */
file: string, } | { "type": "phrase-set-aside", 
/**
 * Where the unreadable file lies now.
 */
file: string, };

/**
 * How well a device is known. Its key is the same as ever in each case; a key is what a device *is*.
 */
export type Trust = "stranger" | "met" | "verified";

/**
 * What does not fit about the name that a device gives.
 */
export type NameWarning = { "type": "taken", 
/**
 * The one that is known.
 */
by: DeviceId, 
/**
 * What it is called here.
 */
name: string, } | { "type": "changed", 
/**
 * The name it had.
 */
from: string, 
/**
 * The name it gives now.
 */
to: string, };

/**
 * What the owner's memory says of one device.
 */
export type Standing = { 
/**
 * What to call them: the owner's own name for them, else the name that was kept, else the one they give.
 */
name: string, 
/**
 * How well they are known.
 */
trust: Trust, 
/**
 * They never ring, and do not see that the owner is available.
 */
blocked: boolean, 
/**
 * What does not fit about their name.
 */
warning?: NameWarning, };

/**
 * A device that is remembered.
 */
export type KnownDevice = { 
/**
 * Which.
 */
device: DeviceId, 
/**
 * Its short form, for people.
 */
short_id: string, 
/**
 * Name, trust, block and warning, as everywhere.
 */
standing: Standing, 
/**
 * The name they gave when they were met, or that the owner has accepted since.
 */
kept_name: string, 
/**
 * The owner's own name for them.
 */
own_name?: string, 
/**
 * First met, ms since 1970 UTC.
 */
first_met: number, 
/**
 * Last met, ms since 1970 UTC.
 */
last_met: number, };

/**
 * A message on the data channel `control`, as JSON text.
 */
export type Control = { "type": "state", 
/**
 * My microphone is heard.
 */
microphone: boolean, 
/**
 * My camera is seen.
 */
camera: boolean, 
/**
 * My screen is seen.
 */
screen: boolean, 
/**
 * I can send and show 1920x1080 at 30 frames a second; used where both can.
 */
full_hd: boolean, 
/**
 * My hand is up, for so long, ms: whoever comes later sees the same order. Nothing while it is down.
 */
hand?: number, } | { "type": "signal", 
/**
 * The signal.
 */
signal: Signal, } | { "type": "verify", 
/**
 * The step.
 */
verify: Verify, } | { "type": "want", 
/**
 * Your camera; nothing while it is out of sight, and then it is not sent.
 */
camera?: ShownSize, 
/**
 * Your screen, likewise.
 */
screen?: ShownSize, } | { "type": "react", 
/**
 * What.
 */
reaction: Reaction, } | { "type": "lower-hand" } | { "type": "mute", 
/**
 * Everybody's is.
 */
everyone: boolean, } | { "type": "ask-unmute" } | { "type": "spotlight", 
/**
 * Who; nobody when it is absent.
 */
device?: DeviceId, 
/**
 * The screen that they share.
 */
screen: boolean, } | { "type": "bye" };

/**
 * What can be said without a word.
 */
export type Reaction = "thumbs-up" | "heart" | "laugh" | "party" | "clap";

/**
 * The size at which a picture is shown, in pixels of the screen; neither side is 0.
 */
export type ShownSize = { 
/**
 * Across.
 */
width: number, 
/**
 * Down.
 */
height: number, };

/**
 * A text on the data channel `files`. Places in a file are bytes from its beginning.
 */
export type FileMessage = { "type": "offer", 
/**
 * The same file, unchanged, has the same id each time; see `PROTOCOL.md`.
 */
file: FileId, 
/**
 * What its sender calls it: to be made safe before it is shown or used.
 */
name: string, 
/**
 * In bytes.
 */
size: number, } | { "type": "accept", 
/**
 * Which.
 */
file: FileId, 
/**
 * Up to where I have it: 0, or the end of a block.
 */
at: number, 
/**
 * The digest there.
 */
digest: Digest, } | { "type": "start", 
/**
 * Which.
 */
file: FileId, 
/**
 * What its pieces begin with.
 */
number: number, 
/**
 * From where: what was accepted, or 0 where the two do not have the same beginning.
 */
at: number, } | { "type": "block", 
/**
 * Which file.
 */
file: FileId, 
/**
 * Where the block ends.
 */
end: number, 
/**
 * The digest there.
 */
digest: Digest, } | { "type": "got", 
/**
 * Which file.
 */
file: FileId, 
/**
 * Where the block ends.
 */
end: number, } | { "type": "done", 
/**
 * Which.
 */
file: FileId, } | { "type": "refuse", 
/**
 * Which.
 */
file: FileId, 
/**
 * Why.
 */
why: FileEnd, } | { "type": "cancel", 
/**
 * Which.
 */
file: FileId, 
/**
 * Why.
 */
why: FileEnd, };

/**
 * Why a file does not get there.
 */
export type FileEnd = "declined" | "cancelled" | "changed" | "unreadable" | "no-space" | "too-large" | "too-many" | "failed";

/**
 * What a window asks its node about a file that it receives. Its blocks go another way, see `PROTOCOL.md`.
 */
export type FileRequest = { "type": "begin", 
/**
 * Who sends it.
 */
from: DeviceId, 
/**
 * Which.
 */
file: FileId, 
/**
 * What its sender calls it.
 */
name: string, 
/**
 * In bytes.
 */
size: number, } | { "type": "again", 
/**
 * Which.
 */
handle: number, } | { "type": "finish", 
/**
 * Which.
 */
handle: number, } | { "type": "pause", 
/**
 * Which.
 */
handle: number, } | { "type": "discard", 
/**
 * Which.
 */
handle: number, } | { "type": "show" };

/**
 * What a node answers to a [`FileRequest`].
 */
export type FileReply = { "type": "begun", 
/**
 * What its blocks and further requests name.
 */
handle: number, 
/**
 * Up to where it is here.
 */
at: number, 
/**
 * The digest there.
 */
digest: Digest, } | { "type": "kept", 
/**
 * Safe, and nobody else's.
 */
name: string, } | { "type": "done" };

/**
 * A message on the data channel `chat`. Times are ms since 1970, by the clock of whoever says them.
 */
export type ChatMessage = { "type": "text", 
/**
 * Random; no other of mine has it.
 */
id: MessageId, 
/**
 * Plain: at most [`MAX_CHAT_CHARS`](crate::limits::MAX_CHAT_CHARS), not empty.
 */
text: string, 
/**
 * When I said it.
 */
at: number, } | { "type": "react", 
/**
 * Whose message.
 */
author: DeviceId, 
/**
 * Which of theirs.
 */
id: MessageId, 
/**
 * How.
 */
reaction: ChatReaction, 
/**
 * Or no longer.
 */
on: boolean, } | { "type": "history-wanted", 
/**
 * Not only by you.
 */
all: boolean, } | { "type": "history", 
/**
 * What the teller's clock shows.
 */
now: number, 
/**
 * In their order.
 */
messages: Array<PastMessage>, 
/**
 * To these messages, or to others.
 */
reactions: Array<PastReaction>, 
/**
 * The last part.
 */
last: boolean, };

/**
 * Something that was said.
 */
export type PastMessage = { 
/**
 * Which.
 */
id: MessageId, 
/**
 * By whom; vouched for only where this is the teller.
 */
from: DeviceId, 
/**
 * What they were called.
 */
name: string, 
/**
 * As in [`ChatMessage::Text`].
 */
text: string, 
/**
 * When.
 */
at: number, };

/**
 * A reaction that stands.
 */
export type PastReaction = { 
/**
 * Whose.
 */
from: DeviceId, 
/**
 * To whose message.
 */
author: DeviceId, 
/**
 * Which of theirs.
 */
id: MessageId, 
/**
 * How.
 */
reaction: ChatReaction, };

/**
 * What can be answered without words.
 */
export type ChatReaction = "yes" | "heart" | "laugh" | "party" | "done";

/** SHA-256 of a device's public key, base32. */
export type DeviceId = string;

/** An Ed25519 public key, base32. */
export type PublicKey = string;

/** An Ed25519 signature, base32. */
export type Signature = string;

/** What a hub asks a visitor to sign, base32. */
export type Nonce = string;

/** SHA-256 or a code made with it, base32. */
export type Digest = string;

/** One side's message of SPAKE2, base32. */
export type PakeMessage = string;

/** Names a file that somebody offers, base32. */
export type FileId = string;

/** Names one of somebody's chat messages, base32. */
export type MessageId = string;

/** Names a room, base32. */
export type RoomId = string;

/** A room's code: nine digits. */
export type RoomCode = string;

/** Names a ring, base32. */
export type RingId = string;

/** The secret that brings a place back, base32. */
export type ResumeToken = string;

/** Every error code. */
export const ERROR_CODES: readonly ErrorCode[] = [
  "malformed",
  "too-large",
  "hello-expected",
  "hello-timeout",
  "version-unsupported",
  "bad-signature",
  "wrong-device",
  "too-many-requests",
  "slow-reader",
  "hub-full",
  "too-many-places",
  "resume-unknown",
  "not-allowed",
  "room-unknown",
  "room-full",
  "room-locked",
  "room-removed",
  "password-needed",
  "password-wrong",
  "room-busy",
  "not-host",
  "too-many-rooms",
  "already-in-room",
  "not-in-room",
  "participant-unknown",
  "person-unknown",
  "ring-unknown",
  "too-many-rings",
  "ring-self",
  "unreachable",
  "server-down",
  "link-lost",
  "description-unsigned",
  "description-forged",
  "description-replayed",
  "fingerprint-weak",
  "unverified-refused",
  "verification-failed",
  "phrase-wrong",
  "device-unknown",
  "name-invalid",
  "url-invalid",
  "url-insecure",
  "certificate-invalid",
  "setting-invalid",
  "store-failed",
  "port-in-use",
  "too-many-windows",
  "file-unknown",
  "file-changed",
  "too-many-files",
  "disk-full",
  "folder-unusable",
  "internal",
];

/** Every limit; times in ms, sizes in bytes. */
export const LIMITS = {
  MAX_MESSAGE_BYTES: 65536,
  HELLO_TIMEOUT: 5000,
  PING_INTERVAL: 5000,
  IDLE_TIMEOUT: 15000,
  ROOM_IDLE_TIMEOUT: 6000,
  ROOM_PING_INTERVAL: 1000,
  RESUME_GRACE: 30000,
  ROOM_KEPT: 120000,
  MAX_UNSEEN: 512,
  MAX_UNSEEN_BYTES: 1048576,
  MAX_QUEUE: 256,
  MAX_REQUESTS: 300,
  RATE_WINDOW: 10000,
  MAX_RINGS: 10,
  MAX_OPEN_RINGS: 16,
  RING_TIMEOUT: 45000,
  MAX_MEMBERS: 10000,
  MAX_MEMBERS_PER_DEVICE: 4,
  MAX_UNGREETED: 256,
  MAX_UNGREETED_PER_ADDRESS: 32,
  MAX_ACTIONS_AT_ONCE: 200,
  MAX_ACTIONS_PER_SECOND: 20,
  MAX_ROOMS: 2000,
  MAX_ROOMS_PER_DEVICE: 4,
  MAX_PARTICIPANTS: 16,
  MAX_CAMERAS: 7,
  MAX_LISTED: 48,
  LISTING_PAUSE: 1000,
  MAX_FOUND: 8,
  MAX_CODES: 10,
  MAX_LINK_CHARS: 2048,
  MAX_TITLE_CHARS: 80,
  MAX_TITLE_BYTES: 200,
  MAX_PASSWORD_CHARS: 64,
  MAX_PASSWORD_BYTES: 256,
  MAX_WRONG_PASSWORDS: 10,
  MAX_WAITING: 32,
  MAX_REMEMBERED: 256,
  MAX_NAME_CHARS: 64,
  MAX_NAME_BYTES: 160,
  MAX_NOTE_CHARS: 80,
  MAX_NOTE_BYTES: 200,
  MAX_ANSWER_CHARS: 200,
  MAX_ADDRESSES: 12,
  MAX_ADDRESS_BYTES: 256,
  MAX_ICE_SERVERS: 8,
  DIAL_TIMEOUT: 2500,
  MAX_PEOPLE: 1000,
  MAX_BLOCKED: 256,
  MAX_KNOWN: 2000,
  MAX_SDP_ITEMS: 16,
  MIN_PHRASE_CHARS: 8,
  MAX_PHRASE_CHARS: 128,
  VERIFY_TIMEOUT: 120000,
  MAX_REACTIONS: 10,
  REACTION_TIME: 4000,
  MAX_HOST_WORDS: 10,
  SPOTLIGHT_PAUSE: 1000,
  MAX_WINDOWS: 8,
  MAX_CALLS_LISTED: 200,
  FILE_BLOCK_BYTES: 1048576,
  FILE_WINDOW_BYTES: 8388608,
  MAX_PIECE_BYTES: 262144,
  MAX_FILE_NAME_BYTES: 1024,
  MAX_FILES: 16,
  MAX_FILE_IN_MEMORY: 268435456,
  MAX_CHAT_CHARS: 4000,
  MAX_CHAT_HISTORY: 500,
  MAX_CHAT_BYTES: 1048576,
  MAX_CHAT_REACTIONS: 2000,
  MAX_CHAT_AT_ONCE: 20,
  MAX_CHAT_PER_SECOND: 2,
  CHAT_ANSWER_TIME: 4000,
  UI_KEY_LIFETIME: 300000,
  ICE_RESTART_AFTER: 2000,
  CALL_LOST_AFTER: 30000,
} as const;

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = "earshot.v1";

/** The protocol versions of this build, best first. */
export const VERSIONS: readonly number[] = [1];
