/** The one loopback WebSocket to the native side. */
import type { FromPage, Request, ToPage } from "../numbers";
import { MAX_BINARY_BYTES } from "../numbers";
import type { Life } from "./messages";

/** Ids from here on are the Worker's own requests; the page never hears of their answers. */
const FIRST_OWN_ID = 0x8000_0000;
/** Frames that wait for the socket to open; more than that many requests no page makes in that time. */
const MAX_EARLY = 1_000;
/** Bytes that wait for a native side that does not read: it is given up. */
const MAX_WAITING = 64 * 1024 * 1024;

export interface SocketEvents {
  open(): void;
  message(message: ToPage): void;
  binary(frame: ArrayBuffer): void;
  /** Once. */
  lost(): void;
}

export class Socket {
  readonly life: Life;
  readonly #socket: WebSocket;
  readonly #on: SocketEvents;
  #early: (string | Uint8Array<ArrayBuffer>)[] | null = [];
  #nextId = FIRST_OWN_ID;
  #over = false;

  constructor(life: Life, url: string, on: SocketEvents) {
    this.life = life;
    this.#on = on;
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const early = this.#early ?? [];
      this.#early = null;
      for (const frame of early) socket.send(frame);
      on.open();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#heard(data);
    socket.onclose = () => this.#end();
  }

  /** Bytes that the native side has not taken yet. */
  get waiting(): number {
    return this.#socket.bufferedAmount;
  }

  /** A request of the page, with its id. */
  send(message: FromPage): void {
    this.#send(JSON.stringify(message));
  }

  /** A request of the Worker; its answer does not matter. */
  ask(request: Request): void {
    this.send({ id: this.#nextId, request });
    this.#nextId = this.#nextId === 0xffff_ffff ? FIRST_OWN_ID : this.#nextId + 1;
  }

  sendBinary(frame: Uint8Array<ArrayBuffer>): void {
    if (frame.byteLength <= MAX_BINARY_BYTES) this.#send(frame);
  }

  close(): void {
    this.#socket.close();
    this.#end();
  }

  #send(frame: string | Uint8Array<ArrayBuffer>): void {
    if (this.#over) return;
    if (this.#early) {
      if (this.#early.push(frame) > MAX_EARLY) this.close();
      return;
    }
    if (this.waiting > MAX_WAITING) this.close();
    else this.#socket.send(frame);
  }

  #heard(data: unknown): void {
    if (this.#over) return;
    if (data instanceof ArrayBuffer) {
      this.#on.binary(data);
      return;
    }
    const message = JSON.parse(String(data)) as ToPage;
    if (message.type !== "event" && message.id >= FIRST_OWN_ID) return;
    this.#on.message(message);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#early = [];
    this.#on.lost();
  }
}
