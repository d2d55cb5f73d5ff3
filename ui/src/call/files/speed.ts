/** How fast bytes come, over the last seconds: steady enough to be read. */
const OVER = 5_000;

export class Speed {
  readonly #seen: { at: number; bytes: number }[] = [];

  /** `bytes` in all were there at `now` (ms). */
  see(bytes: number, now: number): void {
    this.#seen.push({ at: now, bytes });
    // One older than the span stays: the span begins there.
    while (this.#seen.length > 2 && now - (this.#seen[1]?.at ?? now) >= OVER) this.#seen.shift();
  }

  forget(): void {
    this.#seen.length = 0;
  }

  /** Bytes a second; null until there is something to say. */
  get(now: number): number | null {
    const [first] = this.#seen;
    const last = this.#seen.at(-1);
    if (!first || !last || now - first.at < 500) return null;
    return ((last.bytes - first.bytes) * 1000) / (now - first.at);
  }
}
