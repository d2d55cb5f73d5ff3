// Invariant: who said what, and what was said before one came, can be told at a glance.
import { describe, expect, it } from "vitest";
import type { ChatLine } from "../../state/chatting";
import { firstWords, rowsOf } from "./chat";

const NOON = new Date(2026, 2, 3, 12).getTime();
const MINUTE = 60_000;
const line = (from: string, at: number, more: Partial<ChatLine> = {}): ChatLine => ({
  key: `${from}${at}`,
  from,
  id: `${at}`,
  name: from,
  text: "x",
  at,
  told: null,
  isOwn: from === "me",
  reactions: [],
  waiting: [],
  ...more,
});

describe("rows", () => {
  it("name whoever speaks once, until somebody else does or time passes", () => {
    const lines = [
      line("bob", NOON),
      line("bob", NOON + MINUTE),
      line("me", NOON + 2 * MINUTE),
      line("bob", NOON + 3 * MINUTE),
      line("bob", NOON + 20 * MINUTE),
    ];
    const rows = rowsOf(lines, NOON, NOON);
    expect(rows.map(({ headed }) => headed)).toEqual([true, false, true, true, true]);
    expect(rows.flatMap(({ marks }) => marks)).toEqual([]);
  });
  it("tell apart what was said before I came, and by whom it is told", () => {
    const told = { by: "bob", name: "Bob" };
    const lines = [line("cat", NOON - MINUTE, { told }), line("cat", NOON - 1), line("bob", NOON + MINUTE)];
    const rows = rowsOf(lines, NOON, NOON + MINUTE);
    expect(rows.map(({ marks }) => marks)).toEqual([["Before you came"], [], ["Since you came"]]);
    expect(rows.map(({ headed }) => headed)).toEqual([true, true, true]);
  });
  it("have a date where the day changes", () => {
    const late = new Date(2026, 2, 3, 23, 59).getTime();
    const rows = rowsOf([line("bob", late), line("bob", late + 2 * MINUTE)], late, late + 3 * MINUTE);
    expect(rows.map(({ marks }) => marks)).toEqual([["March 3, 2026"], ["March 4, 2026"]]);
  });
});

it("first words are one short line", () => {
  expect(firstWords("one\n two")).toBe("one two");
  expect([...firstWords("字".repeat(100), 10)]).toHaveLength(10);
});
