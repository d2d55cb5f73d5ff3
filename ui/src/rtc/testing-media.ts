/** For unit tests only: tracks, streams and coders that do nothing but remember what they were told. */
import type { Line, Pc } from "./numbers";
import type {
  Media,
  SoundReceiver,
  SoundSender,
  VideoReceiveStats,
  VideoReceiver,
  VideoSender,
  VideoSendStats,
  VideoSettings,
} from "./seam";
import type { Codec } from "./wire";

let ids = 0;

export class FakeTrack extends EventTarget {
  readonly id = `track-${++ids}`;
  #enabled = true;
  muted = false;
  readyState: "live" | "ended" = "live";
  contentHint = "";
  settings: MediaTrackSettings = {};
  constraints: MediaTrackConstraints = {};
  constructor(readonly kind: "audio" | "video") {
    super();
  }
  get enabled(): boolean {
    return this.#enabled;
  }
  set enabled(value: boolean) {
    this.#enabled = value;
  }
  stop(): void {
    this.readyState = "ended";
  }
  getSettings(): MediaTrackSettings {
    return this.settings;
  }
  getConstraints(): MediaTrackConstraints {
    return this.constraints;
  }
  /** Pulled out. */
  unplug(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }
  get asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export class FakeStream extends EventTarget {
  readonly id = `stream-${++ids}`;
  readonly #tracks: MediaStreamTrack[];
  constructor(tracks: MediaStreamTrack[] = []) {
    super();
    this.#tracks = [...tracks];
  }
  getTracks(): MediaStreamTrack[] {
    return [...this.#tracks];
  }
  getAudioTracks(): MediaStreamTrack[] {
    return this.#tracks.filter(({ kind }) => kind === "audio");
  }
  addTrack(track: MediaStreamTrack): void {
    this.#tracks.push(track);
  }
  removeTrack(track: MediaStreamTrack): void {
    this.#tracks.splice(this.#tracks.indexOf(track), 1);
  }
}

/** The webview's own, which Node has not. */
export function installFakes(): void {
  Object.assign(globalThis, { MediaStream: FakeStream, MediaStreamTrack: FakeTrack });
}

export function stream(...tracks: FakeTrack[]): MediaStream {
  return new MediaStream(tracks.map(({ asTrack }) => asTrack));
}

export const SENT: VideoSendStats = {
  framesEncoded: 90,
  keyFramesEncoded: 2,
  framesSent: 89,
  hugeFramesSent: 1,
  totalEncodeTime: 0.9,
  frameWidth: 1280,
  frameHeight: 720,
  framesPerSecond: 30,
  targetBitrate: 2_000_000,
  qualityLimitationReason: "bandwidth",
  encoderImplementation: "fake",
  source: { width: 1280, height: 720, frames: 91, framesPerSecond: 30 },
};

export const RECEIVED: VideoReceiveStats = {
  framesReceived: 60,
  framesDecoded: 58,
  keyFramesDecoded: 1,
  framesDropped: 2,
  frameWidth: 640,
  frameHeight: 480,
  framesPerSecond: 25,
  totalDecodeTime: 0.5,
  totalInterFrameDelay: 2.4,
  totalSquaredInterFrameDelay: 0.2,
  freezeCount: 1,
  totalFreezesDuration: 0.4,
  pauseCount: 0,
  totalPausesDuration: 0,
  decoderImplementation: "fake",
};

class FakeEnd {
  bound: [Pc, Line] | null = null;
  isClosed = false;
  bind(pc: Pc, line: Line): void {
    this.bound = [pc, line];
  }
  close(): void {
    this.isClosed = true;
  }
}

class FakeSender extends FakeEnd {
  track: MediaStreamTrack | null = null;
  setTrack(track: MediaStreamTrack | null): void {
    this.track = track;
  }
}

export class FakeVideoSender extends FakeSender implements VideoSender {
  settings: VideoSettings | null = null;
  codec: Codec | null = null;
  target: number | null = null;
  keyframes = 0;
  set(settings: VideoSettings): void {
    this.settings = settings;
  }
  setCodec(codec: Codec | null): void {
    this.codec = codec;
  }
  setTarget(bitrate: number): void {
    this.target = bitrate;
  }
  wantKeyframe(): void {
    this.keyframes += 1;
  }
  stats(): Promise<VideoSendStats> {
    return Promise.resolve({ ...SENT });
  }
}

export class FakeSoundSender extends FakeSender implements SoundSender {
  isActive = false;
  setActive(active: boolean): void {
    this.isActive = active;
  }
  stats(): ReturnType<SoundSender["stats"]> {
    return Promise.resolve({ audioLevel: 0.5, totalAudioEnergy: 1, totalSamplesDuration: 3 });
  }
}

export class FakeReceiver extends FakeEnd implements VideoReceiver, SoundReceiver {
  readonly track: MediaStreamTrack;
  isActive = false;
  constructor(kind: "audio" | "video") {
    super();
    this.track = new FakeTrack(kind).asTrack;
  }
  setActive(active: boolean): void {
    this.isActive = active;
  }
  stats(): Promise<VideoReceiveStats> {
    return Promise.resolve({ ...RECEIVED });
  }
}

export const VP8: Codec = { mime_type: "video/VP8", clock_rate: 90_000 };
export const H264: Codec = {
  mime_type: "video/H264",
  clock_rate: 90_000,
  sdp_fmtp_line: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
};
export const OPUS: Codec = { mime_type: "audio/opus", clock_rate: 48_000, channels: 2 };

export class FakeMedia implements Media {
  readonly videoSenders: FakeVideoSender[] = [];
  readonly soundSenders: FakeSoundSender[] = [];
  readonly receivers: FakeReceiver[] = [];
  videoSender(): VideoSender {
    const one = new FakeVideoSender();
    this.videoSenders.push(one);
    return one;
  }
  soundSender(): SoundSender {
    const one = new FakeSoundSender();
    this.soundSenders.push(one);
    return one;
  }
  videoReceiver(): VideoReceiver {
    return this.#receiver("video");
  }
  soundReceiver(): SoundReceiver {
    return this.#receiver("audio");
  }
  capabilities(kind: "audio" | "video"): Codec[] {
    return kind === "audio" ? [OPUS] : [VP8, H264];
  }
  #receiver(kind: "audio" | "video"): FakeReceiver {
    const one = new FakeReceiver(kind);
    this.receivers.push(one);
    return one;
  }
}
