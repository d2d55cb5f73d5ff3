/** Every sound Earshot makes, synthesised: no file to load, no format to miss. */

/** Notes of one sound: Hz, start and length in seconds. */
type Note = readonly [frequency: number, at: number, length: number];

/** Two rising thirds, like a small bell: pleasant ten times a day. */
const RING: readonly Note[] = [
  [659.25, 0, 0.5],
  [783.99, 0.18, 0.5],
  [987.77, 0.36, 0.9],
  [783.99, 0.9, 0.5],
  [987.77, 1.08, 0.9],
];
const RINGBACK: readonly Note[] = [
  [440, 0, 0.9],
  [554.37, 0, 0.9],
];
const BUSY: readonly Note[] = [
  [392, 0, 0.22],
  [392, 0.44, 0.22],
  [392, 0.88, 0.22],
];
const TEST: readonly Note[] = [
  [523.25, 0, 0.35],
  [659.25, 0.16, 0.35],
  [783.99, 0.32, 0.6],
];
/** Knuckles on wood: low, short, twice. */
const KNOCK: readonly Note[] = [
  [196, 0, 0.12],
  [164.81, 0.18, 0.16],
];
const ENDED: readonly Note[] = [
  [493.88, 0, 0.18],
  [392, 0.14, 0.3],
];

/** A ring begins softly, and is loud after half a minute, when nobody has come. */
const RING_EVERY = 3_000;
const RINGBACK_EVERY = 4_000;
const RING_GAIN = { first: 0.12, last: 0.6, over: 10 };

/** AudioContext.setSinkId (W3C Audio Output Devices) is not in every engine nor in TypeScript's DOM yet. */
type Sinkable = AudioContext & { setSinkId?: (id: string) => Promise<void> };

export class Sounds {
  #context: Sinkable | null = null;
  #stop: (() => void) | null = null;
  #sink = "";

  constructor(private readonly make: () => AudioContext) {}

  /** Where sounds go; "" is the system's choice. */
  setSink(id: string): void {
    this.#sink = id;
    void this.#context?.setSinkId?.(id).catch(() => undefined);
  }

  /** Rings until {@link stop}, louder over time. */
  ring(): void {
    this.#repeat(RING, RING_EVERY, (time) => {
      const grown = Math.min(1, time / RING_GAIN.over);
      return RING_GAIN.first + (RING_GAIN.last - RING_GAIN.first) * grown;
    });
  }

  /** What the caller hears while it rings there. */
  ringback(): void {
    this.#repeat(RINGBACK, RINGBACK_EVERY, () => 0.06);
  }

  busy(): void {
    this.stop();
    this.#play(BUSY, 0.12);
  }

  ended(): void {
    this.stop();
    this.#play(ENDED, 0.1);
  }

  /** Somebody asks to be let in; heard beside whatever else sounds. */
  knock(): void {
    this.#play(KNOCK, 0.3);
  }

  /** So that a chosen speaker can be heard. */
  test(): void {
    this.#play(TEST, 0.25);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #repeat(notes: readonly Note[], every: number, gain: (time: number) => number): void {
    this.stop();
    let time = 0;
    let silence = this.#play(notes, gain(time));
    const timer = setInterval(() => (silence = this.#play(notes, gain(++time))), every);
    this.#stop = () => {
      clearInterval(timer);
      silence();
    };
  }

  /** Plays at once; the result ends it early, without a click. */
  #play(notes: readonly Note[], loudness: number): () => void {
    const context = this.#ready();
    if (!context) return () => undefined;
    const out = new GainNode(context, { gain: loudness });
    out.connect(context.destination);
    const start = context.currentTime + 0.02;
    for (const [frequency, at, length] of notes) {
      // A little of the octave makes it a bell instead of a whistle.
      for (const [times, part] of [
        [1, 1],
        [2, 0.25],
      ] as const) {
        const oscillator = new OscillatorNode(context, { frequency: frequency * times });
        const shape = new GainNode(context, { gain: 0 });
        shape.gain.setValueAtTime(0, start + at);
        shape.gain.linearRampToValueAtTime(part, start + at + 0.015);
        shape.gain.exponentialRampToValueAtTime(0.001, start + at + length);
        oscillator.connect(shape).connect(out);
        oscillator.start(start + at);
        oscillator.stop(start + at + length);
      }
    }
    return () => out.gain.setTargetAtTime(0, context.currentTime, 0.02);
  }

  #ready(): Sinkable | null {
    try {
      this.#context ??= this.make() as Sinkable;
    } catch {
      // No sound output at all: rings are seen.
      return null;
    }
    void this.#context.setSinkId?.(this.#sink).catch(() => undefined);
    // Suspended until the person has clicked somewhere; then this one is late, and the next is heard.
    if (this.#context.state === "suspended") void this.#context.resume().catch(() => undefined);
    return this.#context;
  }
}
