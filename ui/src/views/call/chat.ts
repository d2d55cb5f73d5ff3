/** What the views of the chat say, and how messages stand together. */
import { day } from "../../i18n/format";
import { language, t } from "../../i18n/index.svelte";
import type { ChatReaction } from "../../gen/protocol";
import type { ChatLine } from "../../state/chatting";

/** Messages of one person that follow each other within so long stand under one name, ms. */
const TOGETHER = 5 * 60_000;

export interface Row {
  line: ChatLine;
  /** What stands above it: a day, or that I came. */
  marks: string[];
  /** Whose it is, and when, is told. */
  headed: boolean;
}

/** @param since when I came, @param now both ms since 1970 */
export function rowsOf(lines: readonly ChatLine[], since: number, now: number): Row[] {
  const others = lines.some(({ at, isOwn }) => at < since && !isOwn);
  let before: ChatLine | null = null;
  return lines.map((line) => {
    const marks: string[] = [];
    // A call of today needs no date.
    if (day(line.at) !== day(before?.at ?? now)) marks.push(day(line.at));
    const isEarly = line.at < since;
    const wasEarly = before === null ? null : before.at < since;
    if (others && isEarly !== wasEarly) marks.push(t(isEarly ? "chat.before" : "chat.since"));
    const headed: boolean =
      before === null ||
      marks.length > 0 ||
      before.from !== line.from ||
      before.told?.by !== line.told?.by ||
      line.at - before.at > TOGETHER;
    before = line;
    return { line, marks, headed };
  });
}

export function timeOf(at: number): string {
  return new Intl.DateTimeFormat(language(), { hour: "numeric", minute: "2-digit" }).format(at);
}

export function namesOf(names: readonly string[]): string {
  return new Intl.ListFormat(language(), { type: "conjunction" }).format(names);
}

export function reactionName(reaction: ChatReaction): string {
  return t(`chat.${reaction}`);
}

/** The first words, in one line. */
export function firstWords(text: string, most = 80): string {
  const line = text.replace(/\s+/gu, " ");
  const letters = [...line];
  return letters.length <= most ? line : `${letters.slice(0, most - 1).join("")}…`;
}
