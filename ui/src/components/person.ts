/** What stands for a person while there is no picture: initials, and a colour that belongs to their device for ever. */
import type { DeviceId } from "../gen/protocol";

/** How many colours `tokens.css` has for people (`--person-0` …). */
export const COLOURS = 12;

const HAN = /\p{Script=Han}/u;

/** One or two characters: the first letters of the first and last word, or the end of a Chinese name. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s_.\-·]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  const last = words[words.length - 1];
  if (first === undefined || last === undefined) return "?";
  const han = [...last].filter((letter) => HAN.test(letter));
  if (han.length > 0) return han.slice(-2).join("");
  const head = (word: string) => [...word].find((letter) => /[\p{L}\p{N}]/u.test(letter)) ?? "";
  return (words.length > 1 ? head(first) + head(last) : head(first)).toLocaleUpperCase();
}

/** Which of the colours is this device's, 0 to 11 (FNV-1a over the id). */
export function colour(device: DeviceId): number {
  let hash = 0x811c9dc5;
  for (const letter of device) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % COLOURS;
}

/** The colour as a CSS value. */
export function colourOf(device: DeviceId): string {
  return `var(--person-${colour(device)})`;
}
