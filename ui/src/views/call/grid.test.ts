import { expect, it } from "vitest";
import { columns } from "./grid";

it.each([
  [0, 1280, 720, 1],
  [1, 1280, 720, 1],
  [2, 1280, 720, 2],
  [2, 400, 800, 1],
  [4, 1280, 720, 2],
  [5, 1280, 720, 3],
  [16, 3840, 2160, 4],
  [3, 320, 900, 1],
])("%d pictures in %d by %d stand in %d columns", (count, width, height, across) => {
  expect(columns(count, width, height)).toBe(across);
});
