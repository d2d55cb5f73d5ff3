import { afterEach, describe, expect, it } from "vitest";
import { setLanguage } from "../../i18n/index.svelte";
import type { Transfer } from "../../state/filing";
import { leftOf, size, standOf } from "./files";

afterEach(() => setLanguage("en"));

const transfer = (more: Partial<Transfer>): Transfer => ({
  key: "1",
  direction: "in",
  device: "bob",
  name: "a.txt",
  size: 19_300_000,
  state: "moving",
  moved: 7_400_000,
  speed: null,
  seconds: null,
  code: null,
  ...more,
});

describe("sizes", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [912, "912 bytes"],
    [1_000, "1 kB"],
    [482_000, "482 kB"],
    [19_300_000, "19.3 MB"],
    [3_436_000_000, "3.4 GB"],
    [Number.MAX_SAFE_INTEGER, "9 PB"],
  ])("%d is %s", (bytes, text) => expect(size(bytes)).toBe(text));

  it("are speeds, too", () => {
    expect(size(40_400_000, "-per-second")).toBe("40.4 MB/s");
    expect(size(0, "-per-second")).toBe("0 byte/s");
    setLanguage("zh-CN");
    expect(size(40_400_000, "-per-second")).toBe("40.4 MB/秒");
  });
});

describe("how a file stands", () => {
  it("tells how far, how fast, and how long still", () => {
    expect(standOf(transfer({}), "Bob")).toBe("7.4 MB of 19.3 MB");
    expect(leftOf(transfer({}))).toBe("");
    const known = transfer({ speed: 11_700_000, seconds: 62.4 });
    expect(standOf(known, "Bob")).toBe("7.4 MB of 19.3 MB · 11.7 MB/s");
    expect(leftOf(known)).toBe("1 min 2 s left");
  });

  it("tells a fault on this side in its own words", () => {
    expect(standOf(transfer({ state: "failed", code: "folder-unusable" }), "Bob")).toMatch(
      /downloads folder/,
    );
    expect(standOf(transfer({ state: "failed", code: "internal" }), "Bob")).toMatch(/Ask Bob/);
    expect(standOf(transfer({ state: "failed", direction: "out" }), "Bob")).toMatch(/Send it again/);
  });
});
