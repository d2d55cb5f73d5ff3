/** Shows what is decoded at its time, in its order. Pure but for the timer that it is given; times in ms. */

/** Pictures that wait: half a second at 30 fps, and memory of 1080p for no more. */
export const MAX_WAITING = 16;

export interface Timer {
  now(): number;
  /** Calls once; the result takes it back. */
  after(ms: number, call: () => void): () => void;
}

export class Playout<T> {
  readonly #timer: Timer;
  readonly #show: (picture: T) => void;
  #waiting: { picture: T; due: number }[] = [];
  #cancel: (() => void) | null = null;

  constructor(timer: Timer, show: (picture: T) => void) {
    this.#timer = timer;
    this.#show = show;
  }

  /** `due` in the past is now. When too many wait the oldest is shown early. */
  push(picture: T, due: number): void {
    this.#waiting.push({ picture, due });
    if (this.#waiting.length > MAX_WAITING) this.#next();
    this.#run();
  }

  /** Gives back what was not shown. */
  clear(): T[] {
    this.#cancel?.();
    this.#cancel = null;
    const left = this.#waiting.map(({ picture }) => picture);
    this.#waiting = [];
    return left;
  }

  #next(): void {
    const first = this.#waiting.shift();
    if (first) this.#show(first.picture);
  }

  #run(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (;;) {
      const first = this.#waiting[0];
      if (!first) return;
      const wait = first.due - this.#timer.now();
      // A timer is no finer than that.
      if (wait > 2) {
        this.#cancel = this.#timer.after(wait, () => {
          this.#cancel = null;
          this.#run();
        });
        return;
      }
      this.#next();
    }
  }
}
