// Generated from the crate webview-rtc by `make generate`. Do not edit.

/**
 * A text frame of the page.
 */
export type FromPage = { 
/**
 * Answered once, by [`ToPage::Reply`] with the same id.
 */
id: number, 
/**
 * What is wished.
 */
request: Request, };

/**
 * A text frame to the page.
 */
export type ToPage = { "type": "reply", 
/**
 * The request's.
 */
id: number, 
/**
 * What was done.
 */
reply: Reply, } | { "type": "refused", 
/**
 * The request's.
 */
id: number, 
/**
 * Why.
 */
fault: Fault, 
/**
 * For a developer; never shown to people.
 */
message: string, } | { "type": "event", 
/**
 * Which.
 */
pc: number, 
/**
 * What.
 */
event: Event, };

/**
 * Why something was not done; the page makes the DOMException of this name of it.
 */
export type Fault = "OperationError" | "InvalidStateError" | "InvalidAccessError" | "InvalidModificationError" | "NotSupportedError" | "Closed" | "QuotaExceededError";

/**
 * W3C `RTCIceServer`.
 */
export type IceServer = { 
/**
 * `stun:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065).
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
 * W3C `RTCConfiguration`, what of it matters here.
 */
export type Configuration = { 
/**
 * Where server-reflexive and relay candidates come from.
 */
ice_servers: Array<IceServer>, 
/**
 * W3C `RTCIceTransportPolicy` is `relay`: only relay candidates.
 */
relay_only: boolean, };

/**
 * `audio` or `video`.
 */
export type Kind = "audio" | "video";

/**
 * W3C `RTCRtpTransceiverDirection`.
 */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive" | "stopped";

/**
 * A codec as `RTCRtpCodec` spells it.
 */
export type Codec = { 
/**
 * `video/VP8`, `video/H264`, `audio/opus`.
 */
mime_type: string, 
/**
 * Hz of the RTP clock.
 */
clock_rate: number, 
/**
 * 2 for Opus, absent for pictures.
 */
channels?: number, 
/**
 * `profile-level-id=42e01f;…`
 */
sdp_fmtp_line?: string, };

/**
 * A transceiver as the page wants it in the next description.
 */
export type Transceiver = { 
/**
 * Its m-line, once it has one.
 */
line: number | null, 
/**
 * Of its tracks.
 */
kind: Kind, 
/**
 * Wanted.
 */
direction: Direction, 
/**
 * Ids of the streams that its sender names (`a=msid`); may be empty.
 */
streams: Array<string>, 
/**
 * Id of the sender's track in `a=msid`.
 */
track: string, 
/**
 * In the order of preference; empty for the order of this side.
 */
codecs: Array<Codec>, };

/**
 * W3C `RTCSdpType` without `pranswer`, which nobody sends.
 */
export type SdpType = "offer" | "answer";

/**
 * W3C `RTCDataChannelInit`, and the label.
 */
export type ChannelInit = { 
/**
 * The page's number for it.
 */
key: number, 
/**
 * A name for people and programs.
 */
label: string, 
/**
 * In order.
 */
ordered: boolean, 
/**
 * ms after which a message is not sent again.
 */
max_packet_life_time: number | null, 
/**
 * Times that a message is sent again.
 */
max_retransmits: number | null, 
/**
 * Subprotocol.
 */
protocol: string, 
/**
 * The stream id that both sides agreed on, or null for a channel that is announced in-band (RFC 8832).
 */
negotiated: number | null, };

/**
 * What a sender may use: W3C `RTCRtpEncodingParameters`, and what of it matters to the share of the line.
 */
export type Encoding = { 
/**
 * False: nothing is sent.
 */
active: boolean, 
/**
 * bit/s; null for the default of the kind.
 */
max_bitrate: number | null, 
/**
 * `very-low`, `low`, `medium`, `high`.
 */
priority: Priority, };

/**
 * W3C `RTCPriorityType`.
 */
export type Priority = "very-low" | "low" | "medium" | "high";

/**
 * W3C `MediaTrackSettings` of a microphone: what is done to its sound.
 */
export type SourceOptions = { 
/**
 * What is played is taken out.
 */
echo_cancellation: boolean, 
/**
 * A fan is taken out.
 */
noise_suppression: boolean, 
/**
 * Quiet people are made louder.
 */
auto_gain_control: boolean, 
/**
 * 1 or 2.
 */
channels: number, 
/**
 * Speech, not music: the encoder's mode and whether silence may be left out (DTX).
 */
speech: boolean, };

/**
 * What a page may wish.
 */
export type Request = { "type": "open", 
/**
 * Not open yet.
 */
pc: number, 
/**
 * Its.
 */
configuration: Configuration, } | { "type": "set-configuration", 
/**
 * Which.
 */
pc: number, 
/**
 * Its new one.
 */
configuration: Configuration, } | { "type": "create-offer", 
/**
 * Which.
 */
pc: number, 
/**
 * All of them, in their order; those without a line get one.
 */
transceivers: Array<Transceiver>, 
/**
 * New ICE credentials.
 */
ice_restart: boolean, } | { "type": "create-answer", 
/**
 * Which.
 */
pc: number, 
/**
 * All of them, in their order; those of the offer have their line.
 */
transceivers: Array<Transceiver>, } | { "type": "set-local", 
/**
 * Which.
 */
pc: number, 
/**
 * What is set.
 */
kind: SdpType, } | { "type": "rollback", 
/**
 * Which.
 */
pc: number, } | { "type": "set-remote", 
/**
 * Which.
 */
pc: number, 
/**
 * What is set.
 */
kind: SdpType, 
/**
 * Theirs.
 */
sdp: string, } | { "type": "add-candidate", 
/**
 * Which.
 */
pc: number, 
/**
 * `candidate:…` (RFC 8839, section 5.1).
 */
candidate: string, 
/**
 * The m-line, by its id or index; one of both is given.
 */
mid: string | null, 
/**
 * See `mid`.
 */
line: number | null, 
/**
 * Of the description it belongs to, if it is told.
 */
ufrag: string | null, } | { "type": "open-channel", 
/**
 * Which.
 */
pc: number, 
/**
 * What.
 */
channel: ChannelInit, } | { "type": "close-channel", 
/**
 * Which.
 */
pc: number, 
/**
 * What.
 */
channel: number, } | { "type": "set-channel-low", 
/**
 * Which.
 */
pc: number, 
/**
 * What.
 */
channel: number, 
/**
 * Bytes.
 */
threshold: number, } | { "type": "set-sender", 
/**
 * Which.
 */
pc: number, 
/**
 * Which line.
 */
line: number, 
/**
 * Has a track that is live.
 */
sending: boolean, 
/**
 * Its share of the line.
 */
encoding: Encoding, 
/**
 * bit/s that the picture can make use of as it is now (its size and rate); null when not known.
 */
useful_bitrate: number | null, } | { "type": "want-keyframe", 
/**
 * Which.
 */
pc: number, 
/**
 * Which line.
 */
line: number, } | { "type": "open-source", 
/**
 * Not open yet.
 */
source: number, 
/**
 * What is done to it.
 */
options: SourceOptions, } | { "type": "close-source", 
/**
 * Which.
 */
source: number, } | { "type": "attach", 
/**
 * Which.
 */
pc: number, 
/**
 * Which line.
 */
line: number, 
/**
 * What.
 */
source: number | null, } | { "type": "get-stats", 
/**
 * Which.
 */
pc: number, } | { "type": "close", 
/**
 * Which.
 */
pc: number, };

/**
 * What is answered.
 */
export type Reply = { "type": "done" } | { "type": "description", 
/**
 * Made here.
 */
sdp: string, 
/**
 * m-line and mid of each transceiver of the request, in its order; null for one that got none.
 */
lines: Array<LineId | null>, } | { "type": "remote", 
/**
 * Each audio and video m-line, in order.
 */
media: Array<RemoteMedia>, 
/**
 * Whether they want data channels.
 */
channels: boolean, 
/**
 * Of the description (`a=ice-ufrag`).
 */
ufrag: string, } | { "type": "stats", 
/**
 * W3C webrtc-stats dictionaries, each with `id`, `type` and `timestamp`; `inbound-rtp` and `outbound-rtp` carry
 * `mid`, by which the page adds what only the coders know.
 */
entries: Record<string, unknown>[], };

/**
 * An m-line.
 */
export type LineId = { 
/**
 * Its index.
 */
line: number, 
/**
 * Its identification (`a=mid`).
 */
mid: string, };

/**
 * An m-line of theirs, as it holds from now on.
 */
export type RemoteMedia = { 
/**
 * Its index.
 */
line: number, 
/**
 * Its identification.
 */
mid: string, 
/**
 * Of its tracks.
 */
kind: Kind, 
/**
 * As they see it; `stopped` for one that is rejected (port 0).
 */
direction: Direction, 
/**
 * Their streams (`a=msid`).
 */
streams: Array<string>, 
/**
 * Their track's id, or "".
 */
track: string, 
/**
 * What both can, in their order. After an answer the first is what is sent.
 */
codecs: Array<Codec>, };

/**
 * What happens to a connection.
 */
export type Event = { "type": "candidate", 
/**
 * Null at the end.
 */
candidate: LocalCandidate | null, } | { "type": "gathering", 
/**
 * `new`, `gathering`, `complete`.
 */
state: Gathering, } | { "type": "ice", 
/**
 * Now.
 */
state: IceState, } | { "type": "pair", 
/**
 * Ours.
 */
local: PairEnd, 
/**
 * Theirs.
 */
remote: PairEnd, } | { "type": "dtls", 
/**
 * Now.
 */
state: DtlsState, } | { "type": "send-codec", 
/**
 * Which line.
 */
line: number, 
/**
 * What.
 */
codec: Codec | null, } | { "type": "came", 
/**
 * Which line.
 */
line: number, } | { "type": "keyframe-wanted", 
/**
 * Which line.
 */
line: number, } | { "type": "target", 
/**
 * Which line.
 */
line: number, 
/**
 * bit/s for the encoder; 0 to pause.
 */
bitrate: number, } | { "type": "heard", 
/**
 * Which line.
 */
line: number, 
/**
 * RMS, 0 to 1 (W3C `RTCRtpContributingSource.audioLevel`).
 */
level: number, 
/**
 * Theirs.
 */
ssrc: number, 
/**
 * Of the newest packet.
 */
rtp_timestamp: number, } | { "type": "channel", 
/**
 * As they wish it; `key` was given by this side.
 */
channel: ChannelInit, 
/**
 * Stream id.
 */
id: number, } | { "type": "channel-open", 
/**
 * Which.
 */
channel: number, 
/**
 * Stream id.
 */
id: number, } | { "type": "channel-closed", 
/**
 * Which.
 */
channel: number, } | { "type": "channel-low", 
/**
 * Which.
 */
channel: number, } | { "type": "channel-sent", 
/**
 * Which.
 */
channel: number, 
/**
 * Bytes.
 */
bytes: number, } | { "type": "failed", 
/**
 * For a developer.
 */
message: string, };

/**
 * W3C `RTCIceCandidate`, one of ours.
 */
export type LocalCandidate = { 
/**
 * `candidate:…`
 */
candidate: string, 
/**
 * Of the m-line that all are bundled on.
 */
mid: string, 
/**
 * Its index.
 */
line: number, 
/**
 * `a=ice-ufrag` of the description it belongs to.
 */
ufrag: string, };

/**
 * One end of a pair of candidates.
 */
export type PairEnd = { 
/**
 * IP address.
 */
address: string, 
/**
 * UDP port.
 */
port: number, 
/**
 * W3C `RTCIceCandidateType`: `host`, `srflx`, `prflx`, `relay`.
 */
kind: string, 
/**
 * 0 for one that only showed itself.
 */
priority: number, };

/**
 * W3C `RTCIceGatheringState`.
 */
export type Gathering = "new" | "gathering" | "complete";

/**
 * W3C `RTCIceConnectionState`.
 */
export type IceState = "new" | "checking" | "connected" | "completed" | "disconnected" | "failed" | "closed";

/**
 * W3C `RTCDtlsTransportState`.
 */
export type DtlsState = "new" | "connecting" | "connected" | "closed" | "failed";

export const FIRST_REMOTE_CHANNEL = 2147483648;
export const MAX_MESSAGE_BYTES = 262144;
export const MAX_CHANNELS = 64;
export const MAX_CONNECTIONS = 64;
export const HEADER_BYTES = 24;
export const KEYFRAME = 1;
export const CONTIGUOUS = 2;
export const TEXT = 4;
export const FRAME_PICTURE = 1;
export const FRAME_CAPTURED = 2;
export const FRAME_SOUND = 3;
export const FRAME_PLAYED = 4;
export const FRAME_DATA = 5;
export const MAX_BINARY_BYTES = 4194304;
/** By a picture's codec byte. */
export const CODECS = ["", "video/VP8", "video/H264"] as const;
