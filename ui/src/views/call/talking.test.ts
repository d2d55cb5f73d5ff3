/** Nobody is heard without knowing: whatever ends the holding mutes. */
import { beforeEach, describe, expect, it } from "vitest";
import { Talking } from "./talking";

let on: boolean;
let can: boolean;
let shown: boolean;
let sets: boolean[];
let talking: Talking;

beforeEach(() => {
  on = false;
  can = true;
  shown = false;
  sets = [];
  talking = new Talking({
    canTalk: () => !on && can,
    setMicrophone: (now) => {
      on = now;
      sets.push(now);
      if (!now) talking.muted();
    },
    changed: (held) => (shown = held),
  });
});

describe("a held key", () => {
  it("is heard for as long as it is held", () => {
    expect(talking.down(false)).toBe(true);
    expect(talking.down(true)).toBe(true);
    expect([on, shown]).toEqual([true, true]);
    expect(talking.up()).toBe(true);
    expect([on, shown]).toEqual([false, false]);
    expect(talking.up()).toBe(false);
    expect(sets).toEqual([true, false]);
  });

  it("does nothing while the microphone is on: letting go must not mute", () => {
    on = true;
    expect(talking.down(false)).toBe(false);
    talking.up();
    expect(sets).toEqual([]);
  });

  it("does nothing without a microphone", () => {
    can = false;
    expect(talking.down(false)).toBe(false);
    expect(sets).toEqual([]);
  });

  it("says nothing, and leaves nothing open, where the microphone does not come on", () => {
    const asked: boolean[] = [];
    const stuck = new Talking({
      canTalk: () => true,
      setMicrophone: (now) => void asked.push(now),
      changed: (held) => (shown = held),
    });
    expect(stuck.down(false)).toBe(true);
    expect(stuck.down(true)).toBe(true);
    stuck.up();
    expect(shown).toBe(false);
    expect(asked).toEqual([true, false]);
  });

  it("that was pressed elsewhere and repeats itself here does not begin", () => {
    expect(talking.down(true)).toBe(false);
    expect(on).toBe(false);
  });

  it("is over when somebody or M mutes meanwhile, until it is pressed anew", () => {
    talking.down(false);
    on = false;
    talking.muted();
    expect(shown).toBe(false);
    expect(talking.down(true), "its repeats scroll no page").toBe(true);
    expect(on).toBe(false);
    talking.up();
    expect(sets).toEqual([true]);
    talking.down(false);
    expect(on).toBe(true);
  });
});
