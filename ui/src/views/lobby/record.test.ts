import { beforeEach, expect, it } from "vitest";
import type { CallRecord, Direction, RingEnd } from "../../gen/protocol";
import { setLanguage } from "../../i18n/index.svelte";
import { isMissed, outcome } from "./record";

const record = (direction: Direction, end: RingEnd["type"], seconds = 0): CallRecord => ({
  id: 1,
  device: "d",
  name: "Bob",
  direction,
  media: "voice",
  end: { type: end } as RingEnd,
  at: 0,
  seconds,
  seen: false,
});

beforeEach(() => setLanguage("en"));

it.each<[Direction, RingEnd["type"], number, string, boolean]>([
  ["outgoing", "accepted", 61, "1 min 1 s", false],
  ["incoming", "accepted", 0, "Voice call", false],
  ["outgoing", "declined", 0, "Declined", false],
  ["incoming", "declined", 0, "You declined", false],
  ["outgoing", "busy", 0, "Was busy", false],
  ["incoming", "busy", 0, "You were busy", false],
  ["outgoing", "cancelled", 0, "Cancelled", false],
  ["incoming", "cancelled", 0, "Missed", true],
  ["outgoing", "no-answer", 0, "No answer", false],
  ["incoming", "no-answer", 0, "Missed", true],
  ["outgoing", "gone", 0, "Went away", false],
  ["incoming", "gone", 0, "Went away", false],
])("%s, %s after %d s: %s", (direction, end, seconds, words, missed) => {
  expect(outcome(record(direction, end, seconds))).toBe(words);
  expect(isMissed(record(direction, end, seconds))).toBe(missed);
});
