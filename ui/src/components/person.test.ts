import { describe, expect, it } from "vitest";
import tokens from "../styles/tokens.css?raw";
import { COLOURS, colour, initials } from "./person";

describe("initials", () => {
  it.each([
    ["Ann", "A"],
    ["ann baker", "AB"],
    ["Ann Maria van Baker", "AB"],
    ["  Bob  ", "B"],
    ["Jean-Luc", "JL"],
    ["王小明", "小明"],
    ["李雷", "李雷"],
    ["欧阳娜娜", "娜娜"],
    ["Élodie Ünal", "ÉÜ"],
    ["(Reception) Desk 2", "R2"],
    ["🎧", "?"],
    ["", "?"],
    ["𝒜nn", "𝒜"],
  ])("of %s are %s", (name, shown) => expect(initials(name)).toBe(shown));
});

describe("colour", () => {
  it("belongs to the device", () => {
    expect(colour("abcdefgh")).toBe(colour("abcdefgh"));
  });
  it("spreads devices over all colours", () => {
    const seen = new Set(Array.from({ length: 300 }, (_, n) => colour(`device${n}`)));
    expect(seen.size).toBe(COLOURS);
  });
  it("has a token for each, dark enough for white initials (WCAG AA, 4.5 to 1)", () => {
    for (let n = 0; n < COLOURS; n++) {
      const hex = new RegExp(`--person-${n}: #([0-9a-f]{6});`).exec(tokens)?.[1];
      expect(hex, `--person-${n}`).toBeDefined();
      const channel = (at: number) => {
        const value = parseInt((hex ?? "").slice(at, at + 2), 16) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      };
      const luminance = 0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4);
      expect(1.05 / (luminance + 0.05), `--person-${n}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});
