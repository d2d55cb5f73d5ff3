import { expect, it } from "vitest";
import { nearest, step } from "./corners";

it("drops a picture into the nearest corner", () => {
  expect(nearest(0.1, 0.2)).toBe("top-left");
  expect(nearest(0.9, 0.2)).toBe("top-right");
  expect(nearest(0.1, 0.5)).toBe("bottom-left");
  expect(nearest(1.4, 0.9)).toBe("bottom-right");
});

it("follows the arrows and stays at an edge", () => {
  expect(step("bottom-right", "ArrowLeft")).toBe("bottom-left");
  expect(step("bottom-left", "ArrowLeft")).toBe("bottom-left");
  expect(step("bottom-left", "ArrowUp")).toBe("top-left");
  expect(step("top-left", "ArrowDown")).toBe("bottom-left");
  expect(step("top-left", "Tab")).toBeNull();
});

it("goes through all corners with Enter", () => {
  let corner = nearest(1, 1);
  const seen = new Set([corner]);
  for (let turn = 0; turn < 3; turn++) seen.add((corner = step(corner, "Enter") ?? corner));
  expect(seen.size).toBe(4);
  expect(step(corner, " ")).toBe("bottom-right");
});
