/** Where a received file goes: a folder of the node's, a file that the browser lets us write, or memory. */
import type { ErrorCode } from "../../gen/protocol";
import type { Bytes } from "../../trust/bytes";

export interface Incoming {
  from: string;
  file: string;
  name: string;
  size: number;
}

/**
 * Room before a block's bytes: the node's frame has its head there (handle, place, digest; 44 bytes), and who hashes
 * in the page puts the digest at the block's beginning right before its bytes. So a block is never copied.
 */
export const HEAD = 44;

/** Why a file cannot be kept. */
export class FileError extends Error {
  constructor(readonly code: ErrorCode) {
    super(code);
    this.name = "FileError";
  }
}

/** The code of whatever a store has thrown. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof FileError ? error.code : "internal";
}

/** The person has not said where to put it: it is still only offered. */
export class NotNow extends Error {}

/** A file that is being received. Everything rejects with a {@link FileError}. */
export interface Part {
  /** Up to where it was there when it was opened, and the digest there. */
  readonly at: number;
  readonly digest: string;
  /**
   * Checks and writes the next block. `frame`: {@link HEAD} bytes of room, then the block's.
   * @param digest at the block's end, as the sender says
   */
  write(at: number, digest: string, frame: Bytes): Promise<void>;
  /** Throws away what there is. */
  again(): Promise<void>;
  /** Gives it its name; resolves to it. */
  finish(): Promise<string>;
  /** Not now: what there is stays for later where it can. */
  pause(): Promise<void>;
  discard(): Promise<void>;
}

export interface Store {
  /** Opens what there is of it. Called in the click that accepted it, so that a browser lets us ask for a place. */
  begin(incoming: Incoming): Promise<Part>;
  /** Shows where received files are; absent where nobody can. */
  show?(): Promise<void>;
}
