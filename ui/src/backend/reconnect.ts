/** How long to wait before the next try: exponential with jitter, capped. Pure; the caller owns the timer. */
export class ReconnectPolicy {
  #tries = 0;

  /**
   * @param random 0 inclusive to 1 exclusive, as Math.random
   * @param first ms before the second try; the first comes almost at once
   * @param cap ms that no wait passes
   */
  constructor(
    private readonly random: () => number = Math.random,
    private readonly first = 250,
    private readonly cap = 10_000,
  ) {}

  /** ms to wait now. Between half and all of the step, so that a thousand guests do not come back as one. */
  next(): number {
    const step = Math.min(this.cap, this.first * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 30);
    return Math.round(step / 2 + (step / 2) * this.random());
  }

  /** The link stood: the next failure starts from the beginning. */
  reset(): void {
    this.#tries = 0;
  }
}
