/** Decodes one line's pictures and shows them at their time. Lives in the Worker. */
import { CONTIGUOUS, KEYFRAME, type Line, type Pc } from "../numbers";
import type { VideoReceiveStats } from "../seam";
import { payloadOf, type Header } from "../worker/frame";
import type { Size } from "../worker/messages";
import { codecString } from "./codec";
import { Rate, Shown } from "./freeze";
import { sizeOfKeyframe } from "./picture-size";
import { Playout, type Timer } from "./playout";

/** Pictures in the decoder; beyond, it is too slow, and goes on at the next keyframe. */
const MAX_INSIDE = 20;
/** ms between two wishes for a keyframe. */
const KEYFRAME_INTERVAL = 250;
/** ms after its time: a picture that late is passed over when the next is there already, so that the decoder catches up. */
const LATE = 100;
/** ms: one is shown that often all the same. */
const SEEN_EVERY = 100;
/** Pictures that the page has not taken yet; beyond, they are dropped. */
const MAX_SHOWING = 3;

/** Where pictures are shown: they become its own. */
export interface Screen {
  show(frame: VideoFrame): void;
  /** Whether anything is to be seen at all (`MediaStreamTrack.muted`). */
  setMuted(muted: boolean): void;
  /** Pictures given but not taken yet. */
  readonly waiting: number;
  close(): void;
}

const timer: Timer = {
  now: () => performance.now(),
  after(ms, call) {
    const id = setTimeout(call, ms);
    return () => clearTimeout(id);
  },
};

export class Receiver {
  readonly #screen: Screen;
  readonly #askKeyframe: (pc: Pc, line: Line) => void;
  #place: { pc: Pc; line: Line } | null = null;
  #active = true;
  #muted = true;
  #decoder: VideoDecoder | null = null;
  #codec = 0;
  /** That the decoder was told. */
  #size: Size | null = null;
  #needsKeyframe = true;
  #askedAt = -Infinity;
  /** By media time: when it came, how long it waits, and whether it needs no other. */
  #inside = new Map<number, { came: number; due: number }>();
  #shownAt = -Infinity;
  readonly #playout: Playout<VideoFrame>;
  readonly #shown = new Shown();
  readonly #rate = new Rate();
  #framesReceived = 0;
  #framesDecoded = 0;
  #keyFramesDecoded = 0;
  #framesDropped = 0;
  #totalDecodeTime = 0;
  #width: number | null = null;
  #height: number | null = null;

  constructor(screen: Screen, askKeyframe: (pc: Pc, line: Line) => void) {
    this.#screen = screen;
    this.#askKeyframe = askKeyframe;
    this.#playout = new Playout<VideoFrame>(timer, (frame) => this.#show(frame));
    screen.setMuted(true);
  }

  get place(): { pc: Pc; line: Line } | null {
    return this.#place;
  }

  bind(pc: Pc, line: Line): void {
    this.#place = { pc, line };
  }

  setActive(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    if (!active) this.#stop();
  }

  /** A coded picture of this line. */
  picture(header: Header, frame: ArrayBuffer): void {
    if (!this.#active) return;
    const now = performance.now();
    const isKey = (header.flags & KEYFRAME) !== 0;
    this.#framesReceived += 1;
    if (!this.#ready(header.codec)) this.#needsKeyframe = true;
    if (!isKey && (header.flags & CONTIGUOUS) === 0) this.#needsKeyframe = true;
    if (this.#inside.size > MAX_INSIDE) {
      this.#drop();
      this.#ready(header.codec);
      this.#needsKeyframe = true;
    }
    if (this.#needsKeyframe && !isKey) {
      this.#framesDropped += 1;
      this.#ask(now);
      return;
    }
    this.#needsKeyframe = false;
    this.#inside.set(header.time, { came: now, due: now + header.hold });
    try {
      const data = payloadOf(new Uint8Array(frame));
      if (isKey) this.#fit(data);
      const type = isKey ? "key" : "delta";
      this.#decoder?.decode(new EncodedVideoChunk({ type, timestamp: header.time, data }));
      if (isKey) this.#keyFramesDecoded += 1;
    } catch {
      this.#failed();
    }
  }

  stats(): VideoReceiveStats {
    const shown = this.#shown;
    return {
      framesReceived: this.#framesReceived,
      framesDecoded: this.#framesDecoded,
      keyFramesDecoded: this.#keyFramesDecoded,
      framesDropped: this.#framesDropped,
      frameWidth: this.#width,
      frameHeight: this.#height,
      framesPerSecond: this.#rate.perSecond(performance.now()),
      totalDecodeTime: this.#totalDecodeTime,
      totalInterFrameDelay: shown.totalInterFrameDelay,
      totalSquaredInterFrameDelay: shown.totalSquaredInterFrameDelay,
      freezeCount: shown.freezeCount,
      totalFreezesDuration: shown.totalFreezesDuration,
      pauseCount: shown.pauseCount,
      totalPausesDuration: shown.totalPausesDuration,
      decoderImplementation: "WebCodecs",
    };
  }

  close(): void {
    this.#active = false;
    this.#stop();
    this.#screen.close();
  }

  /** Whether the decoder for this codec is the one that was there. */
  #ready(codec: number): boolean {
    if (this.#decoder && this.#decoder.state === "configured" && codec === this.#codec) return true;
    this.#drop();
    const name = codecString(codec, 0, 0);
    if (name === null) return false;
    this.#codec = codec;
    const decoder: VideoDecoder = new VideoDecoder({
      output: (frame) => {
        if (decoder === this.#decoder) this.#decoded(frame);
        else frame.close();
      },
      error: () => {
        if (decoder === this.#decoder) this.#failed();
      },
    });
    this.#decoder = decoder;
    decoder.configure({ codec: name, optimizeForLatency: true });
    return false;
  }

  /** WebKitGTK's decoder keeps calling pictures by the first one's size, unless it is told of another. */
  #fit(keyframe: Uint8Array): void {
    const codec = codecString(this.#codec, 0, 0);
    const size = codec && sizeOfKeyframe(codec, keyframe);
    if (!codec || !size || (size.width === this.#size?.width && size.height === this.#size.height)) return;
    this.#size = size;
    const { width: codedWidth, height: codedHeight } = size;
    this.#decoder?.configure({ codec, codedWidth, codedHeight, optimizeForLatency: true });
  }

  #decoded(frame: VideoFrame): void {
    const now = performance.now();
    const inside = this.#inside.get(frame.timestamp);
    // Those before it that have not come out never will.
    for (const timestamp of [...this.#inside.keys()]) {
      if (timestamp <= frame.timestamp) this.#inside.delete(timestamp);
    }
    this.#framesDecoded += 1;
    if (inside) this.#totalDecodeTime += (now - inside.came) / 1000;
    this.#width = frame.displayWidth;
    this.#height = frame.displayHeight;
    const isLate = inside !== undefined && now > inside.due + LATE && this.#inside.size > 0;
    if (isLate && now - this.#shownAt < SEEN_EVERY) {
      this.#framesDropped += 1;
      frame.close();
      return;
    }
    this.#playout.push(frame, inside?.due ?? now);
  }

  #show(frame: VideoFrame): void {
    if (this.#screen.waiting >= MAX_SHOWING) {
      this.#framesDropped += 1;
      frame.close();
      return;
    }
    const now = performance.now();
    this.#shownAt = now;
    this.#shown.show(now);
    this.#rate.count(now);
    if (this.#muted) this.#setMuted(false);
    this.#screen.show(frame);
  }

  #setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#screen.setMuted(muted);
  }

  #ask(now: number): void {
    if (!this.#place || now - this.#askedAt < KEYFRAME_INTERVAL) return;
    this.#askedAt = now;
    this.#askKeyframe(this.#place.pc, this.#place.line);
  }

  #failed(): void {
    this.#drop();
    this.#needsKeyframe = true;
    this.#ask(performance.now());
  }

  #stop(): void {
    this.#drop();
    this.#needsKeyframe = true;
    this.#shown.stop();
    if (!this.#muted) this.#setMuted(true);
  }

  #drop(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    this.#size = null;
    this.#inside.clear();
    for (const frame of this.#playout.clear()) frame.close();
    if (decoder && decoder.state !== "closed") decoder.close();
  }
}
