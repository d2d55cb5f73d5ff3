/** From sound levels to 'is speaking', without flicker. Pure. */

/** Above `on` for a moment starts it; below `off` for `hold` ms ends it. Levels are RMS, 0 to 1. */
export interface Thresholds {
  on: number;
  off: number;
  hold: number;
}

/** Levels of a microphone behind noise suppression and gain control: a quiet room is far below, speech far above. */
export const SPEECH: Thresholds = { on: 0.02, off: 0.01, hold: 600 };

export class Speaking {
  #speaking = false;
  #loud = 0;
  #lastAbove = -Infinity;

  constructor(private readonly thresholds: Thresholds = SPEECH) {}

  /** @param now ms, growing */
  update(level: number, now: number): boolean {
    const { on, off, hold } = this.thresholds;
    if (level >= off) this.#lastAbove = now;
    this.#loud = level >= on ? this.#loud + 1 : 0;
    // Two samples in a row: a key or a cough of one sample is not speech.
    if (this.#loud >= 2) this.#speaking = true;
    else if (this.#speaking && now - this.#lastAbove > hold) this.#speaking = false;
    return this.#speaking;
  }
}
