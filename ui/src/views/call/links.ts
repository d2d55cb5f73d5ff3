/**
 * Links in what somebody wrote. Only http, https and mailto, only where they are written out; a name in another script
 * is shown as the network writes it (RFC 3492), so that nobody takes it for a name that it only looks like.
 */

export interface Piece {
  text: string;
  /** Absent: plain text. */
  href?: string;
}

/** Who is asked, in letters of any script; what is asked there, in ASCII, so that a sentence may go on without a space. */
const LINK = /\bhttps?:\/\/[\p{L}\p{M}\p{N}.\-:[\]]+(?:[/?#][!-~]*)?|\bmailto:[!-~]+@[!-~]+/giu;
/** What rather ends the sentence. */
const AFTER = /[.,;:!?'"*_~]+$/;
/** A Chinese sentence goes on right behind a Latin name. */
const GOES_ON = /^(https?:\/\/[!-~]*\.[a-z]{2,})[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}].*$/iu;
const MAX_LINK = 2_048;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const written = trim(match[0]);
    const end = match.index + match[0].length;
    // "https://bank.example@elsewhere.example" leads elsewhere.
    const link = text[end] === "@" ? null : linkOf(written);
    if (link === null) continue;
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push(link);
    at = match.index + written.length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

function trim(written: string): string {
  let text = written.replace(GOES_ON, "$1");
  for (;;) {
    const before = text;
    text = text.replace(AFTER, "");
    for (const [open, close] of ["()", "[]", "{}", "<>"])
      if (open && close && text.endsWith(close) && count(text, close) > count(text, open))
        text = text.slice(0, -1);
    if (text === before) return text;
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function linkOf(written: string): Piece | null {
  if (written.length > MAX_LINK) return null;
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    return null;
  }
  if (url.protocol === "mailto:") return mailOf(written, url);
  if (url.username !== "" || url.password !== "" || url.hostname === "") return null;
  const isPlain = /^[\x21-\x7e]*$/.test(written);
  return { text: isPlain ? written : url.href, href: url.href };
}

/** An address and nothing more: no text or copies that somebody else has chosen. */
function mailOf(written: string, url: URL): Piece | null {
  return /^mailto:[^\s?&%,:]+@[^\s?&%,:@]+$/i.test(written) ? { text: written, href: url.href } : null;
}
