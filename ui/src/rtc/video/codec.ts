/** What WebCodecs and the wire call a codec. Pure. */
import { CODECS } from "../numbers";

/** By the wire's codec byte, in lower case. */
const NAMES: readonly string[] = CODECS.map((name) => name.toLowerCase());
/** Macroblocks of a picture that a level of H.264 admits at 30 fps (ITU-T H.264, table A-1), and its `level_idc`. */
const LEVELS = [
  [3_600, "1f"],
  [8_192, "28"],
  [36_864, "33"],
] as const;

/** The wire's codec byte of a mime type; 0 for one that is not coded here. */
export function codecByte(mimeType: string): number {
  return Math.max(0, NAMES.indexOf(mimeType.toLowerCase()));
}

/** The WebCodecs codec string for a picture of this size (RFC 6381); null for a byte that names none. */
export function codecString(byte: number, width: number, height: number): string | null {
  switch (NAMES[byte]) {
    case "video/vp8":
      return "vp8";
    case "video/h264": {
      const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
      const [, level] = LEVELS.find(([most]) => blocks <= most) ?? LEVELS[LEVELS.length - 1] ?? [0, "33"];
      return `avc1.42e0${level}`;
    }
    default:
      return null;
  }
}

/**
 * WebKitGTK writes H.264 with length prefixes even when Annex B is asked for: each length becomes a start code of the
 * same four bytes. What does not add up to lengths is left as it is.
 */
export function toAnnexB(picture: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(picture.buffer, picture.byteOffset, picture.byteLength);
  const starts: number[] = [];
  let at = 0;
  while (at + 4 <= picture.byteLength) {
    starts.push(at);
    const length = view.getUint32(at);
    if (length === 0) return;
    at += 4 + length;
  }
  if (at !== picture.byteLength) return;
  for (const start of starts) view.setUint32(start, 1);
}
