/** Where a page without a node keeps what it receives: a file of the person's choice, or memory until it is whole. */
import { LIMITS, type ErrorCode } from "../../gen/protocol";
import { encode } from "../../trust/base32";
import { sha256, type Bytes } from "../../trust/bytes";
import { safeName } from "./name";
import { FileError, HEAD, NotNow, type Incoming, type Part, type Store } from "./store";
import { ZERO } from "./wire";

/** Takes bytes in their order (File System Standard, section 2.5). */
interface Writable {
  write(bytes: Bytes): Promise<void>;
  truncate(size: number): Promise<void>;
  seek(at: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}
interface Picked {
  readonly name: string;
  createWritable(): Promise<Writable>;
}
/** What a browser may have. */
export interface PageAbilities {
  pick: ((options: { suggestedName: string }) => Promise<Picked>) | null;
  /** Hands a whole file to the person. */
  download(file: Blob, name: string): void;
}

export function pageAbilities(): PageAbilities {
  const picker = (globalThis as { showSaveFilePicker?: PageAbilities["pick"] }).showSaveFilePicker;
  return {
    pick: picker ? (options) => picker.call(globalThis, options) : null,
    download(file, name) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = name;
      link.click();
      // The browser has taken it by then.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  };
}

export function pageStore(abilities: PageAbilities = pageAbilities()): Store {
  return {
    async begin({ name, size }: Incoming): Promise<Part> {
      const suggestedName = safeName(name);
      if (!abilities.pick) {
        if (size > LIMITS.MAX_FILE_IN_MEMORY) throw new FileError("too-large");
        return checked(memory(suggestedName, abilities));
      }
      try {
        const picked = await abilities.pick({ suggestedName });
        return checked(await written(picked));
      } catch (error) {
        // Closed without an answer.
        if ((error as Error).name === "AbortError") throw new NotNow();
        throw new FileError(codedWrite(error));
      }
    },
  };
}

interface Raw {
  append(bytes: Bytes): Promise<void>;
  clear(): Promise<void>;
  finish(): Promise<string>;
  discard(): Promise<void>;
}

function memory(name: string, abilities: PageAbilities): Raw {
  let blocks: Blob[] = [];
  return {
    append(bytes) {
      blocks.push(new Blob([bytes]));
      return Promise.resolve();
    },
    clear() {
      blocks = [];
      return Promise.resolve();
    },
    finish() {
      abilities.download(new Blob(blocks), name);
      blocks = [];
      return Promise.resolve(name);
    },
    discard() {
      blocks = [];
      return Promise.resolve();
    },
  };
}

/** The browser writes beside the file that was picked, and puts it in its place when it is closed. */
async function written(picked: Picked): Promise<Raw> {
  const writable = await picked.createWritable();
  return {
    append: (bytes) => writable.write(bytes),
    async clear() {
      await writable.truncate(0);
      await writable.seek(0);
    },
    async finish() {
      await writable.close();
      return picked.name;
    },
    discard: () => writable.abort(),
  };
}

/** Checks each block before it is appended. */
function checked(raw: Raw): Part {
  let before: Bytes = new Uint8Array(32);
  return {
    at: 0,
    digest: ZERO,
    async write(_at, digest, frame) {
      // The digest at the block's beginning, right before its bytes.
      frame.set(before, HEAD - 32);
      const after = await sha256(frame.subarray(HEAD - 32));
      if (encode(after) !== digest) throw new FileError("file-changed");
      try {
        await raw.append(frame.subarray(HEAD));
      } catch (error) {
        throw new FileError(codedWrite(error));
      }
      before = after;
    },
    async again() {
      await raw.clear();
      before = new Uint8Array(32);
    },
    async finish() {
      try {
        return await raw.finish();
      } catch (error) {
        throw new FileError(codedWrite(error));
      }
    },
    pause: () => raw.discard(),
    discard: () => raw.discard(),
  };
}

function codedWrite(error: unknown): ErrorCode {
  if (error instanceof FileError) return error.code;
  return (error as Error).name === "QuotaExceededError" ? "disk-full" : "folder-unusable";
}
