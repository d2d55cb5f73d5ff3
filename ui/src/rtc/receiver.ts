/** RTCRtpReceiver (W3C WebRTC 1.0, section 5.3): a track that is there for good, and what is heard of it. */
import { asParameters, capabilities } from "./codecs";
import { guard, KEY } from "./events";
import type { Line } from "./numbers";
import type { Owner } from "./owner";
import type { SoundReceiver, VideoReceiver } from "./seam";
import { receives } from "./sdp";
import type { Place } from "./sender";
import type { RTCStatsReport } from "./stats-report";
import { Mutable, shadow } from "./streams";
import type { RTCDtlsTransport } from "./transports";
import type { Event, Kind } from "./wire";

/** How long a source is told after its last packet, ms (section 5.3, getSynchronizationSources). */
const SOURCE_TIME = 10_000;
/** After so long without news a voice is silent: the native side tells only of what sounds, ms. */
const SILENCE_TIME = 500;

type Heard = Extract<Event, { type: "heard" }>;

export class Receiving {
  readonly api: RTCRtpReceiver;
  readonly video: VideoReceiver | null;
  readonly sound: SoundReceiver | null;
  readonly track: MediaStreamTrack;
  /** Streams of theirs that the track is in. */
  streams: MediaStream[] = [];
  readonly #mutable: Mutable;
  readonly #heard = new Map<number, RTCRtpSynchronizationSource>();
  #line: Line | null = null;
  #comes = false;

  constructor(
    readonly owner: Owner,
    readonly place: Place,
    readonly kind: Kind,
  ) {
    this.video = kind === "video" ? owner.media.videoReceiver() : null;
    this.sound = kind === "audio" ? owner.media.soundReceiver() : null;
    const track = (this.video ?? this.sound)?.track;
    if (!track) throw new DOMException("no receiver for the track", "OperationError");
    this.track = track;
    shadow(track, "label", () => `remote ${kind}`);
    this.#mutable = new Mutable(track);
    this.api = new RTCRtpReceiver(KEY, this);
  }

  bind(line: Line): void {
    if (this.#line === line) return;
    this.#line = line;
    (this.video ?? this.sound)?.bind(this.owner.pc, line);
    this.update();
  }

  /** Media is taken in only where both sides agreed to it, and the track is muted else. */
  update(): void {
    const { place, owner } = this;
    const isReceiving = receives(place.currentDirection) && !place.isStopping && !owner.isClosed;
    (this.video ?? this.sound)?.setActive(isReceiving);
    if (isReceiving && this.#comes) this.#mutable.set(false);
  }

  /** The first packet since it was agreed that this side receives. */
  came(): void {
    this.#comes = true;
    this.update();
  }

  /** At once, where the spec says so. It unmutes when something comes, or when what says so is rolled back. */
  mute(): void {
    this.#mutable.set(true);
  }

  /** Nothing comes any more, by what was agreed. */
  pause(): void {
    this.#comes = false;
  }

  /** They have gone. */
  left(): void {
    this.pause();
    this.mute();
  }

  heard({ level, ssrc, rtp_timestamp }: Heard): void {
    const timestamp = performance.timeOrigin + performance.now();
    this.#heard.set(ssrc, {
      audioLevel: level,
      rtpTimestamp: rtp_timestamp,
      source: ssrc,
      timestamp,
    });
  }

  sources(): RTCRtpSynchronizationSource[] {
    const now = performance.timeOrigin + performance.now();
    for (const [ssrc, { timestamp }] of this.#heard) {
      if (now - timestamp > SOURCE_TIME) this.#heard.delete(ssrc);
    }
    return [...this.#heard.values()]
      .sort((a, b) => b.timestamp - a.timestamp)
      .map(({ source, timestamp, rtpTimestamp, audioLevel = 0 }) => ({
        source,
        timestamp,
        rtpTimestamp,
        audioLevel: now - timestamp > SILENCE_TIME ? 0 : audioLevel,
      }));
  }

  end(): void {
    this.#mutable.end();
  }

  close(): void {
    this.end();
    (this.video ?? this.sound)?.close();
  }
}

export class RTCRtpReceiver {
  readonly #inner: Receiving;

  constructor(key: unknown, inner: Receiving) {
    guard(key);
    this.#inner = inner;
  }

  static getCapabilities(kind: string): RTCRtpCapabilities | null {
    return capabilities(kind);
  }

  get track(): MediaStreamTrack {
    return this.#inner.track;
  }

  get transport(): RTCDtlsTransport | null {
    return this.#inner.place.hasTransport ? this.#inner.owner.transport : null;
  }

  getParameters(): RTCRtpReceiveParameters {
    const { owner, place } = this.#inner;
    const local = owner.localSection(place.line);
    const remote = owner.remoteSection(place.line);
    const isAgreed = local !== null && remote !== null;
    return {
      headerExtensions: isAgreed ? local.extensions.map((one) => ({ ...one })) : [],
      rtcp: { reducedSize: local?.reducedSize ?? false },
      codecs: isAgreed ? asParameters(local.codecs) : [],
    };
  }

  getSynchronizationSources(): RTCRtpSynchronizationSource[] {
    return this.#inner.sources();
  }

  /** Mixers that name whom they mixed are not known. */
  getContributingSources(): RTCRtpContributingSource[] {
    return [];
  }

  async getStats(): Promise<RTCStatsReport> {
    return this.#inner.owner.getStats(this.#inner);
  }
}
