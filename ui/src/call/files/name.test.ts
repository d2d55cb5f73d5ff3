import { describe, expect, it } from "vitest";
import names from "../../../../src-tauri/crates/files/tests/names.json";
import { safeName } from "./name";

describe("names that others chose", () => {
  it.each(names as [string, string][])("%j is shown as %j, as the node calls it", (name, expected) => {
    expect(safeName(name)).toBe(expected);
    expect(safeName(expected)).toBe(expected);
  });
  it("are cut, with their end", () => {
    const short = safeName(`${"ä".repeat(500)}.tar.gz`);
    expect(new TextEncoder().encode(short).length).toBeLessThanOrEqual(200);
    expect(short).toMatch(/ä\.gz$/);
    expect(safeName("x".repeat(1_000_000))).toHaveLength(200);
  });
});
