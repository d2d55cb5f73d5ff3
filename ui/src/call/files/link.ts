/** One data channel `files`, as long as it is open: texts, pieces, and when there is room for more. */
import { LIMITS, type FileMessage } from "../../gen/protocol";
import { PIECE_HEAD, read } from "./wire";

/** What may wait in the channel: enough that it never runs dry, little enough that a word of the other is not late. */
const HIGH = 2 * 1024 * 1024;
const LOW = 512 * 1024;
/** A piece's bytes: a block is a whole number of pieces. Smaller where the other side takes less at once. */
const PIECE = 128 * 1024;
const SMALL_PIECE = 16 * 1024 - PIECE_HEAD;

/** The part of a data channel (W3C WebRTC 1.0, section 6.2) that is needed. */
export type Channel = Pick<
  RTCDataChannel,
  "readyState" | "bufferedAmount" | "bufferedAmountLowThreshold" | "binaryType" | "send"
> & {
  addEventListener(type: string, heard: (event: Event) => void): void;
  removeEventListener(type: string, heard: (event: Event) => void): void;
};

export interface LinkEvents {
  opened(): void;
  closed(): void;
  message(message: FileMessage): void;
  piece(number: number, bytes: Uint8Array): void;
}

export class Link {
  readonly #waiting = new Set<() => void>();
  #number = 0;
  #isOver = false;
  readonly #heard: [string, (event: Event) => void][];

  constructor(
    private readonly channel: Channel,
    /** What the other side takes at once, in bytes. */
    private readonly maxMessage: () => number,
    private readonly on: LinkEvents,
  ) {
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW;
    this.#heard = [
      ["open", () => on.opened()],
      ["close", () => this.close()],
      ["bufferedamountlow", () => this.#wake()],
      ["message", (event) => this.#message((event as MessageEvent<unknown>).data)],
    ];
    for (const [type, heard] of this.#heard) channel.addEventListener(type, heard);
    if (channel.readyState === "open") queueMicrotask(() => on.opened());
  }

  get isOpen(): boolean {
    return !this.#isOver && this.channel.readyState === "open";
  }

  /** A number that no file has had on this connection. */
  number(): number {
    return this.#number++;
  }

  get pieceBytes(): number {
    const most = Math.min(this.maxMessage(), LIMITS.MAX_PIECE_BYTES);
    return most >= PIECE + PIECE_HEAD ? PIECE : Math.max(1, Math.min(most - PIECE_HEAD, SMALL_PIECE));
  }

  say(message: FileMessage): void {
    this.#send(JSON.stringify(message));
  }

  piece(piece: Uint8Array<ArrayBuffer>): void {
    this.#send(piece);
  }

  /** Resolves once more may be sent, or the link is over. */
  async room(): Promise<void> {
    while (this.isOpen && this.channel.bufferedAmount > HIGH)
      await new Promise<void>((wake) => this.#waiting.add(wake));
  }

  /** Looks whether the channel was closed without a word. */
  notice(): void {
    if (this.channel.readyState === "closing" || this.channel.readyState === "closed") this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const [type, heard] of this.#heard) this.channel.removeEventListener(type, heard);
    this.#wake();
    this.on.closed();
  }

  #send(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.isOpen) return;
    try {
      this.channel.send(data as string);
    } catch {
      // Closing, or its buffer is full against all rules: whoever waits for an answer hears that it is gone.
      this.close();
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #message(data: unknown): void {
    if (this.#isOver) return;
    if (typeof data === "string") {
      const message = read(data);
      if (message) this.on.message(message);
    } else if (data instanceof ArrayBuffer && data.byteLength > PIECE_HEAD) {
      if (data.byteLength > LIMITS.MAX_PIECE_BYTES) return;
      this.on.piece(new DataView(data).getUint32(0), new Uint8Array(data, PIECE_HEAD));
    }
  }
}
