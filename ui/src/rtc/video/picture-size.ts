/** The size that a coded keyframe has. Pure. */
import type { Size } from "../worker/messages";

/** Null where it does not say. */
export function sizeOfKeyframe(codec: string, picture: Uint8Array): Size | null {
  return codec === "vp8" ? sizeOfVp8(picture) : sizeOfH264(picture);
}

/** RFC 6386, section 9.1. */
function sizeOfVp8(picture: Uint8Array): Size | null {
  const [frameTag, , , a, b, c, w0, w1, h0, h1] = picture;
  if (frameTag === undefined || h1 === undefined) return null;
  const isKeyframe = (frameTag & 1) === 0 && a === 0x9d && b === 0x01 && c === 0x2a;
  if (!isKeyframe || w0 === undefined || w1 === undefined || h0 === undefined) return null;
  return { width: w0 | ((w1 & 0x3f) << 8), height: h0 | ((h1 & 0x3f) << 8) };
}

const SEQUENCE_PARAMETER_SET = 7;
/** Profiles whose parameter set begins with the chroma's format (ITU-T H.264, section 7.3.2.1.1). */
const WITH_CHROMA = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128]);

/** Annex B. */
function sizeOfH264(picture: Uint8Array): Size | null {
  for (let at = 0; at + 3 < picture.length; at++) {
    if (picture[at] !== 0 || picture[at + 1] !== 0 || picture[at + 2] !== 1) continue;
    if (((picture[at + 3] ?? 0) & 0x1f) !== SEQUENCE_PARAMETER_SET) continue;
    return sizeOfParameters(unescaped(picture.subarray(at + 4, at + 132)));
  }
  return null;
}

/** Without the bytes that keep start codes out (section 7.4.1). */
function unescaped(bytes: Uint8Array): number[] {
  const plain: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    plain.push(byte);
  }
  return plain;
}

function sizeOfParameters(bytes: number[]): Size | null {
  const bits = new Bits(bytes);
  const profile = bits.read(8);
  bits.read(16);
  bits.golomb();
  let chroma = 1;
  if (WITH_CHROMA.has(profile)) {
    chroma = bits.golomb();
    // Other forms are not sent in calls, and scaling lists are long.
    if (chroma === 3) return null;
    bits.golomb();
    bits.golomb();
    bits.read(1);
    if (bits.read(1) === 1) return null;
  }
  bits.golomb();
  const order = bits.golomb();
  if (order === 0) bits.golomb();
  else if (order === 1) return null;
  bits.golomb();
  bits.read(1);
  const width = 16 * (bits.golomb() + 1);
  const units = bits.golomb() + 1;
  const frames = bits.read(1);
  if (frames === 0) bits.read(1);
  const height = 16 * units * (2 - frames);
  bits.read(1);
  let [left, right, top, bottom] = [0, 0, 0, 0];
  if (bits.read(1) === 1) {
    [left, right, top, bottom] = [bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()];
  }
  if (bits.isOver) return null;
  const [acrossUnit, downUnit] = [chroma === 0 ? 1 : 2, (chroma === 1 ? 2 : 1) * (2 - frames)];
  return { width: width - acrossUnit * (left + right), height: height - downUnit * (top + bottom) };
}

class Bits {
  readonly #bytes: number[];
  #at = 0;

  constructor(bytes: number[]) {
    this.#bytes = bytes;
  }

  /** More was read than there is. */
  get isOver(): boolean {
    return this.#at > 8 * this.#bytes.length;
  }

  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = 2 * value + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at += 1;
    }
    return value;
  }

  /** Unsigned Exp-Golomb (section 9.1). */
  golomb(): number {
    let zeros = 0;
    while (zeros < 32 && !this.isOver && this.read(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + this.read(zeros);
  }
}
