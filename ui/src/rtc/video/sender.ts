/** Codes a source's pictures for one line. Lives in the Worker. */
import { FRAME_PICTURE, HEADER_BYTES, KEYFRAME, type Codec, type Line, type Pc } from "../numbers";
import type { VideoSendStats, VideoSettings } from "../seam";
import { newFrame, payloadOf } from "../worker/frame";
import { Adaptation, Pace, type Plan, type Want } from "./adapt";
import { codecByte, codecString, toAnnexB } from "./codec";
import { Rate } from "./freeze";
import type { Source } from "./source";

/** Pictures in the encoder; beyond, they are dropped at the source. Those that WebKitGTK's has begun are in no queue. */
const MAX_INSIDE = 3;
/** ms after which an encoder from which nothing comes is given up. */
const STUCK = 5_000;
/** Bytes that wait for the native side; beyond, pictures are dropped at the source. */
const MAX_WAITING = 256 * 1024;
/** ms between keyframes that were asked for. */
const KEYFRAME_INTERVAL = 250;
/** ms after a failed encoder until the next is tried; doubled each time up to that. */
const FIRST_PAUSE = 100;
const MAX_PAUSE = 5_000;
/** A new bitrate is told to the encoder when it differs by so much. */
const BITRATE_STEP = 0.1;
/** A picture of so many mean pictures is huge (webrtc-stats, `hugeFramesSent`). */
const HUGE = 2.5;

/** What carries the coded pictures. */
export interface Out {
  /** Bytes that wait; null: no way out now. */
  waiting(pc: Pc): number | null;
  send(frame: Uint8Array<ArrayBuffer>): void;
}

const UNSET: VideoSettings = {
  active: true,
  maxBitrate: null,
  maxFramerate: null,
  scaleResolutionDownBy: 1,
  priority: "low",
  degradation: null,
};

export class Sender {
  readonly #out: Out;
  #place: { pc: Pc; line: Line } | null = null;
  #source: Source | null = null;
  #settings = UNSET;
  #codec = 0;
  #target = 0;

  #encoder: VideoEncoder | null = null;
  #configured: Plan | null = null;
  #adaptation = new Adaptation();
  #pace = new Pace();
  #keyframe = true;
  #lastKeyframe = -Infinity;
  #retryAt = 0;
  #pause = FIRST_PAUSE;
  #given = new Map<number, number>();
  #reason: VideoSendStats["qualityLimitationReason"] = "none";
  #rate = new Rate();
  #framesEncoded = 0;
  #keyFramesEncoded = 0;
  #framesSent = 0;
  #hugeFramesSent = 0;
  #totalEncodeTime = 0;
  #meanBytes = 0;

  constructor(out: Out) {
    this.#out = out;
  }

  bind(pc: Pc, line: Line): void {
    this.#place = { pc, line };
    this.wantKeyframe();
  }

  setSource(source: Source | null): void {
    if (source === this.#source) return;
    this.#source?.takers.delete(this.#take);
    this.#source = source;
    if (!source) return;
    source.takers.add(this.#take);
    // Another picture altogether: nothing of it is in the last one.
    this.wantKeyframe();
  }

  set(settings: VideoSettings): void {
    const resumes = settings.active && !this.#settings.active;
    this.#settings = settings;
    if (resumes) this.wantKeyframe();
  }

  setCodec(codec: Codec | null): void {
    const byte = codec ? codecByte(codec.mime_type) : 0;
    if (byte === this.#codec) return;
    this.#codec = byte;
    this.#drop();
    this.wantKeyframe();
  }

  setTarget(bitrate: number): void {
    this.#target = bitrate;
  }

  wantKeyframe(): void {
    this.#keyframe = true;
    // Nothing new may come for a while.
    if (performance.now() - this.#lastKeyframe >= KEYFRAME_INTERVAL) this.#source?.again(this.#take);
  }

  stats(): VideoSendStats {
    const source = this.#source;
    const isSending = this.#configured !== null && this.#isOn();
    return {
      framesEncoded: this.#framesEncoded,
      keyFramesEncoded: this.#keyFramesEncoded,
      framesSent: this.#framesSent,
      hugeFramesSent: this.#hugeFramesSent,
      totalEncodeTime: this.#totalEncodeTime,
      frameWidth: this.#configured?.width ?? null,
      frameHeight: this.#configured?.height ?? null,
      framesPerSecond: this.#rate.perSecond(performance.now()),
      targetBitrate: isSending ? (this.#configured?.bitrate ?? 0) : 0,
      qualityLimitationReason: this.#reason,
      encoderImplementation: "WebCodecs",
      source: source && {
        width: source.width,
        height: source.height,
        frames: source.frames,
        framesPerSecond: source.framesPerSecond,
      },
    };
  }

  close(): void {
    this.setSource(null);
    this.#drop();
    this.#place = null;
  }

  #isOn(): boolean {
    return this.#place !== null && this.#codec !== 0 && this.#settings.active && this.#target > 0;
  }

  #want(source: Source): Want {
    const { degradation, maxBitrate, maxFramerate, scaleResolutionDownBy } = this.#settings;
    return {
      width: source.width,
      height: source.height,
      framerate: source.framerate,
      scaleDownBy: Math.max(1, scaleResolutionDownBy),
      maxFramerate,
      maxBitrate,
      target: this.#target,
      preference: degradation ?? "balanced",
    };
  }

  /** A picture of the source: coded, or dropped. */
  readonly #take = (frame: VideoFrame): void => {
    const source = this.#source;
    if (!source || !this.#place) return;
    const waiting = this.#out.waiting(this.#place.pc);
    const now = performance.now();
    if (!this.#isOn() || waiting === null || now < this.#retryAt) return;
    const keyframe = this.#keyframe && now - this.#lastKeyframe >= KEYFRAME_INTERVAL;
    const plan = this.#adaptation.plan(now, this.#want(source));
    this.#reason = plan.reason;
    if (!this.#pace.admits(now, plan.framerate) && !keyframe) return;
    if (waiting > MAX_WAITING) return;
    if (this.#given.size >= MAX_INSIDE) {
      this.#adaptation.dropped();
      const [first = now] = this.#given.values();
      if (now - first > STUCK) this.#failed();
      return;
    }
    try {
      this.#configure(plan);
      this.#encode(frame, now);
    } catch {
      this.#failed();
    }
  };

  #encode(frame: VideoFrame, now: number): void {
    const keyFrame = this.#keyframe && now - this.#lastKeyframe >= KEYFRAME_INTERVAL;
    if (keyFrame) {
      this.#keyframe = false;
      this.#lastKeyframe = now;
    }
    this.#given.set(frame.timestamp, now);
    this.#encoder?.encode(frame, { keyFrame });
  }

  #configure(plan: Plan): void {
    const codec = codecString(this.#codec, plan.width, plan.height);
    if (codec === null) throw new DOMException("no such codec", "NotSupportedError");
    const before = this.#configured;
    const sameSize = before?.width === plan.width && before.height === plan.height;
    const sameRate = before?.framerate === plan.framerate;
    const off = before ? Math.abs(plan.bitrate - before.bitrate) / before.bitrate : 1;
    if (this.#encoder && sameSize && sameRate && off <= BITRATE_STEP) return;
    if (!this.#encoder) {
      const encoder: VideoEncoder = new VideoEncoder({
        output: (chunk) => {
          if (encoder === this.#encoder) this.#coded(chunk);
        },
        error: () => {
          if (encoder === this.#encoder) this.#failed();
        },
      });
      this.#encoder = encoder;
      this.#keyframe = true;
      this.#lastKeyframe = -Infinity;
    }
    this.#encoder.configure({
      codec,
      width: plan.width,
      height: plan.height,
      bitrate: plan.bitrate,
      framerate: plan.framerate ?? 30,
      latencyMode: "realtime",
      ...(codec.startsWith("avc1") ? { avc: { format: "annexb" } } : {}),
    });
    if (!sameSize) this.#keyframe = true;
    this.#configured = plan;
  }

  #coded(chunk: EncodedVideoChunk): void {
    const now = performance.now();
    const given = this.#given.get(chunk.timestamp);
    // Those before it that have not come out never will.
    for (const timestamp of [...this.#given.keys()]) {
      if (timestamp <= chunk.timestamp) this.#given.delete(timestamp);
    }
    if (given !== undefined) {
      this.#totalEncodeTime += (now - given) / 1000;
      this.#adaptation.coded(now - given);
    }
    this.#pause = FIRST_PAUSE;
    const isKey = chunk.type === "key";
    this.#framesEncoded += 1;
    if (isKey) this.#keyFramesEncoded += 1;
    this.#rate.count(now);
    if (!this.#place) return;
    const { pc, line } = this.#place;
    const header = {
      kind: FRAME_PICTURE,
      flags: isKey ? KEYFRAME : 0,
      codec: this.#codec,
      pc,
      stream: line,
      hold: 0,
      time: chunk.timestamp,
    };
    const frame = newFrame(header, chunk.byteLength);
    chunk.copyTo(frame.subarray(HEADER_BYTES));
    if (codecString(this.#codec, 0, 0)?.startsWith("avc1")) toAnnexB(payloadOf(frame));
    this.#out.send(frame);
    this.#framesSent += 1;
    if (this.#meanBytes > 0 && chunk.byteLength > HUGE * this.#meanBytes) this.#hugeFramesSent += 1;
    this.#meanBytes =
      this.#meanBytes === 0 ? chunk.byteLength : 0.9 * this.#meanBytes + 0.1 * chunk.byteLength;
  }

  /** Another encoder is tried after a while. */
  #failed(): void {
    this.#drop();
    this.#reason = "other";
    this.#retryAt = performance.now() + this.#pause;
    this.#pause = Math.min(MAX_PAUSE, 2 * this.#pause);
    this.#keyframe = true;
  }

  #drop(): void {
    const encoder = this.#encoder;
    this.#encoder = null;
    this.#configured = null;
    this.#given.clear();
    if (encoder && encoder.state !== "closed") encoder.close();
  }
}
