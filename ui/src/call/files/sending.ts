/** One file that I offer to one person. */
import type { FileEnd, FileMessage } from "../../gen/protocol";
import { decode, encode } from "../../trust/base32";
import { sha256, type Bytes } from "../../trust/bytes";
import type { Link } from "./link";
import { BLOCK, PIECE_HEAD, WINDOW, ZERO, endOf } from "./wire";

export interface Source {
  readonly name: string;
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A block and the digest at its end. */
interface Block {
  bytes: Bytes;
  digest: string;
}

type State = "offered" | "moving" | "waiting" | "done" | FileEnd;

export class Sending {
  state: State = "offered";
  /** Up to where the other side has it. */
  moved = 0;
  #link: Link | null = null;
  /** Counts the times that it began on some connection: what belongs to an earlier one stops by itself. */
  #turn = 0;
  /** The digests that the other side may name when it comes back. */
  readonly #digests = new Map<number, string>([[0, ZERO]]);
  #wake: (() => void) | null = null;

  constructor(
    readonly file: string,
    private readonly source: Source,
    private readonly changed: () => void,
  ) {}

  get isOver(): boolean {
    return this.state !== "offered" && this.state !== "moving" && this.state !== "waiting";
  }

  /** There is a connection: offers it, for the first time or again. */
  opened(link: Link): void {
    if (this.isOver) return;
    this.#link = link;
    const { name, size } = this.source;
    link.say({ type: "offer", file: this.file, name, size });
  }

  closed(): void {
    this.#link = null;
    this.#stop();
    if (this.state === "moving") this.#set("waiting");
  }

  cancel(why: FileEnd = "cancelled"): void {
    if (this.isOver) return;
    this.#link?.say({ type: "cancel", file: this.file, why });
    this.#end(why);
  }

  heard(message: FileMessage): void {
    if (this.isOver) return;
    switch (message.type) {
      case "accept":
        void this.#accepted(message.at, message.digest);
        break;
      case "got":
        this.#got(message.end);
        break;
      case "done":
        if (this.moved === this.source.size && this.state === "moving") this.#end("done");
        else this.cancel("failed");
        break;
      case "refuse":
        this.#end(message.why);
        break;
      default:
        break;
    }
  }

  #got(end: number): void {
    // Only what was sent, and only forward.
    if (this.state !== "moving" || end <= this.moved || !this.#digests.has(end)) return;
    this.moved = end;
    // The one there is what the other side comes back with, unless it had no time to say so.
    for (const at of this.#digests.keys()) if (at !== 0 && at < end - WINDOW) this.#digests.delete(at);
    this.#wake?.();
    this.changed();
  }

  async #accepted(at: number, digest: string): Promise<void> {
    const link = this.#link;
    // Once on each connection: reading a file anew is work.
    if (!link || this.state === "moving") return;
    this.#stop();
    const turn = this.#turn;
    this.#set("moving");
    try {
      const from = (await this.#isSame(at, digest, turn)) ? at : 0;
      if (turn !== this.#turn) return;
      await this.#send(link, from, turn);
    } catch {
      // The page may no longer read it: it was changed or removed, or lay on a stick.
      if (turn === this.#turn) this.cancel("unreadable");
    }
  }

  /** Whether what they have is the beginning of my file. */
  async #isSame(at: number, digest: string, turn: number): Promise<boolean> {
    const known = this.#digests.get(at);
    if (known !== undefined) return known === digest;
    const { size } = this.source;
    if (at > size || (at % BLOCK !== 0 && at !== size)) return false;
    let before = ZERO;
    for (let begin = 0; begin < at; begin = endOf(begin, size)) {
      if (turn !== this.#turn) return false;
      before = (await this.#read(begin, before)).digest;
    }
    this.#digests.set(at, before);
    return before === digest;
  }

  async #send(link: Link, from: number, turn: number): Promise<void> {
    const { file } = this;
    const { size } = this.source;
    const number = link.number();
    const here = (): boolean => turn === this.#turn;
    this.moved = from;
    link.say({ type: "start", file, number, at: from });
    this.changed();
    let begin = from;
    // One block is read while another is sent.
    let next = begin < size ? this.#read(begin, this.#digests.get(from) ?? ZERO) : null;
    while (next) {
      const { bytes, digest } = await next;
      const end = endOf(begin, size);
      next = end < size ? this.#read(end, digest) : null;
      // Heard of below; until then it is nobody's fault.
      next?.catch(() => undefined);
      while (here() && end - this.moved > WINDOW)
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      const most = link.pieceBytes;
      for (let at = 0; at < bytes.length; at += most) {
        await link.room();
        if (!here()) return;
        const part = bytes.subarray(at, at + most);
        const piece = new Uint8Array(PIECE_HEAD + part.length);
        new DataView(piece.buffer).setUint32(0, number);
        piece.set(part, PIECE_HEAD);
        link.piece(piece);
      }
      if (!here()) return;
      this.#digests.set(end, digest);
      link.say({ type: "block", file, end, digest });
      begin = end;
    }
  }

  /** A block, and the digest at its end; `before`: the one at its beginning. */
  async #read(begin: number, before: string): Promise<Block> {
    const end = endOf(begin, this.source.size);
    const buffer = await this.source.slice(begin, end).arrayBuffer();
    if (buffer.byteLength !== end - begin) throw new Error("the file became shorter");
    const chained = new Uint8Array(32 + buffer.byteLength);
    chained.set(decode(before) ?? new Uint8Array(32));
    chained.set(new Uint8Array(buffer), 32);
    return { bytes: chained.subarray(32), digest: encode(await sha256(chained)) };
  }

  #stop(): void {
    this.#turn++;
    this.#wake?.();
    this.#wake = null;
  }

  #set(state: State): void {
    this.state = state;
    this.changed();
  }

  #end(state: "done" | FileEnd): void {
    this.#stop();
    this.#link = null;
    this.#digests.clear();
    this.#set(state);
  }
}
