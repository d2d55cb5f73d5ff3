// Invariant: tiles are as large as the space allows, keep a picture's shape, and are never shown as stamps.
import { describe, expect, it } from "vitest";
import { capacity, GAP, grid } from "./grid";

describe("columns", () => {
  it.each([
    [0, 1280, 720, 1],
    [1, 1280, 720, 1],
    [2, 1280, 720, 2],
    [2, 400, 800, 1],
    [3, 1280, 720, 2],
    [4, 1280, 720, 2],
    [5, 1280, 720, 3],
    [9, 1424, 804, 3],
    [16, 3840, 2160, 4],
    [3, 320, 900, 1],
    [16, 384, 668, 3],
  ])("%d tiles in %d by %d stand in %d columns", (count, width, height, across) => {
    expect(grid(count, { width, height }).columns).toBe(across);
  });
});

it("never leaves its space, and keeps the shape of a picture", () => {
  for (let count = 1; count <= 16; count++) {
    for (let width = 120; width <= 3840; width += 155) {
      for (let height = 90; height <= 2160; height += 115) {
        const tile = grid(count, { width, height });
        expect(tile.columns * tile.rows).toBeGreaterThanOrEqual(count);
        expect(tile.columns * tile.width + (tile.columns - 1) * GAP).toBeLessThanOrEqual(width + 0.01);
        expect(tile.rows * tile.height + (tile.rows - 1) * GAP).toBeLessThanOrEqual(height + 0.01);
        if (tile.width > 0) {
          expect(tile.width / tile.height).toBeGreaterThan(1.33);
          expect(tile.width / tile.height).toBeLessThan(1.78);
        }
      }
    }
  }
});

describe("a page", () => {
  it("holds everybody on a desk's screen", () => {
    for (const [width, height] of [
      [884, 504],
      [1424, 804],
      [1904, 984],
      [3824, 2064],
    ] as const)
      expect(capacity(16, { width, height })).toBe(16);
  });
  it("holds as many as are still worth looking at in a small window", () => {
    expect(capacity(16, { width: 384, height: 668 })).toBe(12);
    expect(capacity(16, { width: 260, height: 176 })).toBe(4);
    expect(capacity(16, { width: 10, height: 10 })).toBe(1);
  });
});
