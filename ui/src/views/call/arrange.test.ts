// Invariant: from 1 to 16 people, in any window, tiles lie inside the stage and never over each other, and everybody
// is on exactly one page.
import { describe, expect, it } from "vitest";
import { besides, even, inSight, type Arrangement, type Box } from "./arrange";
import type { Key } from "./stage";

const names = (count: number) => Array.from({ length: count }, (_, n): Key => `person:${n}`);
/** Stages: the window without the controls. */
const STAGES = [
  [304, 176],
  [384, 668],
  [884, 504],
  [1424, 804],
  [1904, 984],
  [3824, 2064],
  [3424, 500],
  [200, 1200],
] as const;

function apart(one: Box, other: Box): boolean {
  const slack = 0.01;
  return (
    one.x + one.width <= other.x + slack ||
    other.x + other.width <= one.x + slack ||
    one.y + one.height <= other.y + slack ||
    other.y + other.height <= one.y + slack
  );
}

function isSound({ placed, pager }: Arrangement, width: number, height: number) {
  const boxes: Box[] = pager === null ? placed : [...placed, pager];
  for (const [n, box] of boxes.entries()) {
    expect(box.x).toBeGreaterThanOrEqual(-0.01);
    expect(box.y).toBeGreaterThanOrEqual(-0.01);
    expect(box.x + box.width).toBeLessThanOrEqual(width + 0.01);
    expect(box.y + box.height).toBeLessThanOrEqual(height + 0.01);
    for (const other of boxes.slice(n + 1)) expect(apart(box, other)).toBe(true);
  }
}

describe.each(STAGES)("a stage of %d by %d", (width, height) => {
  const space = { width, height };
  const all = (of: (page: number) => Arrangement) => {
    const { pages } = of(0);
    return Array.from({ length: pages }, (_, page) => of(page));
  };

  it("shows everybody once, on some page of the grid", () => {
    for (let count = 1; count <= 17; count++) {
      const pages = all((page) => even(names(count), space, page));
      for (const page of pages) isSound(page, width, height);
      expect(pages.flatMap(({ placed }) => placed.map(({ key }) => key))).toEqual(names(count));
    }
  });
  it.each(["person:large", "screen:large"] as const)("shows %s large, and the others once", (key) => {
    for (let count = 0; count <= 17; count++) {
      const pages = all((page) => besides(key, names(count), space, page));
      for (const page of pages) {
        isSound(page, width, height);
        const [large, ...others] = page.placed;
        expect(large).toMatchObject({ key, part: "large" });
        for (const other of others)
          expect(other.width * other.height).toBeLessThan((large?.width ?? 0) * (large?.height ?? 0) * 1.01);
      }
      const others = pages.flatMap(({ placed }) => placed.slice(1).map((one) => one.key));
      expect(others).toEqual(width < 360 && height < 260 ? [] : names(count));
      expect(pages[0]?.placed.length).toBe(inSight(key, count, space) + 1);
    }
  });
});

describe("the grid", () => {
  it("centres its last row", () => {
    const { placed } = even(names(5), { width: 1424, height: 804 }, 0);
    const middle = (boxes: Box[]) => {
      const [first, last] = [boxes[0], boxes.at(-1)];
      return first && last ? (first.x + last.x + last.width) / 2 : NaN;
    };
    expect(middle(placed.slice(0, 3))).toBeCloseTo(712);
    expect(middle(placed.slice(3))).toBeCloseTo(712);
  });
  it("leaves people where they are when somebody joins a page that has room", () => {
    const space = { width: 1424, height: 804 };
    expect(even(names(8), space, 0).placed).toEqual(
      even(names(9), space, 0)
        .placed.slice(0, 8)
        .map((_, n) => expect.objectContaining({ key: `person:${n}` })),
    );
  });
  it("turns to the last page there is when there are fewer", () => {
    const { page, pages } = even(names(13), { width: 304, height: 176 }, 99);
    expect(page).toBe(pages - 1);
  });
  it("shows the last page's few as large as the others", () => {
    const space = { width: 384, height: 668 };
    const [first, last] = [even(names(16), space, 0), even(names(16), space, 1)];
    expect(last.placed[0]?.width).toBe(first.placed[0]?.width);
  });
});

describe("the large one", () => {
  it("has the others beside it in a wide window, under it in a narrow one", () => {
    const wide = besides("screen:a", names(3), { width: 1424, height: 804 }, 0).placed;
    expect(wide[1]?.x).toBeGreaterThan(wide[0]?.width ?? Infinity);
    const narrow = besides("screen:a", names(3), { width: 384, height: 668 }, 0).placed;
    expect(narrow[1]?.y).toBeGreaterThan(narrow[0]?.height ?? Infinity);
    expect(narrow[0]).toMatchObject({ x: 0, y: 0, width: 384 });
  });
  it("is alone in a tiny window", () => {
    expect(besides("person:a", names(3), { width: 304, height: 176 }, 0).placed).toHaveLength(1);
  });
  it("takes most of a desk's screen", () => {
    for (const [width, height] of [
      [1424, 804],
      [1904, 984],
      [3824, 2064],
    ] as const) {
      const large = besides("screen:a", names(15), { width, height }, 0).placed[0];
      expect(((large?.width ?? 0) * (large?.height ?? 0)) / (width * height)).toBeGreaterThan(0.7);
    }
  });
});
