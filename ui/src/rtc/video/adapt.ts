/**
 * How a picture is fitted to what the line and the processor can bear: first the bitrate, then frame rate and size in
 * steps whose order `degradationPreference` (mst-content-hint) decides. Pure; times in ms, bitrates in bit/s.
 */

/** Bits per pixel below which a picture falls to pieces, and above which more is not seen. */
const MIN_BITS = 0.02;
const USEFUL_BITS = 0.1;
/** A step up must fit with that much to spare, for that long. */
const SPARE = 1.35;
const UP_AFTER = 3_000;
/** A step down is taken when it was too much for that long: estimates jump. */
const DOWN_AFTER = 500;
const MIN_PIXELS = 160 * 90;
/** A slow machine does not shrink a picture below that: it would gain next to nothing. */
const MIN_PIXELS_CODED = 320 * 180;
const MIN_BITRATE = 15_000;

/** How much of the time may be spent on coding: more than `BUSY` is too much, less than `IDLE` leaves room for a step. */
const BUSY = 0.85;
const IDLE = 0.4;
/** Share of pictures dropped because the encoder was not done. */
const MANY_DROPS = 0.2;
const LOAD_WINDOW = 2_000;
const FIRST_PATIENCE = 6_000;
const MAX_PATIENCE = 60_000;

const SCALES = [1, 0.75, 0.5, 0.375, 0.25];
/** Frame rates below the source's own; null is the source's. */
const RATES = [null, 24, 20, 15, 10, 7, 5];

interface Step {
  scale: number;
  framerate: number | null;
}

function ladder(preference: RTCDegradationPreference): Step[] {
  switch (preference as string) {
    case "maintain-framerate":
      return [
        ...SCALES.map((scale) => ({ scale, framerate: null })),
        ...[20, 15, 10].map((framerate) => ({ scale: 0.25, framerate })),
      ];
    case "maintain-resolution":
      return RATES.map((framerate) => ({ scale: 1, framerate }));
    case "maintain-framerate-and-resolution":
      return [{ scale: 1, framerate: null }];
    default:
      return [
        { scale: 1, framerate: null },
        { scale: 1, framerate: 20 },
        { scale: 0.75, framerate: 20 },
        { scale: 0.75, framerate: 15 },
        { scale: 0.5, framerate: 15 },
        { scale: 0.5, framerate: 10 },
        { scale: 0.375, framerate: 10 },
        { scale: 0.25, framerate: 10 },
        { scale: 0.25, framerate: 7 },
      ];
  }
}

export interface Want {
  /** The source's picture, px. */
  width: number;
  height: number;
  /** The source's. */
  framerate: number;
  /** W3C `scaleResolutionDownBy`. */
  scaleDownBy: number;
  maxFramerate: number | null;
  maxBitrate: number | null;
  /** What the line can carry. */
  target: number;
  preference: RTCDegradationPreference;
}

export interface Plan {
  width: number;
  height: number;
  /** Null: every picture of the source. */
  framerate: number | null;
  bitrate: number;
  /** W3C `qualityLimitationReason`. */
  reason: "none" | "cpu" | "bandwidth";
}

function rateOf(want: Want, framerate: number | null): number {
  return Math.min(want.framerate, want.maxFramerate ?? Infinity, framerate ?? Infinity);
}

/** Even, as 4:2:0 wants it. */
function even(length: number): number {
  return Math.max(2, 2 * Math.round(length / 2));
}

export class Adaptation {
  #preference: RTCDegradationPreference | null = null;
  #steps: Step[] = [];
  #at = 0;
  #tooMuchSince: number | null = null;
  #roomSince: number | null = null;
  /** Pixels a second that the processor can code; null: as many as there are. */
  #pixelRate: number | null = null;
  #load = new Load();

  /** A picture was coded, `took` ms after it was given to the encoder. */
  coded(took: number): void {
    this.#load.coded(took);
  }

  /** A picture was dropped because the encoder was not done. */
  dropped(): void {
    this.#load.dropped();
  }

  plan(now: number, want: Want): Plan {
    if (want.preference !== this.#preference) {
      this.#preference = want.preference;
      this.#steps = ladder(want.preference);
      this.#at = this.#fitting(want, want.target);
      this.#tooMuchSince = this.#roomSince = null;
    }
    this.#heed(this.#load.judge(now), want);
    this.#move(now, want);
    const step = this.#steps[this.#at] ?? { scale: 1, framerate: null };
    const size = {
      width: even((want.width / want.scaleDownBy) * step.scale),
      height: even((want.height / want.scaleDownBy) * step.scale),
    };
    const limit = Math.min(want.target, want.maxBitrate ?? Infinity);
    const useful = size.width * size.height * rateOf(want, step.framerate) * USEFUL_BITS * 1.5;
    const framerate = Math.min(step.framerate ?? Infinity, want.maxFramerate ?? Infinity);
    return {
      ...size,
      framerate: framerate === Infinity ? null : framerate,
      bitrate: Math.round(Math.max(MIN_BITRATE, Math.min(limit, useful))),
      reason: this.#at === 0 ? "none" : this.#isForTheProcessor(want) ? "cpu" : "bandwidth",
    };
  }

  #pixels(want: Want, step: Step): number {
    return (want.width * want.height * step.scale ** 2) / want.scaleDownBy ** 2;
  }

  /** The first step that fits. */
  #fitting(want: Want, bitrate: number, pixelRate = this.#pixelRate): number {
    let last = 0;
    for (const [index, step] of this.#steps.entries()) {
      const pixels = this.#pixels(want, step);
      if (index > 0 && step.scale < 1 && pixels < MIN_PIXELS) continue;
      last = index;
      const perSecond = pixels * rateOf(want, step.framerate);
      if (perSecond * MIN_BITS <= bitrate && (pixelRate === null || perSecond <= pixelRate * 1.01))
        return index;
    }
    return last;
  }

  #isForTheProcessor(want: Want): boolean {
    return this.#pixelRate !== null && this.#fitting(want, want.target, null) < this.#at;
  }

  #move(now: number, want: Want): void {
    const limit = Math.min(want.target, want.maxBitrate ?? Infinity);
    const down = this.#fitting(want, limit);
    if (down > this.#at) {
      this.#roomSince = null;
      this.#tooMuchSince ??= now;
      // The processor's limit was waited for already.
      const urgent = this.#fitting(want, Infinity) > this.#at;
      if (urgent || now - this.#tooMuchSince >= DOWN_AFTER) {
        this.#at = down;
        this.#tooMuchSince = null;
      }
      return;
    }
    this.#tooMuchSince = null;
    if (this.#fitting(want, limit / SPARE) >= this.#at) {
      this.#roomSince = null;
      return;
    }
    this.#roomSince ??= now;
    if (now - this.#roomSince >= UP_AFTER) {
      this.#at = Math.max(this.#at - 1, this.#fitting(want, limit / SPARE));
      this.#roomSince = null;
    }
  }

  /** Takes the processor's limit a step down or up. */
  #heed(verdict: "busy" | "idle" | null, want: Want): void {
    const rate = (index: number): number | null => {
      const step = this.#steps[index];
      return step ? this.#pixels(want, step) * rateOf(want, step.framerate) : null;
    };
    if (verdict === "busy") {
      const [step, next] = [this.#steps[this.#at], this.#steps[this.#at + 1]];
      if (next && (next.scale === step?.scale || this.#pixels(want, next) >= MIN_PIXELS_CODED))
        this.#pixelRate = rate(this.#at + 1);
    } else if (verdict === "idle" && this.#pixelRate !== null)
      this.#pixelRate = this.#at <= 1 ? null : rate(this.#at - 1);
  }
}

/** How busy the encoder is. Room is tried out again ever more seldom when that went wrong. */
class Load {
  #began: number | null = null;
  #spent = 0;
  #coded = 0;
  #dropped = 0;
  #idleSince: number | null = null;
  #patience = FIRST_PATIENCE;
  #raisedAt: number | null = null;

  coded(took: number): void {
    this.#spent += took;
    this.#coded += 1;
  }

  dropped(): void {
    this.#dropped += 1;
  }

  judge(now: number): "busy" | "idle" | null {
    this.#began ??= now;
    const elapsed = now - this.#began;
    if (elapsed < LOAD_WINDOW) return null;
    const share = this.#spent / elapsed;
    const all = this.#coded + this.#dropped;
    const enough = all >= 8;
    const busy = enough && (share > BUSY || this.#dropped / all > MANY_DROPS);
    const idle = enough && share < IDLE && this.#dropped === 0;
    this.#began = now;
    this.#spent = this.#coded = this.#dropped = 0;
    if (busy) {
      if (this.#raisedAt !== null && now - this.#raisedAt < 5 * LOAD_WINDOW)
        this.#patience = Math.min(MAX_PATIENCE, 2 * this.#patience);
      this.#raisedAt = this.#idleSince = null;
      return "busy";
    }
    if (!idle) {
      this.#idleSince = null;
      return null;
    }
    this.#idleSince ??= now;
    if (now - this.#idleSince < this.#patience) return null;
    this.#idleSince = null;
    this.#raisedAt = now;
    return "idle";
  }
}

/** Lets so many pictures a second through, evenly. */
export class Pace {
  #next: number | null = null;

  /** @param framerate null: all. */
  admits(now: number, framerate: number | null): boolean {
    if (framerate === null) {
      this.#next = null;
      return true;
    }
    const interval = 1000 / framerate;
    const next = this.#next ?? now;
    // A picture that is a little early is better than none.
    if (now < next - Math.min(8, interval / 4)) return false;
    this.#next = Math.max(next + interval, now + interval / 2);
    return true;
  }
}
