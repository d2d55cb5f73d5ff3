/** Received files of a node: the page hands it each block, and waits for its answer before the next. */
import type { FileReply, FileRequest } from "../gen/protocol";
import { safeName } from "../call/files/name";
import { FileError, HEAD, type Incoming, type Part, type Store } from "../call/files/store";
import { ZERO } from "../call/files/wire";
import { decode } from "../trust/base32";
import type { Bytes } from "../trust/bytes";

/** The way to the node. Both reject with a FileError. */
export interface FilesDoor {
  request(request: FileRequest): Promise<FileReply>;
  block(frame: Bytes): Promise<void>;
}

export function nodeFiles(door: FilesDoor): Store {
  return {
    async begin({ from, file, name, size }: Incoming): Promise<Part> {
      const begun = await door.request({ type: "begin", from, file, name: safeName(name), size });
      if (begun.type !== "begun") throw new FileError("internal");
      return part(door, begun.handle, begun.at, begun.digest);
    },
    async show() {
      await door.request({ type: "show" });
    },
  };
}

function part(door: FilesDoor, handle: number, at: number, digest: string): Part {
  const ask = async (type: "again" | "pause" | "discard"): Promise<void> => {
    await door.request({ type, handle });
  };
  return {
    at,
    digest,
    async write(begin, after, frame) {
      const head = new DataView(frame.buffer, frame.byteOffset, HEAD);
      head.setUint32(0, handle);
      head.setBigUint64(4, BigInt(begin));
      frame.set(decode(after) ?? decode(ZERO) ?? [], 12);
      await door.block(frame);
    },
    again: () => ask("again"),
    async finish() {
      const kept = await door.request({ type: "finish", handle });
      if (kept.type !== "kept") throw new FileError("internal");
      return kept.name;
    },
    pause: () => ask("pause"),
    discard: () => ask("discard"),
  };
}
