// Invariant: every catalogue says everything, in full, with the same places for values.
import { afterEach, describe, expect, it } from "vitest";
import type { Quality } from "../call/quality";
import { ERROR_CODES } from "../gen/protocol";
import { CATALOGUES, errorText, fitting, language, qualityText, setLanguage, t } from "./index.svelte";
import { en, type Catalogue } from "./en";

const texts = (entry: Catalogue[keyof Catalogue]) =>
  typeof entry === "string" ? [entry] : [entry.one, entry.other];
const places = (entry: Catalogue[keyof Catalogue]) =>
  [
    ...new Set(texts(entry).flatMap((text) => [...text.matchAll(/\{([^}]*)\}/g)].map((found) => found[1]))),
  ].sort();

afterEach(() => setLanguage("en"));

describe.each(Object.entries(CATALOGUES))("catalogue %s", (_, catalogue) => {
  it("has exactly the keys of English", () => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
  });
  it("has no empty text, no stray space and no unfinished text", () => {
    for (const [key, entry] of Object.entries(catalogue)) {
      for (const text of texts(entry)) {
        expect(text.trim(), key).toBe(text);
        expect(text, key).not.toBe("");
        expect(text, key).not.toMatch(/TODO|FIXME|XXX|\?\?|lorem/i);
      }
    }
  });
  it("has the places of English, each a plain name", () => {
    for (const [key, entry] of Object.entries(catalogue)) {
      const name = key as keyof Catalogue;
      const wanted = places(en[name] as Catalogue[keyof Catalogue]);
      // A plural's 'one' may spell the number out, and a language without plurals may need it always.
      expect(
        places(entry).filter((place) => place !== "count"),
        key,
      ).toEqual(wanted.filter((place) => place !== "count"));
      for (const place of places(entry)) expect(place, key).toMatch(/^[a-z]+$/);
    }
  });
  it("has a sentence for every error code of the protocol", () => {
    for (const code of ERROR_CODES)
      expect(texts(catalogue[`error.${code}`])[0]?.length, code).toBeGreaterThan(5);
  });
  it("spares people the protocol's words", () => {
    for (const [key, entry] of Object.entries(catalogue)) {
      if (key.startsWith("settings.ice-example")) continue;
      for (const text of texts(entry)) {
        expect(text, key).not.toMatch(/\b(ICE|SDP|STUN|TURN|WebRTC|WebSocket|mDNS|hub|ring id|NAT)\b/);
      }
    }
  });
});

describe("t", () => {
  it("fills places and chooses the plural form", () => {
    setLanguage("en");
    expect(t("missed.title", { count: 1 })).toBe("You missed a call");
    expect(t("missed.title", { count: 3 })).toBe("You missed 3 calls");
    expect(t("people.row", { name: "Bob", status: t("status.away") })).toBe("Bob, Away");
  });
  it("puts a name in as it is, even one that looks like a place", () => {
    setLanguage("en");
    expect(t("summary.busy", { name: "{status} $& Ann" })).toBe(
      "{status} $& Ann is busy. Try again in a while.",
    );
  });
  it("speaks the language that was set", () => {
    setLanguage("zh-CN");
    expect(t("common.settings")).toBe("设置");
    expect(t("missed.title", { count: 1 })).toBe("您有 1 个未接来电");
  });
  it("takes the first preferred language that it has", () => {
    expect(fitting(["de-DE", "zh-Hant-TW", "en"])).toBe("zh-CN");
    expect(fitting(["fr", "en-GB"])).toBe("en");
    expect(fitting(["fr"])).toBe("en");
    setLanguage("system", ["zh"]);
    expect(language()).toBe("zh-CN");
  });
});

describe("sentences for codes", () => {
  it("uses the name where there is a place for it, and does without elsewhere", () => {
    setLanguage("en");
    expect(errorText("unreachable", "Bob")).toBe("Bob’s computer cannot be reached. It may be asleep.");
    expect(errorText("unreachable")).toBe("Their computer cannot be reached. It may be asleep.");
    expect(errorText("room-full", "Bob")).toBe(t("error.room-full"));
  });
  it("has a sentence for each thing that can be said of a line", () => {
    setLanguage("en");
    // A reason that is new in the engine does not compile here until it has its sentence.
    const reasons: Record<Quality["reason"], true> & Partial<Record<keyof Catalogue, true>> = {
      "quality.unknown": true,
      "quality.connecting": true,
      "quality.good": true,
      "quality.their-loss": true,
      "quality.my-loss": true,
      "quality.slow": true,
      "quality.delay": true,
      "quality.reconnecting": true,
    };
    const said = Object.keys(reasons).map((reason) => qualityText(reason, "Bob"));
    expect(new Set(said).size).toBe(said.length);
    for (const sentence of said) expect(sentence).toContain("Bob");
  });
  it("never shows an unknown quality as a raw key", () => {
    setLanguage("en");
    expect(qualityText("quality.good", "Bob")).toBe("The line to Bob is good.");
    expect(qualityText("common.close", "Bob")).toBe("Measuring the line to Bob…");
    expect(qualityText("whatever", "Bob")).toBe("Measuring the line to Bob…");
  });
});
