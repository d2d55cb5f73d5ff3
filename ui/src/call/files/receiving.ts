/** One file that somebody offers to me. Nothing of it is asked for, kept or written before the person has accepted it. */
import type { ErrorCode, FileEnd, FileMessage } from "../../gen/protocol";
import type { Bytes } from "../../trust/bytes";
import type { Link } from "./link";
import { HEAD, NotNow, codeOf, type Part, type Store } from "./store";
import { WINDOW, endOf } from "./wire";

/** opening: accepted, its place on the disk is looked for. */
type State = "offered" | "opening" | "moving" | "waiting" | "done" | FileEnd;

/** The pieces of one connection. */
interface Stream {
  number: number;
  /** Where the block begins that is coming, and how much of it is here. */
  begin: number;
  filled: number;
  frame: Bytes | null;
}

export class Receiving {
  state: State = "offered";
  /** Checked and written up to here. */
  moved = 0;
  /** What it is called now. */
  kept: string | null = null;
  /** What went wrong on this side. */
  code: ErrorCode | null = null;
  #link: Link | null = null;
  #part: Part | null = null;
  #digest = "";
  #stream: Stream | null = null;
  /** One write after the other; `#queued` bytes wait. */
  #work: Promise<void> = Promise.resolve();
  #queued = 0;

  constructor(
    readonly from: string,
    readonly file: string,
    readonly name: string,
    readonly size: number,
    private readonly store: Store,
    private readonly changed: () => void,
  ) {}

  get isOver(): boolean {
    return !["offered", "opening", "moving", "waiting"].includes(this.state);
  }

  /** What its pieces begin with on this connection. */
  get number(): number | null {
    return this.#stream?.number ?? null;
  }

  /** It is offered on this connection. Who had it accepted goes on without asking. */
  offered(link: Link): void {
    if (this.isOver) return;
    this.#link = link;
    this.#stream = null;
    if (this.state === "waiting" || this.state === "moving") {
      this.#set("waiting");
      // After what is being written.
      this.#queue(() => this.#goOn());
    }
  }

  closed(): void {
    this.#link = null;
    this.#stream = null;
    if (this.state === "moving") this.#set("waiting");
  }

  /** The person wants it. */
  accept(): void {
    if (this.state !== "offered") return;
    this.#set("opening");
    const { from, file, name, size, store } = this;
    const begun = store.begin({ from, file, name, size });
    this.#queue(async () => {
      const part = await begun;
      if (this.isOver) {
        // Ended while its place was looked for.
        await part.discard();
        return;
      }
      this.#part = part;
      this.moved = part.at;
      this.#digest = part.digest;
      this.#set("waiting");
      this.#goOn();
    });
  }

  /** The person does not want it, or no longer. */
  refuse(why: FileEnd = this.state === "offered" ? "declined" : "cancelled"): void {
    if (this.isOver) return;
    this.#link?.say({ type: "refuse", file: this.file, why });
    this.#end(why, why !== "failed" && why !== "no-space" && why !== "changed");
  }

  heard(message: FileMessage): void {
    if (this.isOver) return;
    if (message.type === "cancel") {
      this.#end(message.why, true);
    } else if (message.type === "start") this.#started(message.number, message.at);
    else if (message.type === "block") this.#blockCame(message.end, message.digest);
  }

  /** A piece with this file's number. */
  piece(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (this.state !== "moving" || !stream) return;
    const length = endOf(stream.begin, this.size) - stream.begin;
    if (stream.filled + bytes.length > length || this.#queued + length > WINDOW) {
      // More than a block, or more than may be on its way.
      this.refuse("failed");
      return;
    }
    stream.frame ??= new Uint8Array(HEAD + length);
    stream.frame.set(bytes, HEAD + stream.filled);
    stream.filled += bytes.length;
  }

  #started(number: number, at: number): void {
    if (this.state !== "waiting" || !this.#part || this.#stream) return;
    if (at !== this.moved && at !== 0) {
      this.refuse("failed");
      return;
    }
    this.#stream = { number, begin: at, filled: 0, frame: null };
    this.#set("moving");
    if (at !== this.moved)
      this.#queue(async () => {
        await this.#part?.again();
        this.moved = 0;
        this.changed();
      });
    if (at === this.size) this.#queue(() => this.#finish());
  }

  #blockCame(end: number, digest: string): void {
    const stream = this.#stream;
    if (this.state !== "moving" || !stream) return;
    const { begin, filled, frame } = stream;
    if (!frame || end !== begin + filled || end !== endOf(begin, this.size)) {
      this.refuse("failed");
      return;
    }
    Object.assign(stream, { begin: end, filled: 0, frame: null });
    this.#queued += filled;
    this.#queue(async () => {
      try {
        await this.#part?.write(begin, digest, frame);
      } finally {
        this.#queued -= filled;
      }
      if (this.isOver) return;
      this.moved = end;
      this.#digest = digest;
      this.#link?.say({ type: "got", file: this.file, end });
      this.changed();
      // What came before a break is asked about first: it may be of another file.
      if (end === this.size && this.state === "moving") await this.#finish();
    });
  }

  #goOn(): void {
    if (this.state !== "waiting" || !this.#part) return;
    this.#link?.say({ type: "accept", file: this.file, at: this.moved, digest: this.#digest });
  }

  async #finish(): Promise<void> {
    if (this.isOver || !this.#part) return;
    this.kept = await this.#part.finish();
    this.#link?.say({ type: "done", file: this.file });
    this.#part = null;
    this.#end("done", false);
  }

  /** One thing after the other. What goes wrong ends this file, and nothing else. */
  #queue(work: () => Promise<void> | void): void {
    this.#work = this.#work.then(async () => {
      try {
        await work();
      } catch (error) {
        if (this.isOver) return;
        if (error instanceof NotNow) {
          this.#set("offered");
          return;
        }
        this.code = codeOf(error);
        this.refuse(endFor(this.code));
      }
    });
  }

  #set(state: State): void {
    this.state = state;
    this.changed();
  }

  /** `discard`: nobody will want what there is. */
  #end(state: "done" | FileEnd, discard: boolean): void {
    this.#link = null;
    this.#stream = null;
    const part = this.#part;
    this.#part = null;
    if (part) this.#queue(() => (discard ? part.discard() : part.pause()));
    this.#set(state);
  }
}

/** What the sender is told of a fault on this side. */
function endFor(code: ErrorCode): FileEnd {
  switch (code) {
    case "disk-full":
      return "no-space";
    case "file-changed":
      return "changed";
    case "too-many-files":
      return "too-many";
    case "too-large":
      return "too-large";
    default:
      return "failed";
  }
}
