/** Takes a track's sound to the Worker. */
import { Chunks, type SourceLevel } from "./chunks";
import type { CapturedMessage, Way } from "./link";
import { scope } from "./processor";
import { Ring } from "./ring";

/** Given to the processor. */
export interface CaptureOptions {
  channels: 1 | 2;
  /** ms to be added to `Date.now()` for the page's clock. */
  ahead: number;
}

/** Posted to the processor: where sound goes; null: it is over. */
export type ToCapture = Way | null;
/** Posted by the processor, ten times a second. */
export type FromCapture = SourceLevel;

/** Pieces between two levels. */
const LEVEL_EVERY = 10;

class Capture extends scope.AudioWorkletProcessor {
  readonly #ahead: number;
  readonly #chunks: Chunks;
  #to: MessagePort | null = null;
  #ring: Ring | null = null;
  #isOver = false;
  #count = 0;

  constructor(options: { processorOptions: unknown }) {
    super();
    const { channels, ahead } = options.processorOptions as CaptureOptions;
    this.#ahead = ahead;
    this.#chunks = new Chunks(channels);
    this.port.onmessage = ({ data }: MessageEvent<ToCapture>) => {
      if (data) {
        this.#to = data.port;
        this.#ring = data.memory && new Ring(data.memory);
        return;
      }
      this.#to?.postMessage(null);
      this.#to = null;
      this.#isOver = true;
    };
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    if (this.#isOver) return false;
    const frames = outputs[0]?.[0]?.length ?? 128;
    const now = Date.now() + this.#ahead;
    for (const chunk of this.#chunks.push(inputs[0] ?? [], frames, scope.currentFrame, now)) {
      this.#give(chunk);
      if (++this.#count % LEVEL_EVERY === 0) this.port.postMessage(this.#chunks.level satisfies FromCapture);
    }
    return true;
  }

  #give(chunk: CapturedMessage): void {
    // Without room the Worker stands still, and what is said meanwhile is too late for anybody.
    if (this.#ring) this.#ring.put(chunk.time, chunk.samples);
    else this.#to?.postMessage(chunk, [chunk.samples.buffer]);
  }
}

scope.registerProcessor("webview-rtc-capture", Capture);
