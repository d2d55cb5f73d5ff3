/** RTCRtpSender (W3C WebRTC 1.0, section 5.2): a track, its parameters, and the coder that follows them. */
import { asParameters, capabilities } from "./codecs";
import { failure, notSupported } from "./errors";
import { guard, KEY, queueTask } from "./events";
import type { Line } from "./numbers";
import type { Owner } from "./owner";
import { checkedParameters } from "./parameters";
import type { SoundSender, VideoSender, VideoSettings } from "./seam";
import { sends } from "./sdp";
import type { RTCStatsReport } from "./stats-report";
import type { RTCDtlsTransport } from "./transports";
import type { Codec, Direction, Kind, Priority } from "./wire";

/** What its transceiver tells it. */
export interface Place {
  readonly line: Line | null;
  readonly mid: string | null;
  readonly currentDirection: Direction | null;
  readonly isStopping: boolean;
  readonly hasTransport: boolean;
}

/** Bits of a point of a frame above which more is not seen. */
const BITS_PER_POINT = 0.15;
/** Where the track does not say how large it is. */
const USUAL_POINTS_PER_SECOND = 1280 * 720 * 30;

export class Sending {
  readonly api: RTCRtpSender;
  readonly video: VideoSender | null;
  readonly sound: SoundSender | null;
  /** Of `a=msid`, for good. */
  readonly trackId: string;
  streams: string[];
  encoding: RTCRtpEncodingParameters;
  degradation: RTCDegradationPreference | undefined = undefined;
  lastReturned: RTCRtpSendParameters | null = null;
  #track: MediaStreamTrack | null = null;
  #told = "";
  #codec: Codec | null = null;
  readonly #ended = (): void => this.update();

  constructor(
    readonly owner: Owner,
    readonly place: Place,
    readonly kind: Kind,
    track: MediaStreamTrack | null,
    streams: readonly MediaStream[],
    encoding: RTCRtpEncodingParameters,
  ) {
    this.api = new RTCRtpSender(KEY, this);
    this.video = kind === "video" ? owner.media.videoSender() : null;
    this.sound = kind === "audio" ? owner.media.soundSender() : null;
    this.trackId = owner.nameTrack(track);
    this.streams = idsOf(streams);
    this.encoding = encoding;
    if (track) this.track = track;
    this.update();
  }

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  set track(track: MediaStreamTrack | null) {
    this.#track?.removeEventListener("ended", this.#ended);
    this.#track = track;
    track?.addEventListener("ended", this.#ended);
    (this.video ?? this.sound)?.setTrack(track);
    this.update();
  }

  /** What was agreed, and bound: media may flow. */
  get isSending(): boolean {
    return sends(this.place.currentDirection) && !this.place.isStopping;
  }

  bind(line: Line): void {
    (this.video ?? this.sound)?.bind(this.owner.pc, line);
  }

  setCodec(codec: Codec | null): void {
    this.#codec = codec;
    this.video?.setCodec(codec);
  }

  get codec(): Codec | null {
    return this.#codec;
  }

  setTarget(bitrate: number): void {
    this.video?.setTarget(bitrate);
    // The track's size may have changed, which no event tells.
    this.update();
  }

  /** Tells the coder and the native side what holds now, if it is new. */
  update(): void {
    const { owner, encoding, place } = this;
    if (owner.isClosed) return;
    const isLive = this.#track?.readyState === "live";
    const isActive = (encoding.active ?? true) && this.isSending;
    this.video?.set(this.#settings(isActive));
    this.sound?.setActive(isActive);
    if (place.line === null || place.currentDirection === null) return;
    const request = {
      type: "set-sender",
      pc: owner.pc,
      line: place.line,
      sending: isLive && this.isSending,
      encoding: {
        active: encoding.active ?? true,
        max_bitrate: encoding.maxBitrate ?? null,
        priority: priorityOf(encoding),
      },
      useful_bitrate: this.video ? this.#usefulBitrate() : null,
    } as const;
    const told = JSON.stringify(request);
    if (told === this.#told) return;
    this.#told = told;
    owner.session.request(request).catch(() => undefined);
  }

  /** The codecs and numbers of what is sent, as the other side wants them. */
  parameters(): RTCRtpSendParameters {
    const section = this.owner.remoteSection(this.place.line);
    const local = this.owner.localSection(this.place.line);
    const isAgreed = section !== null && local !== null;
    return {
      transactionId: crypto.randomUUID(),
      encodings: [{ ...this.encoding }],
      headerExtensions: isAgreed ? section.extensions.map((one) => ({ ...one })) : [],
      rtcp: { cname: local?.cname ?? "", reducedSize: section?.reducedSize ?? false },
      codecs: isAgreed ? asParameters(section.codecs) : [],
      ...(this.degradation === undefined ? {} : { degradationPreference: this.degradation }),
    };
  }

  close(): void {
    this.#track?.removeEventListener("ended", this.#ended);
    (this.video ?? this.sound)?.close();
  }

  #settings(active: boolean): VideoSettings {
    const { encoding } = this;
    return {
      active,
      maxBitrate: encoding.maxBitrate ?? null,
      maxFramerate: encoding.maxFramerate ?? null,
      scaleResolutionDownBy: encoding.scaleResolutionDownBy ?? 1,
      priority: priorityOf(encoding),
      degradation: this.degradation ?? hinted(this.#track?.contentHint),
    };
  }

  #usefulBitrate(): number | null {
    if (!this.#track) return null;
    // Of a transferred or ended track some engines tell nothing.
    const { width, height, frameRate } = this.#track.getSettings();
    const { maxFramerate, scaleResolutionDownBy: scale = 1 } = this.encoding;
    const rate = Math.min(frameRate ?? 30, maxFramerate ?? Infinity);
    const points = width && height ? width * height * rate : USUAL_POINTS_PER_SECOND;
    return Math.round((points / (scale * scale)) * BITS_PER_POINT);
  }
}

/** What suits the content where the page has no preference of its own (W3C mst-content-hint, section 4.2). */
function hinted(hint: string | undefined): RTCDegradationPreference | null {
  if (hint === "detail" || hint === "text") return "maintain-resolution";
  return hint === "motion" ? "maintain-framerate" : null;
}

function priorityOf(encoding: RTCRtpEncodingParameters): Priority {
  return encoding.priority ?? "low";
}

/** @throws TypeError for what is no stream */
export function idsOf(streams: readonly MediaStream[]): string[] {
  if (streams.some((stream) => !(stream instanceof MediaStream))) throw new TypeError("not a MediaStream");
  return [...new Set(streams.map(({ id }) => id))];
}

export class RTCRtpSender {
  readonly #inner: Sending;

  constructor(key: unknown, inner: Sending) {
    guard(key);
    this.#inner = inner;
  }

  static getCapabilities(kind: string): RTCRtpCapabilities | null {
    return capabilities(kind);
  }

  get track(): MediaStreamTrack | null {
    return this.#inner.track;
  }

  get transport(): RTCDtlsTransport | null {
    return this.#inner.place.hasTransport ? this.#inner.owner.transport : null;
  }

  /** Telephone events are not built. */
  get dtmf(): null {
    return null;
  }

  getParameters(): RTCRtpSendParameters {
    const inner = this.#inner;
    if (!inner.lastReturned) {
      const returned = inner.parameters();
      inner.lastReturned = returned;
      queueTask(() => {
        if (inner.lastReturned === returned) inner.lastReturned = null;
      });
    }
    return structuredClone(inner.lastReturned);
  }

  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    const inner = this.#inner;
    if (typeof parameters !== "object") throw new TypeError("not parameters");
    if (inner.place.isStopping) throw failure("InvalidStateError", "the transceiver is stopped");
    if (!inner.lastReturned)
      throw failure("InvalidStateError", "getParameters comes first, in the same task");
    const { encoding, degradation } = checkedParameters(parameters, inner.lastReturned, inner.kind);
    // In parallel, then in a task (section 5.2, setParameters, step 10).
    await new Promise<void>((resolve) => queueTask(resolve));
    inner.lastReturned = null;
    inner.encoding = encoding;
    inner.degradation = degradation;
    inner.update();
  }

  async replaceTrack(track: MediaStreamTrack | null): Promise<void> {
    const inner = this.#inner;
    if (track !== null && !(track instanceof MediaStreamTrack)) throw new TypeError("not a MediaStreamTrack");
    if (inner.owner.isClosed) throw failure("InvalidStateError", "the connection is closed");
    if (track && track.kind !== inner.kind) throw new TypeError(`a track of ${inner.kind} is wanted`);
    return inner.owner.chain.add(async () => {
      if (inner.place.isStopping) throw failure("InvalidStateError", "the transceiver is stopped");
      // Seen in a later task, and not when it is stopped or closed by then.
      await new Promise<void>((resolve) => queueTask(resolve));
      if (!inner.owner.isClosed && !inner.place.isStopping) inner.track = track;
    });
  }

  setStreams(...streams: MediaStream[]): void {
    const inner = this.#inner;
    if (inner.owner.isClosed) throw failure("InvalidStateError", "the connection is closed");
    inner.streams = idsOf(streams);
    inner.owner.updateNegotiationNeeded();
  }

  async getStats(): Promise<RTCStatsReport> {
    return this.#inner.owner.getStats(this.#inner);
  }

  async generateKeyFrame(): Promise<void> {
    throw notSupported("generateKeyFrame");
  }
}
