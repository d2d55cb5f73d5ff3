/** Plays what the Worker gets of a line, and tells how much of it was consumed. */
import type { PlayMessage } from "./link";
import { scope } from "./processor";
import { Queue } from "./queue";

/** Posted to the processor: where sound comes from; null: it is over. */
export type ToPlay = { port: MessagePort } | null;

/** Frames between two reports: 8 ms. */
const REPORT_EVERY = 384;

class Play extends scope.AudioWorkletProcessor {
  #from: MessagePort | null = null;
  readonly #queue = new Queue();
  #isOver = false;
  #since = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToPlay>) => {
      if (data) {
        this.#from = data.port;
        this.#from.onmessage = (message: MessageEvent<PlayMessage>) => this.#queue.push(message.data);
        return;
      }
      this.#from?.postMessage(null);
      this.#from = null;
      this.#isOver = true;
    };
  }

  process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    if (this.#isOver) return false;
    const planes = outputs[0] ?? [];
    this.#queue.pull(planes);
    this.#since += planes[0]?.length ?? 0;
    if (this.#from && this.#since >= REPORT_EVERY) {
      this.#since = 0;
      this.#from.postMessage(this.#queue.told);
    }
    return true;
  }
}

scope.registerProcessor("webview-rtc-play", Play);
