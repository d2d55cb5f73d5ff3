/** What was seen of a picture that is shown: webrtc-stats, `RTCInboundRtpStreamStats`. Pure; times in ms. */

/** Of how many frames the mean interval is taken. */
const WINDOW = 30;
const FREEZE = 150;
const PAUSE = 5_000;

export class Shown {
  totalInterFrameDelay = 0;
  totalSquaredInterFrameDelay = 0;
  freezeCount = 0;
  totalFreezesDuration = 0;
  pauseCount = 0;
  totalPausesDuration = 0;
  #last: number | null = null;
  #intervals: number[] = [];

  /** A picture was shown at `now`. */
  show(now: number): void {
    const last = this.#last;
    this.#last = now;
    if (last === null) return;
    const interval = now - last;
    const seconds = interval / 1000;
    this.totalInterFrameDelay += seconds;
    this.totalSquaredInterFrameDelay += seconds * seconds;
    if (interval > PAUSE) {
      this.pauseCount += 1;
      this.totalPausesDuration += seconds;
      this.#intervals = [];
      return;
    }
    const mean = this.#intervals.reduce((sum, one) => sum + one, 0) / this.#intervals.length;
    // A mean of a few frames says nothing yet.
    if (this.#intervals.length >= WINDOW && interval >= Math.max(3 * mean, mean + FREEZE)) {
      this.freezeCount += 1;
      this.totalFreezesDuration += seconds;
    }
    this.#intervals.push(interval);
    if (this.#intervals.length > WINDOW) this.#intervals.shift();
  }

  /** Nothing is expected for a while: the gap is no freeze. */
  stop(): void {
    this.#last = null;
    this.#intervals = [];
  }
}

/** Events within the last second. */
export class Rate {
  #times: number[] = [];

  count(now: number): void {
    this.#times.push(now);
    this.#forget(now);
  }

  perSecond(now: number): number {
    this.#forget(now);
    return this.#times.length;
  }

  #forget(now: number): void {
    while (this.#times[0] !== undefined && this.#times[0] <= now - 1000) this.#times.shift();
  }
}
