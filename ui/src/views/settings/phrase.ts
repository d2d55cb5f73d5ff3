/** How hard a phrase is to guess, roughly: a hint while it is typed, never a promise. */
import { LIMITS } from "../../gen/protocol";

export type Strength = "short" | "weak" | "fair" | "strong";

/** Bits that a word nobody would expect next to the others is worth; lists of common words have about 2000. */
const WORD = 11;

/**
 * Words count as words, not letter by letter, since whoever guesses has a dictionary; a Han character counts as a word
 * does. Repeated ones count once. `short` is what the node does not take.
 */
export function strength(text: string): Strength {
  const phrase = text.normalize("NFKC").trim();
  const letters = [...phrase];
  if (letters.length < LIMITS.MIN_PHRASE_CHARS) return "short";
  const han = new Set(letters.filter((letter) => /\p{Script=Han}/u.test(letter)));
  const words = new Set(
    phrase
      .toLocaleLowerCase()
      .replace(/\p{Script=Han}/gu, " ")
      .split(/[^\p{L}\p{N}\p{M}]+/u)
      .filter(Boolean),
  );
  let bits = Math.min(han.size * (WORD / 2), 60);
  for (const word of words) bits += Math.min(worth(word), 60);
  return bits < 2.5 * WORD ? "weak" : bits < 4 * WORD - 2 ? "fair" : "strong";
}

/** A plain word is worth a word; letters mixed with digits are likely not in a dictionary. */
function worth(word: string): number {
  const different = new Set(word).size;
  if (/^\p{N}+$/u.test(word)) return different * 2;
  if (/\p{N}/u.test(word) && /\p{L}/u.test(word)) return different < 4 ? 6 : different * 3;
  return different < 3 ? 3 : WORD;
}
