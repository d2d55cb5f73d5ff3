import { describe, expect, it } from "vitest";
import { CALL_KEYS, inCall, letterOf, LOBBY_KEYS, type Shortcut } from "./shortcuts";

describe.each([
  ["a call", CALL_KEYS],
  ["the lobby", LOBBY_KEYS],
])("the keys of %s", (_, keys: readonly Shortcut[]) => {
  it("mean one thing each", () => {
    const taken = keys.flatMap(({ key }) => key ?? []);
    expect(new Set(taken).size).toBe(taken.length);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(keys.length);
  });
  it("can all be shown: what is no single sign has a word", () => {
    for (const { id, key, shown } of keys)
      expect(shown !== undefined || (key?.length === 1 && key !== " "), id).toBe(true);
  });
});

describe("a key in a call", () => {
  it("does what the table says, in upper and in lower case", () => {
    expect(inCall("h")).toBe("hand");
    expect(inCall("H")).toBe("hand");
    expect(inCall("?")).toBe("sheet");
    expect(inCall("PageUp")).toBe("previous");
    expect(inCall(" ")).toBe("talk");
  });
  it("does nothing that is not there", () => {
    for (const key of ["", "x", "pageup", "Shift", "Dead", "举"]) expect(inCall(key), key).toBeNull();
  });
  it("stands in the tooltip", () => {
    expect(letterOf("hand")).toBe("H");
    expect(letterOf("tiles")).toBe("");
  });
});
