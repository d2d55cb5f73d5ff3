/** Who may say what beside talking, how often, and what it does: also from people who lie. */
import { beforeEach, describe, expect, it } from "vitest";
import { LIMITS, type Control } from "../gen/protocol";
import { ASKED_TIME, ageOf, Gestures, HAND_GAP, MUTED_TIME, REACTIONS } from "./gestures";
import { FakeClock } from "./testing";

let clock: FakeClock;
let others: string[];
let muted: boolean;
let tells: number;
let told: string[];
let said: [string, Control][];
let mine: Gestures;

const state = (hand?: unknown, more: object = {}): Control =>
  ({
    type: "state",
    microphone: true,
    camera: true,
    screen: false,
    full_hd: false,
    ...(hand === undefined ? {} : { hand }),
    ...more,
  }) as Control;
const lit = (device?: string, screen = false): Control =>
  ({ type: "spotlight", screen, ...(device === undefined ? {} : { device }) }) as Control;
const wordsTo = (device: string) => said.filter(([to]) => to === device).map(([, { type }]) => type);

/** @param host by default Ann runs the room; I am Bob, and Cat is there too */
function gestures(host = "ann"): Gestures {
  said = [];
  told = [];
  return new Gestures({
    clock,
    me: "bob",
    host,
    say: (to, message) => void said.push([to, message]),
    others: () => others,
    isMuted: () => muted,
    mute: () => void (muted = true),
    tell: () => void tells++,
    changed: () => undefined,
    told: (what, device) => void told.push(`${what} ${device}`),
  });
}

beforeEach(() => {
  clock = new FakeClock();
  others = ["ann", "cat"];
  muted = false;
  tells = 0;
  mine = gestures();
});

describe("a hand", () => {
  it("of mine is told with my state, once each time", () => {
    mine.raise(true);
    mine.raise(true);
    expect(mine.view.hand).toBe(clock.now());
    mine.raise(false);
    expect(mine.view.hand).toBeNull();
    expect(tells).toBe(2);
  });

  it("goes up and down as they say, and is told of when it goes up", async () => {
    mine.heard("cat", state());
    await clock.pass(HAND_GAP);
    mine.heard("cat", state(0));
    const since = clock.now();
    await clock.pass(500);
    // Said again with a camera that went off: the same hand.
    mine.heard("cat", state(450));
    expect(mine.of("cat").hand).toBe(since);
    expect(told).toEqual(["hand cat"]);
    mine.heard("cat", state());
    expect(mine.of("cat").hand).toBeNull();
  });

  it("that was up before I came is in its place, and no news", () => {
    mine.heard("cat", state(60_000));
    mine.heard("ann", state(90_000));
    expect(mine.of("ann").hand).toBeLessThan(mine.of("cat").hand ?? 0);
    expect(told).toEqual([]);
  });

  it("is not older than when it was seen to be down, whatever they say", async () => {
    mine.heard("cat", state());
    const down = clock.now();
    await clock.pass(5_000);
    mine.heard("cat", state(LIMITS.RESUME_GRACE));
    expect(mine.of("cat").hand).toBe(down);
  });

  it("that makes no sense is not up, and neither is an older page's", () => {
    for (const hand of [undefined, null, -1, 1.5, 2 ** 32, "up", true, {}, NaN]) {
      mine.heard("cat", state(hand));
      expect(mine.of("cat").hand, String(hand)).toBeNull();
    }
  });

  it("that goes up and down all the time is told of now and then", async () => {
    for (let turn = 0; turn < 200; turn++) {
      mine.heard("cat", state(turn % 2 === 0 ? undefined : 0));
      await clock.pass(100);
    }
    expect(told).toHaveLength(2);
  });

  it("is taken down by the host, and by nobody else", () => {
    mine.raise(true);
    mine.heard("cat", { type: "lower-hand" });
    expect(mine.view.hand).not.toBeNull();
    mine.heard("ann", { type: "lower-hand" });
    expect(mine.view.hand).toBeNull();
    expect(tells).toBe(2);
    expect(told).toEqual(["lowered ann"]);
  });

  it("has an age that fits the wire", () => {
    expect(ageOf(1_000, 4_000.4)).toBe(3_000);
    expect(ageOf(5_000, 4_000)).toBe(0);
    expect(ageOf(-Infinity, 4_000)).toBe(2 ** 32 - 1);
  });
});

describe("a reaction", () => {
  it("is shown for a while, mine and theirs", async () => {
    expect(mine.react("heart")).toBe(true);
    mine.heard("cat", { type: "react", reaction: "clap" });
    expect(said).toEqual([
      ["ann", { type: "react", reaction: "heart" }],
      ["cat", { type: "react", reaction: "heart" }],
    ]);
    expect(mine.view.reaction?.reaction).toBe("heart");
    expect(mine.of("cat").reaction?.reaction).toBe("clap");
    await clock.pass(LIMITS.REACTION_TIME - 1);
    expect(mine.of("cat").reaction).not.toBeNull();
    await clock.pass(1);
    expect(mine.view.reaction).toBeNull();
    expect(mine.of("cat").reaction).toBeNull();
  });

  it("takes the place of the one before, and has its own time", async () => {
    mine.heard("cat", { type: "react", reaction: "clap" });
    const first = mine.of("cat").reaction?.id;
    await clock.pass(LIMITS.REACTION_TIME - 100);
    mine.heard("cat", { type: "react", reaction: "clap" });
    expect(mine.of("cat").reaction?.id).not.toBe(first);
    await clock.pass(200);
    expect(mine.of("cat").reaction).not.toBeNull();
  });

  it("is one of a few", () => {
    for (const reaction of ["fire", "", null, 7, {}, "__proto__", undefined])
      mine.heard("cat", { type: "react", reaction } as Control);
    expect(mine.of("cat").reaction).toBeNull();
    expect(REACTIONS).toHaveLength(5);
  });

  it("is not sent, and not taken, too often", async () => {
    let sent = 0;
    for (let n = 0; n < 100; n++) if (mine.react("party")) sent++;
    expect(sent).toBe(LIMITS.MAX_REACTIONS);
    expect(wordsTo("ann")).toHaveLength(LIMITS.MAX_REACTIONS);
    const shown = new Set<number | undefined>();
    for (let n = 0; n < 100; n++) {
      mine.heard("cat", { type: "react", reaction: "laugh" });
      shown.add(mine.of("cat").reaction?.id);
    }
    expect(shown.size).toBe(LIMITS.MAX_REACTIONS);
    // One who floods takes nothing from the others, and is heard again later.
    mine.heard("ann", { type: "react", reaction: "heart" });
    expect(mine.of("ann").reaction).not.toBeNull();
    await clock.pass(LIMITS.RATE_WINDOW);
    expect(mine.react("party")).toBe(true);
    mine.heard("cat", { type: "react", reaction: "laugh" });
    expect(mine.of("cat").reaction).not.toBeNull();
  });
});

describe("muting", () => {
  it("by the host mutes me and says so, for a while", async () => {
    mine.heard("ann", { type: "mute", everyone: true });
    expect(muted).toBe(true);
    expect(mine.view.asked).toEqual({ what: "muted", by: "ann", everyone: true });
    await clock.pass(MUTED_TIME);
    expect(mine.view.asked).toBeNull();
    expect(muted, "the word goes, the muting stays").toBe(true);
  });

  it("by anybody else does nothing", () => {
    mine.heard("cat", { type: "mute", everyone: true });
    mine.heard("eve", { type: "mute", everyone: false });
    expect(muted).toBe(false);
    expect(mine.view.asked).toBeNull();
  });

  it("of who is muted is no news", () => {
    muted = true;
    mine.heard("ann", { type: "mute", everyone: false });
    expect(mine.view.asked).toBeNull();
  });

  it("by a host who does not stop leaves me a way to talk", () => {
    let count = 0;
    for (let n = 0; n < 100; n++) {
      muted = false;
      mine.heard("ann", { type: "mute", everyone: false });
      if (muted) count++;
    }
    expect(count).toBe(LIMITS.MAX_HOST_WORDS);
  });

  it("never goes the other way: to unmute is only asked", async () => {
    muted = true;
    mine.heard("ann", { type: "ask-unmute" });
    expect(muted).toBe(true);
    expect(mine.view.asked).toEqual({ what: "unmute", by: "ann", everyone: false });
    await clock.pass(ASKED_TIME);
    expect(mine.view.asked).toBeNull();
    expect(muted).toBe(true);
  });

  it("asks nothing of who talks, nor for who is not the host", () => {
    mine.heard("ann", { type: "ask-unmute" });
    expect(mine.view.asked).toBeNull();
    muted = true;
    mine.heard("cat", { type: "ask-unmute" });
    expect(mine.view.asked).toBeNull();
  });

  it("is answered by a 'no', or by unmuting", () => {
    muted = true;
    mine.heard("ann", { type: "ask-unmute" });
    mine.dismiss();
    expect(mine.view.asked).toBeNull();
    mine.heard("ann", { type: "ask-unmute" });
    mine.unmuted();
    expect(mine.view.asked).toBeNull();
  });

  it("is the new host's business once the room was handed over", () => {
    mine.hostIs("cat");
    mine.heard("ann", { type: "mute", everyone: true });
    expect(muted).toBe(false);
    mine.heard("cat", { type: "mute", everyone: true });
    expect(muted).toBe(true);
  });

  it("is only said by a host", () => {
    mine.mute(null);
    mine.mute("cat");
    mine.askUnmute("cat");
    mine.lowerHand("cat");
    mine.light({ device: "cat", screen: false });
    expect(said).toEqual([]);
    mine.hostIs("bob");
    mine.mute(null);
    mine.mute("cat");
    mine.askUnmute("cat");
    mine.lowerHand("cat");
    expect(said).toEqual([
      ["ann", { type: "mute", everyone: true }],
      ["cat", { type: "mute", everyone: true }],
      ["cat", { type: "mute", everyone: false }],
      ["cat", { type: "ask-unmute" }],
      ["cat", { type: "lower-hand" }],
    ]);
    expect(muted, "a host mutes the others").toBe(false);
  });
});

describe("a spotlight", () => {
  it("is what the host says, until the host ends it", async () => {
    mine.heard("ann", lit("cat"));
    expect(mine.view.spotlight).toEqual({ device: "cat", screen: false });
    await clock.pass(LIMITS.SPOTLIGHT_PAUSE);
    mine.heard("ann", lit("cat", true));
    expect(mine.view.spotlight).toEqual({ device: "cat", screen: true });
    await clock.pass(LIMITS.SPOTLIGHT_PAUSE);
    mine.heard("ann", lit("bob"));
    await clock.pass(LIMITS.SPOTLIGHT_PAUSE);
    mine.heard("ann", lit());
    expect(mine.view.spotlight).toBeNull();
    expect(told).toEqual(["spotlight cat", "spotlight-screen cat", "spotlit ann"]);
  });

  it("is not what anybody else says, nor what cannot be read", () => {
    mine.heard("cat", lit("cat"));
    for (const device of [7, {}, null, "x".repeat(65)])
      mine.heard("ann", { type: "spotlight", device, screen: false } as unknown as Control);
    expect(mine.view.spotlight).toBeNull();
  });

  it("moves no more often than people can follow, and ends where the host ended", async () => {
    let moves = 0;
    let last = mine.view.spotlight;
    for (let n = 0; n < 50; n++) {
      mine.heard("ann", lit(n % 2 === 0 ? "cat" : "ann"));
      if (mine.view.spotlight !== last) moves++;
      last = mine.view.spotlight;
      await clock.pass(100);
    }
    expect(moves).toBeLessThanOrEqual(6);
    await clock.pass(LIMITS.SPOTLIGHT_PAUSE);
    expect(mine.view.spotlight?.device, "the last one counts").toBe("ann");
  });

  it("that waits for its turn goes when its host is no longer the host", async () => {
    mine.heard("ann", lit("cat"));
    mine.heard("ann", lit("ann"));
    mine.hostIs("cat");
    await clock.pass(LIMITS.SPOTLIGHT_PAUSE);
    expect(mine.view.spotlight?.device).toBe("cat");
  });

  it("of mine is said to all, and first of all to who comes late", () => {
    mine = gestures("bob");
    mine.opened("eve");
    expect(wordsTo("eve")).toEqual([]);
    mine.light({ device: "cat", screen: false });
    mine.light({ device: "cat", screen: false });
    expect(wordsTo("ann")).toEqual(["spotlight"]);
    others.push("eve");
    mine.opened("eve");
    expect(said.at(-1)).toEqual(["eve", { type: "spotlight", device: "cat", screen: false }]);
    mine.light(null);
    expect(said.at(-1)).toEqual(["eve", { type: "spotlight", screen: false }]);
  });

  it("ends when the person leaves, or no longer shares: the host says so", () => {
    mine = gestures("bob");
    mine.light({ device: "cat", screen: false });
    others = ["ann"];
    mine.left("cat");
    expect(mine.view.spotlight).toBeNull();
    expect(said.at(-1)).toEqual(["ann", { type: "spotlight", screen: false }]);
    others.push("cat");
    mine.heard("cat", state(undefined, { screen: true }));
    mine.light({ device: "cat", screen: true });
    mine.heard("cat", state(undefined, { screen: true, camera: false }));
    expect(mine.view.spotlight).not.toBeNull();
    mine.heard("cat", state());
    expect(mine.view.spotlight).toBeNull();
  });

  it("holds when the host changes: the next one has it, and tells who missed it", async () => {
    mine.heard("ann", lit("cat"));
    mine.hostIs("bob");
    expect(mine.view.spotlight?.device).toBe("cat");
    mine.opened("eve");
    expect(said).toEqual([["eve", { type: "spotlight", device: "cat", screen: false }]]);
    await clock.pass(2_000);
    expect(wordsTo("ann")).toEqual(["spotlight"]);
    mine.heard("ann", lit("ann"));
    expect(mine.view.spotlight?.device, "Ann is the host no more").toBe("cat");
    mine.light(null);
    expect(mine.view.spotlight).toBeNull();
  });

  it("on somebody who is not here ends when I become the host", () => {
    mine.heard("ann", lit("eve"));
    mine.hostIs("bob");
    expect(mine.view.spotlight).toBeNull();
  });
});

describe("whoever", () => {
  it("says what a newer page knows, or nothing sensible, is passed over", () => {
    for (const message of [{ type: "wave" }, { type: "mute" }, { type: 5 }, {}])
      mine.heard("cat", message as unknown as Control);
    expect(mine.view).toEqual({ hand: null, reaction: null, asked: null, spotlight: null });
    expect(told).toEqual([]);
  });

  it("leaves takes their hand and reaction along, and nothing waits for them", () => {
    mine.heard("cat", state(0));
    mine.heard("cat", { type: "react", reaction: "heart" });
    mine.left("cat");
    expect(mine.of("cat")).toEqual({ hand: null, reaction: null });
    mine.react("heart");
    mine.hostIs("bob");
    mine.stop();
    expect(clock.waiting).toBe(0);
  });
});
