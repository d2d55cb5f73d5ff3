/** What somebody else wrote, made safe to show: only text, and only what can be seen. */

/** Controls but line breaks and tabs, and what turns the direction of everything after it. */
const UNSEEN = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069\u061c\ufeff\ufff9-\ufffb]/gu;

/** Whole lines, without what is not seen; nothing of spaces alone. */
export function clean(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, "\n")
    .replace(UNSEEN, "")
    .replace(/\p{Surrogate}/gu, "\u{fffd}")
    .replace(/\n{4,}/g, "\n\n\n")
    .trim();
}

/** A name is one line. */
export function cleanName(name: string): string {
  return clean(name).replace(/\s+/gu, " ");
}

/** As people count them, and as the protocol does. */
export function chars(text: string): number {
  let count = 0;
  for (const at of text) count += at.length > 0 ? 1 : 0;
  return count;
}
