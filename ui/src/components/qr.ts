/** A QR code (ISO/IEC 18004) as one path of an SVG, a unit per module. */
import { encode } from "uqr";

/** Modules of white around it, without which readers do not find it. */
export const QUIET = 4;

export interface QrCode {
  /** Width and height in modules, the quiet zone included. */
  size: number;
  /** The dark modules. */
  path: string;
}

/** Medium error correction; more where it costs no space. */
export function qrCode(text: string): QrCode {
  const { size, data } = encode(text, { ecc: "M", boostEcc: true, border: QUIET });
  let path = "";
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x++) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x++;
      path += `M${from} ${y}h${x - from + 1}v1h-${x - from + 1}z`;
    }
  }
  return { size, path };
}
