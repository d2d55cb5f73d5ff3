import { describe, expect, it } from "vitest";
import type { PersonEntry } from "../../state/contract";
import { matching } from "./search";

const people = [
  ["Ann Baker", ""],
  ["Bob", "writing with Ann"],
  ["Zoë Ünal", ""],
  ["王小明", "开会"],
].map(([name = "", note = ""], at): PersonEntry => ({
  key: `${at}`,
  group: null,
  device: `${at}`,
  person: { name, note, status: "available" },
  kind: "install",
  reach: "here",
}));
const names = (query: string) => matching(people, query).map((entry) => entry.person.name);

describe("matching", () => {
  it("keeps everybody, in order, while nothing is typed", () => {
    expect(names("  ")).toEqual(people.map((entry) => entry.person.name));
  });
  it("ignores case and accents and finds every word", () => {
    expect(names("zoe u")).toEqual(["Zoë Ünal"]);
    expect(names("BAKER ann")).toEqual(["Ann Baker"]);
    expect(names("小明")).toEqual(["王小明"]);
    expect(names("开会")).toEqual(["王小明"]);
  });
  it("finds people by the name that is kept and by the one they give", () => {
    const robert: PersonEntry = {
      ...(people[1] as PersonEntry),
      standing: { name: "Uncle Bob", trust: "met", blocked: false },
    };
    expect(matching([robert], "uncle")).toHaveLength(1);
    expect(matching([robert], "bob")).toHaveLength(1);
    expect(matching([robert], "carl")).toHaveLength(0);
  });
  it("puts names that begin with it before lines that hold it", () => {
    expect(names("ann")).toEqual(["Ann Baker", "Bob"]);
    expect(names("nobody")).toEqual([]);
  });
});
