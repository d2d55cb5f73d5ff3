/** For unit tests only: two ends of a data channel, a store in memory, a file. */
import { encode } from "../../trust/base32";
import { sha256, type Bytes } from "../../trust/bytes";
import type { ErrorCode } from "../../gen/protocol";
import type { Channel } from "./link";
import { FileError, HEAD, type Incoming, type Part, type Store } from "./store";
import { ZERO } from "./wire";

type Data = string | ArrayBuffer;

/** Keeps what is sent until it is carried over; counts it as buffered, as a real one does. */
export class FakeChannel extends EventTarget {
  readyState: RTCDataChannelState = "open";
  bufferedAmountLowThreshold = 0;
  binaryType: BinaryType = "blob";
  other: FakeChannel | null = null;
  readonly waiting: Data[] = [];
  /** The most that ever waited in it, bytes. */
  most = 0;
  /** Everything that was sent, texts parsed. */
  readonly said: { type: string }[] = [];

  static pair(): [FakeChannel, FakeChannel] {
    const [one, other] = [new FakeChannel(), new FakeChannel()];
    one.other = other;
    other.other = one;
    return [one, other];
  }

  get bufferedAmount(): number {
    return this.waiting.reduce(
      (sum, data) => sum + (typeof data === "string" ? data.length : data.byteLength),
      0,
    );
  }

  send(data: string | ArrayBufferView | ArrayBuffer | Blob): void {
    if (this.readyState !== "open") throw new Error("InvalidStateError");
    if (typeof data === "string") {
      this.said.push(JSON.parse(data) as { type: string });
      this.waiting.push(data);
    } else if (ArrayBuffer.isView(data)) this.waiting.push(data.buffer.slice(0) as ArrayBuffer);
    this.most = Math.max(this.most, this.bufferedAmount);
  }

  /** Carries one message over. False: there was none. */
  carry(): boolean {
    const data = this.waiting.shift();
    if (data === undefined) return false;
    this.other?.hear(data);
    if (this.bufferedAmount <= this.bufferedAmountLowThreshold)
      this.dispatchEvent(new Event("bufferedamountlow"));
    return true;
  }

  hear(data: unknown): void {
    if (this.readyState === "open") this.dispatchEvent(new MessageEvent("message", { data }));
  }

  /** The line breaks: what was on its way is gone. */
  cut(): void {
    for (const end of [this, this.other]) {
      if (!end || end.readyState === "closed") continue;
      end.readyState = "closed";
      end.waiting.length = 0;
      end.dispatchEvent(new Event("close"));
    }
  }

  get asChannel(): Channel {
    return this as unknown as Channel;
  }
}

/** Files in memory, checked as a real store does. */
export class FakeStore implements Store {
  readonly files = new Map<string, Uint8Array>();
  readonly begun: Incoming[] = [];
  /** What there is of each. */
  readonly parts = new Map<string, { blocks: Bytes[]; digest: Bytes; at: number }>();
  fail: ErrorCode | null = null;
  /** Held writes: the disk is slow. */
  gate: Promise<void> | null = null;
  discarded = 0;

  begin(incoming: Incoming): Promise<Part> {
    this.begun.push(incoming);
    if (this.fail) return Promise.reject(new FileError(this.fail));
    const { file, name } = incoming;
    const part = this.parts.get(file) ?? { blocks: [], digest: new Uint8Array(32), at: 0 };
    this.parts.set(file, part);
    return Promise.resolve({
      at: part.at,
      digest: part.at === 0 ? ZERO : encode(part.digest),
      write: async (at: number, digest: string, frame: Bytes) => {
        await this.gate;
        if (this.fail) throw new FileError(this.fail);
        if (at !== part.at) throw new FileError("malformed");
        frame.set(part.digest, HEAD - 32);
        const after = await sha256(frame.subarray(HEAD - 32));
        if (encode(after) !== digest) throw new FileError("file-changed");
        part.blocks.push(frame.slice(HEAD));
        Object.assign(part, { digest: after, at: at + frame.length - HEAD });
      },
      again: () => {
        Object.assign(part, { blocks: [], digest: new Uint8Array(32), at: 0 });
        return Promise.resolve();
      },
      finish: async () => {
        this.files.set(name, new Uint8Array(await new Blob(part.blocks).arrayBuffer()));
        this.parts.delete(file);
        return name;
      },
      pause: () => Promise.resolve(),
      discard: () => {
        this.discarded++;
        this.parts.delete(file);
        return Promise.resolve();
      },
    });
  }
}

/** A file with bytes that differ everywhere. */
export class FakeFile {
  readonly lastModified = 1_700_000_000_000;
  readonly bytes: Bytes;
  /** Places that were read. */
  readonly reads: number[] = [];
  broken = false;

  constructor(
    readonly name: string,
    readonly size: number,
    seed = 1,
  ) {
    this.bytes = new Uint8Array(size);
    for (let at = 0; at < size; at++) this.bytes[at] = at * 31 + ((at / 251) | 0) + seed;
  }

  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> } {
    this.reads.push(start);
    return {
      arrayBuffer: () =>
        this.broken
          ? Promise.reject(new DOMException("gone", "NotReadableError"))
          : Promise.resolve(this.bytes.slice(start, end).buffer),
    };
  }
}
