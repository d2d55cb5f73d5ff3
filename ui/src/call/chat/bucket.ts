/** How fast somebody may go: so much at once, and so much in each second after that. */
export class Bucket {
  #left: number;
  #at: number | null = null;

  constructor(
    private readonly size: number,
    private readonly perSecond: number,
  ) {
    this.#left = size;
  }

  /** Whether one more may be. `now` in ms; a clock that is set back gives nothing. */
  take(now: number): boolean {
    if (this.#at !== null && now > this.#at)
      this.#left = Math.min(this.size, this.#left + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
