// Invariant: a call that was stopped for privacy is told apart from one that just did not work, and its sentence names
// the person and says what to do, in every language.
import { afterEach, describe, expect, it } from "vitest";
import { ERROR_CODES } from "../gen/protocol";
import { CATALOGUES, errorText, setLanguage, type Spoken } from "../i18n/index.svelte";
import { stoppedFor } from "./stopped";

afterEach(() => setLanguage("en"));

it("holds for what a seal refuses, and for nothing else", () => {
  expect(ERROR_CODES.filter(stoppedFor)).toEqual([
    "description-unsigned",
    "description-forged",
    "description-replayed",
    "fingerprint-weak",
    "unverified-refused",
  ]);
  expect(stoppedFor("call-lost")).toBe(false);
});

describe.each(Object.keys(CATALOGUES) as Spoken[])("in %s", (language) => {
  it.each(ERROR_CODES.filter(stoppedFor))("%s names the person and says more than one thing", (code) => {
    setLanguage(language);
    const sentence = errorText(code, "Bob");
    expect(sentence).toContain("Bob");
    expect(sentence.match(/[.。]/gu)?.length).toBeGreaterThan(1);
  });
});
