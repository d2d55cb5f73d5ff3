import { expect, it } from "vitest";
import { besides, even } from "./arrange";
import { neighbour } from "./neighbour";
import type { Key } from "./stage";

const keys: Key[] = ["person:a", "person:b", "person:c", "person:d", "person:e"];

it("goes through a grid, its centred last row too, and stops at the edges", () => {
  // a b c
  //  d e
  const { placed } = even(keys, { width: 1424, height: 804 }, 0);
  expect(neighbour(placed, "person:a", "ArrowRight")).toBe("person:b");
  expect(neighbour(placed, "person:a", "ArrowDown")).toBe("person:d");
  expect(neighbour(placed, "person:c", "ArrowDown")).toBe("person:e");
  expect(neighbour(placed, "person:e", "ArrowLeft")).toBe("person:d");
  expect(neighbour(placed, "person:a", "ArrowLeft")).toBeNull();
  expect(neighbour(placed, "person:e", "ArrowDown")).toBeNull();
  expect(neighbour(placed, "person:a", "Enter")).toBeNull();
  expect(neighbour(placed, "own", "ArrowLeft")).toBeNull();
});

it("goes between the large one and those beside it", () => {
  const { placed } = besides("screen:a", keys.slice(0, 3), { width: 1424, height: 804 }, 0);
  expect(neighbour(placed, "screen:a", "ArrowRight")).toBe("person:b");
  expect(neighbour(placed, "person:c", "ArrowLeft")).toBe("screen:a");
  expect(neighbour(placed, "person:a", "ArrowDown")).toBe("person:b");
});
