/** A guest's memory: a device is its key, a name is only a label, and what is kept is bounded. */
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_REMEMBERED, Memory, parse, type Remembered } from "./memory";

let devices: readonly Remembered[];
let memory: Memory;
let now: number;

beforeEach(() => {
  devices = [];
  now = 1000;
  memory = new Memory({ read: () => devices, write: (next) => void (devices = next) });
});

describe("who was met", () => {
  it("is known under the name they had then, and warned of under another", () => {
    expect(memory.standing("bob", "Bob")).toEqual({ name: "Bob", trust: "stranger", blocked: false });
    memory.meet("bob", "Bob", now);
    expect(memory.standing("bob", "Bob")).toEqual({ name: "Bob", trust: "met", blocked: false });
    expect(memory.standing("bob", " ＢＯＢ ")).toEqual({ name: "Bob", trust: "met", blocked: false });
    expect(memory.standing("bob", "Robert").warning).toEqual({ type: "changed", from: "Bob", to: "Robert" });
    memory.heard("bob", "Robert");
    expect(memory.acceptName("bob")).toBeNull();
    expect(memory.standing("bob", "Robert")).toEqual({ name: "Robert", trust: "met", blocked: false });
  });

  it("keeps the first name when they are met again", () => {
    memory.meet("bob", "Bob", now);
    memory.meet("bob", "Robert", now + 5);
    expect(memory.list()).toMatchObject([
      { keptName: "Bob", saidName: "Robert", firstMet: 1000, lastMet: 1005 },
    ]);
  });

  it("may be called otherwise here, and by their own name again", () => {
    memory.meet("bob", "Bob", now);
    expect(memory.rename("bob", "  The boss ")).toBeNull();
    expect(memory.standing("bob", "Bob").name).toBe("The boss");
    // Under which they may also be found.
    expect(memory.standing("bob", "the Boss").warning).toBeUndefined();
    expect(memory.standing("eve", "THE BOSS").warning).toEqual({
      type: "taken",
      by: "bob",
      name: "The boss",
    });
    expect(memory.rename("bob", null)).toBeNull();
    expect(memory.standing("bob", "Bob").name).toBe("Bob");
    for (const name of ["", " ", "a\u202eb", "x".repeat(65), "\u200b"])
      expect(memory.rename("bob", name), JSON.stringify(name)).toBe("name-invalid");
    expect(memory.rename("eve", "Eve")).toBe("device-unknown");
  });

  it("is verified by comparing, and no longer by a mismatch", () => {
    memory.compared("bob", "Bob", true, now);
    expect(memory.standing("bob", "Bob").trust).toBe("verified");
    memory.meet("bob", "Bob", now);
    expect(memory.standing("bob", "Bob").trust).toBe("verified");
    memory.compared("bob", "Bob", false, now);
    expect(memory.standing("bob", "Bob").trust).toBe("met");
    memory.compared("eve", "Eve", false, now);
    expect(memory.standing("eve", "Eve").trust).toBe("stranger");
  });
});

describe("another device under a known name", () => {
  it.each(["Bob", "bob", "B o b", "Ｂob", "Bo\u200bb", "BOB"])("is told of: %j", (name) => {
    memory.meet("bob", "Bob", now);
    expect(memory.standing("eve", name).warning).toEqual({ type: "taken", by: "bob", name: "Bob" });
  });

  it("is the worse of two warnings, and names whom one knows best", () => {
    memory.meet("bob1", "Bob", now);
    memory.compared("bob2", "Bob", true, now - 500);
    memory.meet("eve", "Eve", now);
    expect(memory.standing("eve", "Bob").warning).toEqual({ type: "taken", by: "bob2", name: "Bob" });
    expect(memory.standing("bob1", "Bob").warning).toBeUndefined();
  });

  it("is not told of under another name, or when whoever has it is only blocked", () => {
    memory.block("bob", "Bob", true, now);
    expect(memory.standing("eve", "Bob").warning).toBeUndefined();
    memory.meet("ann", "Ann", now);
    expect(memory.standing("eve", "Anna").warning).toBeUndefined();
  });
});

describe("who is blocked", () => {
  it("may be a stranger, who is as unknown as before afterwards", () => {
    expect(memory.block("eve", null, true, now)).toBe("device-unknown");
    expect(memory.block("eve", "Eve", true, now)).toBeNull();
    expect(memory.standing("eve", "Mallory")).toEqual({ name: "Mallory", trust: "stranger", blocked: true });
    expect([memory.isBlocked("eve"), memory.blocked()]).toEqual([true, ["eve"]]);
    expect(memory.block("eve", null, false, now)).toBeNull();
    expect(devices).toEqual([]);
    expect(memory.block("eve", "Eve", false, now)).toBeNull();
  });

  it("stays known, and stays blocked when met", () => {
    memory.meet("bob", "Bob", now);
    memory.block("bob", null, true, now);
    expect(memory.standing("bob", "Bob")).toMatchObject({ trust: "met", blocked: true });
    memory.block("eve", "Eve", true, now);
    memory.meet("eve", "Eva", now);
    expect(memory.standing("eve", "Eva")).toEqual({ name: "Eva", trust: "met", blocked: true });
    memory.block("bob", null, false, now);
    expect(memory.standing("bob", "Bob")).toMatchObject({ trust: "met", blocked: false });
  });
});

describe("what is kept", () => {
  it("is forgotten when one likes", () => {
    memory.compared("bob", "Bob", true, now);
    expect(memory.forget("bob")).toBeNull();
    expect(memory.forget("bob")).toBe("device-unknown");
    expect(memory.standing("bob", "Bob").trust).toBe("stranger");
  });

  it("is bounded: the one not met for the longest time goes, never one that is verified or blocked", () => {
    memory.compared("verified", "V", true, 1);
    memory.block("blocked", "B", true, 2);
    for (let at = 0; at < MAX_REMEMBERED + 10; at++) memory.meet(`d${at}`, `D${at}`, 10 + at);
    expect(devices).toHaveLength(MAX_REMEMBERED);
    expect(memory.standing("verified", "V").trust).toBe("verified");
    expect(memory.isBlocked("blocked")).toBe(true);
    expect(memory.standing("d0", "D0").trust).toBe("stranger");
    expect(memory.list()[0]?.device).toBe(`d${MAX_REMEMBERED + 9}`);
  });

  it("says so when there is no room to block one more", () => {
    for (let at = 0; at < MAX_REMEMBERED; at++) expect(memory.block(`d${at}`, "D", true, at)).toBeNull();
    expect(memory.block("eve", "Eve", true, now)).toBe("setting-invalid");
    expect(memory.blocked()).toHaveLength(MAX_REMEMBERED);
  });

  it("keeps no name that cannot be shown", () => {
    for (const name of ["", "\u202egnp.exe", "x".repeat(1000), "\u2800"]) {
      memory.meet("abcdefghijklmnop", name, now);
      expect(memory.standing("abcdefghijklmnop", name).name).toBe("ABCDEFGHIJKLM");
      memory.forget("abcdefghijklmnop");
    }
  });

  it("is read with care", () => {
    memory.meet("bob", "Bob", now);
    const [bob] = devices;
    expect(parse([bob, null, 1, {}, { ...bob, met: "yes" }, { ...bob, ownName: 5 }])).toEqual([bob]);
    expect(parse({ length: 3 })).toEqual([]);
    expect(parse(Array(1000).fill(bob))).toHaveLength(MAX_REMEMBERED);
  });
});
