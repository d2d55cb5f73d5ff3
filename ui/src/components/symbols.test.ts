// Invariant: both sides see the same picture and can say its name, whatever their language.
import { afterEach, describe, expect, it } from "vitest";
import { CATALOGUES, setLanguage, type Spoken } from "../i18n/index.svelte";
import { picture, symbolName, SYMBOLS } from "./symbols";

afterEach(() => setLanguage("en"));

describe("symbols", () => {
  it("are 64, each another one", () => {
    expect(SYMBOLS).toHaveLength(64);
    expect(new Set(SYMBOLS).size).toBe(64);
  });
  it("have the numbers that the list gives them", () => {
    setLanguage("en");
    const named = (symbol: number) => `${picture(symbol).replace("\uFE0F", "")} ${symbolName(symbol)}`;
    expect([0, 15, 21, 29, 31, 32, 47, 63].map(named)).toEqual([
      "🐶 Dog",
      "🌷 Flower",
      "☁ Cloud",
      "❤ Heart",
      "🤖 Robot",
      "🎩 Hat",
      "🔑 Key",
      "📌 Pin",
    ]);
  });
  it.each(Object.keys(CATALOGUES) as Spoken[])("have 64 different names in %s", (language) => {
    setLanguage(language);
    expect(new Set(SYMBOLS.map((_, symbol) => symbolName(symbol))).size).toBe(64);
  });
});
