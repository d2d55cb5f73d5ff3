/** The short form of a device id, for people: its first 8 bytes in base32 and 3 check characters, in groups of four. */
import type { DeviceId } from "../gen/protocol";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LABEL = new TextEncoder().encode("earshot short id\0");

/** `ABCD-EFGH-JKLM-NPQR`; "" for what is no device id. */
export async function shortId(device: DeviceId): Promise<string> {
  const digits = [...device.slice(0, 13).toUpperCase()].map((letter) => ALPHABET.indexOf(letter));
  if (digits.length < 13 || digits.includes(-1)) return "";
  const bytes = new Uint8Array(8);
  for (let bit = 0; bit < 64; bit++) {
    const set = ((digits[Math.floor(bit / 5)] ?? 0) >> (4 - (bit % 5))) & 1;
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (set << (7 - (bit & 7)));
  }
  // 13 characters hold 65 bits: the last one belongs to the id's ninth byte.
  const last = ALPHABET.charAt((digits[12] ?? 0) & ~1);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array([...LABEL, ...bytes])));
  const [a = 0, b = 0] = hash;
  const check = [a >> 3, ((a & 7) << 2) | (b >> 6), (b >> 1) & 31]
    .map((digit) => ALPHABET.charAt(digit))
    .join("");
  const text = device.slice(0, 12).toUpperCase() + last + check;
  return [text.slice(0, 4), text.slice(4, 8), text.slice(8, 12), text.slice(12)].join("-");
}
