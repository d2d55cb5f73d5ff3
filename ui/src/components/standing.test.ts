// Invariant: the name shown is the owner's, never only the one that a device gives itself; no mark is lent to a key
// that nobody keeps.
import { describe, expect, it } from "vitest";
import type { KnownDevice, Standing } from "../gen/protocol";
import { calledNow, marksOf, nameOf, standingOf } from "./standing";

const person = { name: "Robert", status: "available", note: "" } as const;
const standing = (more: Partial<Standing> = {}): Standing => ({
  name: "Bob",
  trust: "met",
  blocked: false,
  ...more,
});

describe("the name shown", () => {
  it("is the one that is kept", () => {
    expect(nameOf({ person, standing: standing() })).toBe("Bob");
  });
  it("is the one they give while nothing is known", () => {
    expect(nameOf({ person })).toBe("Robert");
    expect(standingOf({ person })).toEqual({ name: "Robert", trust: "stranger", blocked: false });
  });
  it("follows a device into the past", () => {
    const known: KnownDevice[] = [
      { device: "b", short_id: "", standing: standing(), kept_name: "Bob", first_met: 0, last_met: 0 },
    ];
    expect(calledNow(known, "b", "Robert")).toBe("Bob");
    expect(calledNow(known, "c", "Carl")).toBe("Carl");
  });
});

describe("marks", () => {
  it.each([
    ["install", standing(), []],
    ["install", standing({ trust: "verified" }), ["verified"]],
    ["guest", standing({ trust: "verified" }), ["verified", "guest"]],
    ["guest", undefined, ["guest"]],
    ["transient", standing({ trust: "verified" }), ["unverified"]],
    ["install", standing({ trust: "stranger", blocked: true }), ["blocked"]],
  ] as const)("of %s, %o are %o", (kind, known, marks) => {
    expect(marksOf({ kind, ...(known === undefined ? {} : { standing: known }) })).toEqual(marks);
  });
});
