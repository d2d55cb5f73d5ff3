/** Plays what the Worker gets of a line, and tells how much of it was consumed. */
import type { PlayMessage, Way } from "./link";
import { scope } from "./processor";
import { Queue } from "./queue";
import { Ring } from "./ring";

/** Posted to the processor: where sound comes from; null: it is over. */
export type ToPlay = Way | null;

/** Frames between two reports: 8 ms. */
const REPORT_EVERY = 384;

class Play extends scope.AudioWorkletProcessor {
  #from: MessagePort | null = null;
  #ring: Ring | null = null;
  readonly #queue = new Queue();
  #isOver = false;
  #since = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToPlay>) => {
      if (data) {
        this.#from = data.port;
        this.#ring = data.memory && new Ring(data.memory);
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
    for (let block = this.#ring?.take(); block; block = this.#ring?.take())
      this.#queue.push({ channels: block.tag === 2 ? 2 : 1, samples: block.samples });
    this.#queue.pull(planes);
    this.#since += planes[0]?.length ?? 0;
    if (this.#from && this.#since >= REPORT_EVERY) {
      this.#since = 0;
      const { played, silent } = this.#queue.told;
      if (this.#ring) this.#ring.tell(played, silent);
      else this.#from.postMessage(this.#queue.told);
    }
    return true;
  }
}

scope.registerProcessor("webview-rtc-play", Play);
