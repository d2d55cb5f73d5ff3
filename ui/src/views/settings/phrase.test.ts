// Invariant: what the node does not take is called too short, and what one word list finds is not called strong.
import { expect, it } from "vitest";
import { LIMITS } from "../../gen/protocol";
import { strength } from "./phrase";

it("is too short below the limit, counted as the node counts", () => {
  expect(strength("")).toBe("short");
  expect(strength("a1b2c3d")).toBe("short");
  expect(strength(`  ${"x".repeat(LIMITS.MIN_PHRASE_CHARS - 1)}  `)).toBe("short");
  // One letter of two code units is one character.
  expect(strength("🐶🐱🦁🐎🦄🐷🐘")).toBe("short");
});

it.each([
  ["password", "weak"],
  ["earshot office", "weak"],
  ["office office office office office", "weak"],
  ["12345678", "weak"],
  ["aaaaaaaaaaaaaaaa", "weak"],
  ["办公室办公室办公室", "weak"],
  ["copper lantern otter", "fair"],
  ["copper lantern seven otter", "strong"],
  ["Kupfer-Laterne-sieben-Otter", "strong"],
  ["x7k2m9q4p1wz8h3r", "strong"],
  ["铜灯七只水獭爬上屋顶", "strong"],
])("%s is %s", (phrase, how) => expect(strength(phrase)).toBe(how));
