/**
 * Sound between a worklet and the Worker, through memory that both have. What they post to each other waits for the main
 * thread in WebKit (measured: as long as it is busy), so that a page that paints would be heard as a stutter.
 *
 * One puts, the other takes. A record is its tag (a double), how many samples it has, and these, in units of 8 bytes; it
 * never wraps around the end. Beside the records stand two numbers that who takes tells who puts.
 */

/** Units of 8 bytes for records: 170 ms of two channels, twice that of one. */
const UNITS = 8192;
/** Words of 4 bytes before the records. */
const HEAD = 8;
/** Where each is among them: units written and read, and what is told. All modulo 2^32. */
const [WRITTEN, READ, VERSION, PLAYED, SILENT] = [0, 1, 2, 3, 4] as const;
/** Units of a record before its samples. */
const BEFORE = 2;
/** In place of a count: the rest up to the end is left out. */
const SKIP = -1;

export interface RingRecord {
  tag: number;
  samples: Float32Array<ArrayBuffer>;
}

export class Ring {
  readonly #words: Int32Array;
  readonly #tags: Float64Array;
  readonly #counts: Int32Array;
  readonly #samples: Float32Array;

  constructor(memory: ArrayBufferLike) {
    this.#words = new Int32Array(memory, 0, HEAD);
    this.#tags = new Float64Array(memory, HEAD * 4, UNITS);
    this.#counts = new Int32Array(memory, HEAD * 4, UNITS * 2);
    this.#samples = new Float32Array(memory, HEAD * 4, UNITS * 2);
  }

  /** For both ends; null where a page is given none (WebKit: `JSC_useSharedArrayBuffer=1` in the environment). */
  static memory(): SharedArrayBuffer | null {
    return typeof SharedArrayBuffer === "undefined" ? null : new SharedArrayBuffer((HEAD + UNITS * 2) * 4);
  }

  /** False: there is no room, for the other end stands still. */
  put(tag: number, samples: Float32Array): boolean {
    const units = BEFORE + Math.ceil(samples.length / 2);
    const written = Atomics.load(this.#words, WRITTEN);
    const used = (written - Atomics.load(this.#words, READ)) >>> 0;
    const at = (written >>> 0) % UNITS;
    const skipped = at + units > UNITS ? UNITS - at : 0;
    if (used + skipped + units > UNITS) return false;
    if (skipped > 0) this.#counts[at * 2] = SKIP;
    const start = skipped > 0 ? 0 : at;
    this.#counts[start * 2] = samples.length;
    this.#tags[start + 1] = tag;
    this.#samples.set(samples, (start + BEFORE) * 2);
    Atomics.store(this.#words, WRITTEN, (written + skipped + units) | 0);
    return true;
  }

  /** The oldest record; null: there is none. */
  take(): RingRecord | null {
    const read = Atomics.load(this.#words, READ);
    if (read === Atomics.load(this.#words, WRITTEN)) return null;
    const at = (read >>> 0) % UNITS;
    const count = this.#counts[at * 2] ?? SKIP;
    if (count === SKIP) {
      Atomics.store(this.#words, READ, (read + UNITS - at) | 0);
      return this.take();
    }
    const from = (at + BEFORE) * 2;
    const record = { tag: this.#tags[at + 1] ?? 0, samples: this.#samples.slice(from, from + count) };
    Atomics.store(this.#words, READ, (read + BEFORE + Math.ceil(count / 2)) | 0);
    return record;
  }

  /** Tells the other end two numbers that belong together. */
  tell(played: number, silent: number): void {
    Atomics.add(this.#words, VERSION, 1);
    Atomics.store(this.#words, PLAYED, played | 0);
    Atomics.store(this.#words, SILENT, silent | 0);
    Atomics.add(this.#words, VERSION, 1);
  }

  /** What was told last, modulo 2^32; null while it is being told. */
  get told(): { played: number; silent: number } | null {
    const version = Atomics.load(this.#words, VERSION);
    const played = Atomics.load(this.#words, PLAYED) >>> 0;
    const silent = Atomics.load(this.#words, SILENT) >>> 0;
    const isWhole = version % 2 === 0 && Atomics.load(this.#words, VERSION) === version;
    return isWhole ? { played, silent } : null;
  }
}
