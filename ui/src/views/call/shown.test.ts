// Invariant: what is out of sight is not told as shown, and a change is told once.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { even } from "./arrange";
import { SETTLED, Settling, shown } from "./shown";
import type { Key } from "./stage";

const keys: Key[] = ["person:b", "screen:b", "person:a", "own"];

describe("what is shown", () => {
  it("is each other person's tile, in the screen's pixels, and never oneself", () => {
    const { placed } = even(keys, { width: 1000, height: 600 }, 0);
    const found = shown(placed, 2, false, null);
    expect(found.map(({ device, what }) => `${device} ${what}`)).toEqual([
      "a camera",
      "b camera",
      "b screen",
    ]);
    expect(found[0]).toMatchObject({ width: 992, height: 592 });
  });
  it("is only the page in sight", () => {
    const many = Array.from({ length: 16 }, (_, n): Key => `person:${n}`);
    const { placed, pages } = even(many, { width: 304, height: 176 }, 1);
    expect(pages).toBe(4);
    expect(
      shown(placed, 1, false, null)
        .map(({ device }) => device)
        .sort(),
    ).toEqual(["4", "5", "6", "7"]);
  });
  it("is nothing in a hidden window, but what was popped out", () => {
    const { placed } = even(keys, { width: 1000, height: 600 }, 0);
    expect(shown(placed, 1, true, null)).toEqual([]);
    const popped = { key: "screen:b", width: 320, height: 180 } as const;
    expect(shown(placed, 1, true, popped)).toEqual([
      { device: "b", what: "screen", width: 320, height: 180 },
    ]);
    expect(shown(placed, 1, false, popped).find(({ what }) => what === "screen")?.width).toBe(496);
  });
});

describe("telling", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("waits until it has settled, and tells a thing once", () => {
    const told: number[][] = [];
    const settling = new Settling<number[]>((value) => told.push(value));
    settling.put([1]);
    vi.advanceTimersByTime(SETTLED - 1);
    settling.put([2]);
    vi.advanceTimersByTime(SETTLED - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([[2]]);
    settling.put([2]);
    settling.put([3]);
    settling.put([2]);
    vi.advanceTimersByTime(9 * SETTLED);
    expect(told).toEqual([[2]]);
    settling.put([4]);
    settling.close();
    vi.advanceTimersByTime(9 * SETTLED);
    expect(told).toEqual([[2]]);
  });
});
