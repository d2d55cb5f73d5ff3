/** Cuts captured sound into pieces, with the time of each and what is told of the source. */
import type { CapturedMessage } from "./link";

/** Frames of a piece: 10 ms. */
export const CHUNK_FRAMES = 480;
/** How long the clock's least delay counts, frames: 2 s. */
const WINDOW = 96_000;

/**
 * Which time the context's first frame had, by a clock that is read when frames are processed. They are processed late
 * at times, and never early, so the least of the last seconds is right.
 */
export class FrameClock {
  #least = [Infinity, Infinity];
  #since = -Infinity;

  /** ms of frame 0; `frame` is processed at `now`. */
  origin(frame: number, now: number): number {
    if (frame - this.#since >= WINDOW) {
      this.#since = frame;
      this.#least = [Infinity, this.#least[0] ?? Infinity];
    }
    this.#least[0] = Math.min(this.#least[0] ?? Infinity, now - frame / 48);
    return Math.min(...this.#least);
  }
}

/** webrtc-stats `RTCAudioSourceStats`. */
export interface SourceLevel {
  audioLevel: number;
  totalAudioEnergy: number;
  totalSamplesDuration: number;
}

export class Chunks {
  readonly #clock = new FrameClock();
  readonly #channels: number;
  #samples: Float32Array<ArrayBuffer>;
  #filled = 0;
  readonly level: SourceLevel = { audioLevel: 0, totalAudioEnergy: 0, totalSamplesDuration: 0 };

  constructor(channels: number) {
    this.#channels = channels;
    this.#samples = new Float32Array(CHUNK_FRAMES * channels);
  }

  /**
   * `planes`: what was captured, a channel each; none when the track is over. `frame`: the context's count at its
   * beginning. `now`: ms on the page's clock.
   */
  push(planes: Float32Array[], frames: number, frame: number, now: number): CapturedMessage[] {
    const origin = this.#clock.origin(frame + frames, now);
    const done: CapturedMessage[] = [];
    for (let at = 0; at < frames; at++) {
      for (let channel = 0; channel < this.#channels; channel++) {
        const plane = planes[channel] ?? planes[0];
        this.#samples[this.#filled * this.#channels + channel] = plane?.[at] ?? 0;
      }
      if (++this.#filled < CHUNK_FRAMES) continue;
      const first = frame + at + 1 - CHUNK_FRAMES;
      done.push({ time: Math.max(0, (origin + first / 48) * 1000), samples: this.#samples });
      this.#measure(this.#samples);
      this.#samples = new Float32Array(CHUNK_FRAMES * this.#channels);
      this.#filled = 0;
    }
    return done;
  }

  #measure(samples: Float32Array): void {
    let energy = 0;
    for (const sample of samples) energy += sample * sample;
    const seconds = CHUNK_FRAMES / 48_000;
    const power = Math.min(1, energy / samples.length);
    this.level.audioLevel = Math.sqrt(power);
    this.level.totalAudioEnergy += power * seconds;
    this.level.totalSamplesDuration += seconds;
  }
}
