/** Takes a track's sound to the Worker. */
import { Chunks, type SourceLevel } from "./chunks";
import { scope } from "./processor";

/** Given to the processor. */
export interface CaptureOptions {
  channels: 1 | 2;
}

/**
 * Posted to the processor: "gathering", when the track's source is there; where sound goes, once it is connected, and ms
 * to be added to `Date.now()` for the time on the page's clock when what is read was captured; null: it is over.
 */
export type ToCapture = "gathering" | { port: MessagePort; ahead: number } | null;
/** Posted by the processor: that it runs, that enough is gathered, and then ten times a second how loud it is. */
export type FromCapture = "running" | "gathered" | SourceLevel;

/**
 * Frames for which a track's source gathers sound before anybody reads it: 60 ms. WebKitGTK's gives what it has, and
 * without any in store each late piece is a hole, which no echo canceller gets over.
 */
const STORE_FRAMES = 2880;

/** Pieces between two levels. */
const LEVEL_EVERY = 10;

class Capture extends scope.AudioWorkletProcessor {
  #ahead = 0;
  /** Frames since the source is there; null: it is not, or it is read. */
  #gathered: number | null = null;
  #isRunning = false;
  readonly #chunks: Chunks;
  #to: MessagePort | null = null;
  #isOver = false;
  #count = 0;

  constructor(options: { processorOptions: unknown }) {
    super();
    const { channels } = options.processorOptions as CaptureOptions;
    this.#chunks = new Chunks(channels);
    this.port.onmessage = ({ data }: MessageEvent<ToCapture>) => {
      if (data === "gathering") this.#gathered = 0;
      else if (data) {
        this.#to = data.port;
        this.#ahead = data.ahead;
      } else this.#end();
    };
  }

  #end(): void {
    this.#to?.postMessage(null);
    this.#to = null;
    this.#isOver = true;
  }

  /** A context that does not run reads nothing: a source that was there by then would come late for good. */
  #wait(frames: number): void {
    const tell = (what: FromCapture): void => this.port.postMessage(what);
    if (!this.#isRunning) tell("running");
    this.#isRunning = true;
    if (this.#gathered === null) return;
    this.#gathered += frames;
    if (this.#gathered < STORE_FRAMES) return;
    this.#gathered = null;
    tell("gathered");
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    if (this.#isOver) return false;
    const frames = outputs[0]?.[0]?.length ?? 128;
    if (!this.#to) {
      this.#wait(frames);
      return true;
    }
    const now = Date.now() + this.#ahead;
    for (const chunk of this.#chunks.push(inputs[0] ?? [], frames, scope.currentFrame, now)) {
      this.#to.postMessage(chunk, [chunk.samples.buffer]);
      if (++this.#count % LEVEL_EVERY === 0) this.port.postMessage(this.#chunks.level satisfies FromCapture);
    }
    return true;
  }
}

scope.registerProcessor("webview-rtc-capture", Capture);
