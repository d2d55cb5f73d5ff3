/** What goes over the data channel `files`, read with suspicion: PROTOCOL.md, "Files". */
import { LIMITS, type FileEnd, type FileMessage } from "../../gen/protocol";
import { encode } from "../../trust/base32";
import { concat, sha256, u64, utf8 } from "../../trust/bytes";

export const BLOCK = LIMITS.FILE_BLOCK_BYTES;
export const WINDOW = LIMITS.FILE_WINDOW_BYTES;
/** What a piece begins with: its file's number. */
export const PIECE_HEAD = 4;
/** The digest at the beginning of every file. */
export const ZERO = encode(new Uint8Array(32));

const ENDS: readonly string[] = [
  "declined",
  "cancelled",
  "changed",
  "unreadable",
  "no-space",
  "too-large",
  "too-many",
  "failed",
] satisfies FileEnd[];

/** Whether this is a place in a file: a whole number of bytes that is counted exactly. */
function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** 16 bytes and 32, in base32. */
function isId(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{26}$/.test(value);
}
function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{52}$/.test(value);
}

/** The message, or null for what is none. */
export function read(text: string): FileMessage | null {
  if (text.length > LIMITS.MAX_MESSAGE_BYTES) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { type, file, name, size, at, end, number, digest, why } = value as Record<string, unknown>;
  if (!isId(file)) return null;
  switch (type) {
    case "offer": {
      const isName = typeof name === "string" && utf8(name).length <= LIMITS.MAX_FILE_NAME_BYTES;
      return isName && isPlace(size) ? { type, file, name, size } : null;
    }
    case "accept":
      return isPlace(at) && isDigest(digest) ? { type, file, at, digest } : null;
    case "start":
      return isPlace(at) && isPlace(number) && number < 2 ** 32 ? { type, file, number, at } : null;
    case "block":
      return isPlace(end) && isDigest(digest) ? { type, file, end, digest } : null;
    case "got":
      return isPlace(end) ? { type, file, end } : null;
    case "done":
      return { type, file };
    case "refuse":
    case "cancel":
      return typeof why === "string" && ENDS.includes(why) ? { type, file, why: why as FileEnd } : null;
    default:
      return null;
  }
}

/** The same file, unchanged, is called the same each time it is offered. */
export async function fileId(file: { name: string; size: number; lastModified: number }): Promise<string> {
  const bytes = concat(utf8(file.name), u64(file.size), u64(Math.max(0, Math.trunc(file.lastModified))));
  return encode((await sha256(bytes)).subarray(0, 16));
}

/** Where the block ends that begins at `at`. */
export function endOf(at: number, size: number): number {
  return Math.min(at + BLOCK, size);
}
