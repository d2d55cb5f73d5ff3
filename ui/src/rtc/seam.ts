/**
 * What the parts of this folder are to each other. The class `PeerConnection` (W3C WebRTC 1.0) knows a {@link Session}
 * and a {@link Media}; the worker behind both holds the one socket to the native side.
 */
import type { ChannelKey, Codec, Event, Line, Pc, Priority, Reply, Request } from "./numbers";

/** The socket, seen from the page. One for all connections of the page. */
export interface Session {
  /** Rejects with the DOMException of the fault's name (`Closed` becomes InvalidStateError). */
  request(request: Request): Promise<Reply>;
  /** Events of one connection until the result is called. */
  listen(pc: Pc, on: (event: Event) => void): () => void;
  /** Messages of a connection's channels until the result is called. */
  listenData(pc: Pc, on: (channel: ChannelKey, data: string | ArrayBuffer) => void): () => void;
  /** In order after every request made before. */
  sendData(pc: Pc, channel: ChannelKey, data: string | Uint8Array): void;
  /** A number no connection had. */
  nextPc(): Pc;
  /** Called once when the native side is gone: every connection is `failed` then. */
  onlost: (() => void) | null;
}

/** What a video sender's coder is told (W3C `RTCRtpEncodingParameters`, `RTCRtpSendParameters`, mst-content-hint). */
export interface VideoSettings {
  active: boolean;
  /** bit/s, null: the default. */
  maxBitrate: number | null;
  maxFramerate: number | null;
  scaleResolutionDownBy: number;
  priority: Priority;
  degradation: RTCDegradationPreference | null;
}

/** What only the coder of a sent picture knows; counted since it began (webrtc-stats `RTCOutboundRtpStreamStats`). */
export interface VideoSendStats {
  framesEncoded: number;
  keyFramesEncoded: number;
  framesSent: number;
  hugeFramesSent: number;
  /** s */
  totalEncodeTime: number;
  frameWidth: number | null;
  frameHeight: number | null;
  framesPerSecond: number;
  /** bit/s */
  targetBitrate: number;
  qualityLimitationReason: "none" | "cpu" | "bandwidth" | "other";
  encoderImplementation: string;
  /** Of the source (`RTCVideoSourceStats`). */
  source: { width: number; height: number; frames: number; framesPerSecond: number } | null;
}

/** What only the decoder knows (webrtc-stats `RTCInboundRtpStreamStats`). */
export interface VideoReceiveStats {
  framesReceived: number;
  framesDecoded: number;
  keyFramesDecoded: number;
  framesDropped: number;
  frameWidth: number | null;
  frameHeight: number | null;
  framesPerSecond: number;
  /** s */
  totalDecodeTime: number;
  totalInterFrameDelay: number;
  totalSquaredInterFrameDelay: number;
  freezeCount: number;
  totalFreezesDuration: number;
  pauseCount: number;
  totalPausesDuration: number;
  decoderImplementation: string;
}

/** One video line's way out. Nothing is coded before `codec`, `track` and `line` are there and `active` is true. */
export interface VideoSender {
  bind(pc: Pc, line: Line): void;
  setTrack(track: MediaStreamTrack | null): void;
  set(settings: VideoSettings): void;
  setCodec(codec: Codec | null): void;
  /** bit/s, from the native side's estimate; 0 pauses. */
  setTarget(bitrate: number): void;
  wantKeyframe(): void;
  stats(): Promise<VideoSendStats>;
  close(): void;
}

/** One video line's way in. The track is there at once and for good. */
export interface VideoReceiver {
  readonly track: MediaStreamTrack;
  bind(pc: Pc, line: Line): void;
  /** False: what comes is dropped (direction without receiving). */
  setActive(active: boolean): void;
  stats(): Promise<VideoReceiveStats>;
  close(): void;
}

/** One audio line's way out: the track's sound goes to the native side, once for all lines that carry the track. */
export interface SoundSender {
  bind(pc: Pc, line: Line): void;
  setTrack(track: MediaStreamTrack | null): void;
  setActive(active: boolean): void;
  /** Of the source (`RTCAudioSourceStats`): level 0 to 1, energy, seconds. */
  stats(): Promise<{ audioLevel: number; totalAudioEnergy: number; totalSamplesDuration: number } | null>;
  close(): void;
}

/** One audio line's way in. The track is there at once and for good. */
export interface SoundReceiver {
  readonly track: MediaStreamTrack;
  bind(pc: Pc, line: Line): void;
  setActive(active: boolean): void;
  close(): void;
}

/** Makes coders. */
export interface Media {
  videoSender(): VideoSender;
  videoReceiver(): VideoReceiver;
  soundSender(): SoundSender;
  soundReceiver(): SoundReceiver;
  /** What this webview can send and receive, in the order that is offered. */
  capabilities(kind: "audio" | "video"): Codec[];
}
