/**
 * Names that somebody else chose, made safe to show and to use: the same as `crates/files/src/name.rs`, tested with
 * the same names.
 */
const MAX_NAME_BYTES = 200;
const MAX_EXTENSION_BYTES = 20;

/**
 * Turns the direction of what follows, or is not seen at all. As pairs of first and last: a class of such characters
 * in an expression would be read as combined ones.
 */
const INVISIBLE: readonly (readonly [number, number])[] = [
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];
const MEANING = /[\p{Cc}/\\:*?"<>|\u{2028}\u{2029}]/gu;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³]) *(\.|$)/i;

const encoder = new TextEncoder();

export function safeName(name: string): string {
  const visible = [...name]
    .slice(0, 4096)
    .filter(isVisible)
    .join("")
    .replace(/\p{Surrogate}/gu, "\u{fffd}");
  const plain = visible.replace(MEANING, "_").normalize("NFC");
  // Runs of spaces push the true end of a name out of sight.
  const joined = plain.replace(/[\s\u{85}]+/gu, " ").trim();
  const trimmed = joined.replace(/[. ]+$/, "").replace(/^[.-]/, "_");
  return cut(DEVICE.test(trimmed) ? `_${trimmed}` : trimmed) || "file";
}

function isVisible(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return !INVISIBLE.some(([first, last]) => first <= point && point <= last);
}

function cut(name: string): string {
  if (encoder.encode(name).length <= MAX_NAME_BYTES) return name;
  const dot = name.lastIndexOf(".");
  const hasType = dot > 0 && encoder.encode(name.slice(dot)).length <= MAX_EXTENSION_BYTES;
  const extension = hasType ? name.slice(dot) : "";
  let room = MAX_NAME_BYTES - encoder.encode(extension).length;
  let stem = "";
  for (const character of hasType ? name.slice(0, dot) : name) {
    room -= encoder.encode(character).length;
    if (room < 0) break;
    stem += character;
  }
  return stem.replace(/[. ]+$/, "") + extension;
}
