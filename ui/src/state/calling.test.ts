/** Rings and calls between two or three people, also when everything happens at once. */
import { beforeEach, describe, expect, it } from "vitest";
import { UNKNOWN } from "../call/quality";
import type { PeerView } from "../call/view";
import { MiniHub, Someone } from "./testing";

let hub: MiniHub;
let ann: Someone;
let bob: Someone;
let eve: Someone;
const pass = (ms = 100): Promise<void> => hub.clock.pass(ms);
const ringAt = (someone: Someone): string => someone.app.incoming[0]?.ring ?? "";

/** In one room with each other, nothing ringing. */
function talking(a: Someone, b: Someone): boolean {
  const [callA, callB] = [a.calling.current, b.calling.current] as unknown as [
    { members: Set<string>; room: { room: string } } | null,
    { members: Set<string>; room: { room: string } } | null,
  ];
  const quiet = [a, b].every(({ app }) => app.outgoing === null && app.incoming.length === 0);
  return (
    quiet &&
    !!callA?.members.has(b.device) &&
    !!callB?.members.has(a.device) &&
    callA.room.room === callB.room.room
  );
}

beforeEach(() => {
  hub = new MiniHub();
  [ann, bob, eve] = [new Someone("ann", hub), new Someone("bob", hub), new Someone("eve", hub)];
});

describe("a call", () => {
  it("rings, is accepted, lasts, and ends for both with a summary", async () => {
    ann.ring(bob);
    await pass();
    expect(ann.app.outgoing?.stage).toBe("ringing");
    expect(ann.sounds).toContain("ringback");
    expect(bob.app.incoming).toMatchObject([{ from: { device: "ann" }, media: "video" }]);
    expect(bob.held.microphone).toBe(false);
    void bob.calling.accept(ringAt(bob), "voice");
    await pass(0);
    expect(bob.app.call?.peers).toMatchObject([{ device: "ann", connection: "connecting" }]);
    await pass();
    expect(talking(ann, bob)).toBe(true);
    expect(bob.held).toEqual({ microphone: true, camera: false });
    await pass(65_000);
    void bob.calling.hangUp();
    await pass();
    for (const someone of [ann, bob]) {
      expect(someone.app.call).toBeNull();
      expect(someone.app.summary).toMatchObject({ seconds: 65, end: null });
      expect(someone.held).toEqual({ microphone: false, camera: false });
    }
    expect(hub.rooms.size).toBe(0);
    expect(ann.records).toMatchObject([{ outgoing: true, end: { type: "accepted" }, seconds: 65 }]);
  });

  it.each([
    ["declined", { type: "declined", message: "later" }],
    ["not answered", { type: "no-answer" }],
    ["gone", { type: "gone" }],
  ] as const)("that is %s says so and frees everything", async (_, end) => {
    ann.ring(bob);
    await pass();
    if (end.type === "declined") void bob.calling.decline(ringAt(bob), end.message);
    else hub.end(ringAt(bob), end);
    await pass();
    expect(ann.app.summary).toMatchObject({ end, seconds: 0 });
    expect(bob.app.incoming).toEqual([]);
    expect(bob.records).toMatchObject([{ outgoing: false, end }]);
    expect(hub.rooms.size).toBe(0);
    expect(ann.held.microphone).toBe(false);
  });

  it("is cancelled before it rings, while it dials, and while it rings", async () => {
    for (const wait of [0, 1, 2, 3, 4, 5, 6, 50]) {
      ann.ring(bob);
      await pass(wait);
      void ann.calling.cancelRing();
      await pass();
      expect([ann.app.outgoing, ann.app.call, ann.app.summary]).toEqual([null, null, null]);
      expect(bob.app.incoming, `after ${wait} ms`).toEqual([]);
      expect([hub.rooms.size, hub.rings.size], `after ${wait} ms`).toEqual([0, 0]);
      expect(ann.calling.isBusy).toBe(false);
    }
  });

  it("to somebody out of reach fails with the code, also when nothing answers at all", async () => {
    hub.refuse = (_, type) => (type === "ring" ? "unreachable" : undefined);
    ann.ring(bob);
    await pass();
    expect(ann.app.summary?.end).toEqual({ type: "failed", code: "unreachable" });
    expect(hub.rooms.size).toBe(0);
    hub.refuse = () => undefined;
    for (const wait of [0, 2]) {
      hub.delay = () => 1;
      ann.ring(bob);
      await pass(wait);
      hub.delay = () => 20_000;
      await pass(3_000);
      expect(ann.app.summary?.end, `after ${wait} ms`).toEqual({ type: "failed", code: "unreachable" });
      await pass(200_000);
      expect([hub.rings.size, hub.rooms.size], `after ${wait} ms`).toEqual([0, 0]);
      expect(bob.app.incoming).toEqual([]);
    }
  });

  it("that was refused says why, and the other side is told that it never stood", async () => {
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
    const [mine] = ann.calls;
    for (const call of [...ann.calls, ...bob.calls]) call.since = null;
    mine?.end({ refused: "description-forged" });
    await pass();
    expect(ann.app.summary).toMatchObject({
      seconds: 0,
      end: { type: "failed", code: "description-forged" },
    });
    expect(bob.app.summary).toMatchObject({ seconds: 0, end: { type: "failed", code: "not-connected" } });
    expect(bob.held).toEqual({ microphone: false, camera: false });
    expect(hub.rooms.size).toBe(0);
  });

  it("teaches who they are once their key has vouched for it, and what came of comparing, once each", async () => {
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
    const [call] = ann.calls;
    const peer: PeerView = {
      ...{ device: "bob", person: bob.presence.person, kind: "install", connection: "connected" },
      ...{ hand: null, reaction: null },
      ...{ microphone: true, camera: false, screen: false, media: null, screenMedia: null },
      ...{ speaking: false, quality: UNKNOWN, sealed: false, verification: null },
    };
    const verified = { stage: { type: "verified" }, theirs: false, problem: null } as const;
    const mismatch = { stage: { type: "mismatch" }, theirs: true, problem: null } as const;
    call?.tell([peer]);
    expect(ann.remembered).toEqual([]);
    const sealed = { ...peer, sealed: true };
    for (const verification of [null, null, verified, verified, null, mismatch, mismatch])
      call?.tell([{ ...sealed, verification }]);
    expect(ann.remembered).toEqual(["bob met", "bob verified", "bob mismatch"]);
    expect(ann.app.call?.peers).toMatchObject([{ sealed: true, standing: { name: "bob" } }]);
    expect(ann.app.call?.peers[0]?.verification).toEqual(mismatch);
  });

  it("says why no screen is shared until it is tried again", async () => {
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
    await ann.calling.sending.setScreen(true);
    expect(ann.codes).toEqual(["screen-denied"]);
    ann.screenProblem = null;
    await ann.calling.sending.setScreen(true);
    expect(ann.codes).toEqual([]);
  });

  it("cannot be made where there are no peer connections, but a ring can be declined", async () => {
    ann.app.ability = { stage: "cannot", lacks: [] };
    ann.ring(bob);
    bob.ring(ann);
    await pass();
    expect(ann.codes).toEqual(["webrtc-missing"]);
    void ann.calling.accept(ringAt(ann), "voice");
    expect(ann.codes).toEqual(["webrtc-missing", "webrtc-missing"]);
    expect(ann.app.incoming).toHaveLength(1);
    void ann.calling.decline(ringAt(ann));
    await pass();
    expect(bob.app.summary?.end).toEqual({ type: "declined" });
  });

  it("waits while it is being found out whether the window can carry it", async () => {
    ann.app.ability = { stage: "checking" };
    bob.ring(ann);
    await pass();
    // A person who clicks twice, or while another call is on its way, begins one call.
    void ann.calling.accept(ringAt(ann), "voice");
    void ann.calling.accept(ringAt(ann), "video");
    ann.ring(bob);
    await pass();
    expect(ann.app.incoming).toHaveLength(1);
    expect(ann.calling.isBusy).toBe(false);
    ann.app.ability = { stage: "can", lacks: [] };
    ann.learned(undefined);
    await pass();
    expect(ann.calls).toHaveLength(1);
    expect(bob.calls).toHaveLength(1);
    expect(ann.app.call?.media).toBe("voice");
    expect(ann.codes).toEqual([]);
  });

  it("that waited is told when the window cannot carry it", async () => {
    ann.app.ability = { stage: "checking" };
    bob.ring(ann);
    await pass();
    void ann.calling.accept(ringAt(ann), "voice");
    ann.app.ability = { stage: "cannot", lacks: [] };
    ann.learned(undefined);
    await pass();
    expect(ann.codes).toEqual(["webrtc-missing"]);
    expect(ann.app.incoming).toHaveLength(1);
  });

  it("that the caller gives up while the callee is asked for the microphone, is gone", async () => {
    bob.asking = 1_000;
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass(500);
    void ann.calling.cancelRing();
    await pass(2_000);
    expect(bob.app.call).toBeNull();
    expect(bob.app.summary?.end).toEqual({ type: "gone" });
    expect(bob.records).toMatchObject([{ end: { type: "cancelled" } }]);
    expect(hub.rooms.size).toBe(0);
  });

  it("goes on without the hub once it is connected, and a ring does not", async () => {
    ann.ring(bob);
    await pass();
    bob.calling.placeLost();
    expect(bob.app.incoming).toEqual([]);
    ann.calling.placeLost();
    expect(ann.app.summary?.end).toEqual({ type: "failed", code: "link-lost" });
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
    ann.calling.placeLost();
    await pass();
    expect(talking(ann, bob)).toBe(true);
    expect(ann.calls.at(-1)?.lost).toBe(1);
  });

  it("comes back into its room when a server was restarted", async () => {
    ann.app.surface = "guest";
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
    const [room, inside] = [...hub.rooms][0] ?? ["", new Set()];
    ann.calling.event({ type: "room-closed", room, reason: "hub-gone" });
    expect(ann.calls.at(-1)?.lost).toBe(0);
    hub.kept.set(room, new Set(inside));
    hub.rooms.clear();
    for (const one of [ann, bob]) one.calling.placeLost();
    await pass();
    expect(talking(ann, bob)).toBe(true);
    for (const { calls } of [ann, bob]) expect(calls.at(-1)).toMatchObject({ lost: 0, moved: 1 });
    expect(hub.rooms.get(room)).toEqual(new Set(["ann", "bob"]));
    void ann.calling.hangUp();
    await pass();
    expect(bob.app.call).toBeNull();
  });

  it("that was taken in another window of mine just stops ringing", async () => {
    ann.ring(bob);
    await pass();
    hub.end(ringAt(bob), { type: "accepted" });
    await pass();
    expect(bob.app.incoming).toEqual([]);
    expect(bob.app.summary).toBeNull();
    expect(bob.sounds.at(-1)).toBe("stop");
  });
});

describe("a third person", () => {
  it("is told 'busy' by those who talk, and it is a missed call there", async () => {
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
    eve.ring(bob);
    await pass();
    expect(eve.app.summary?.end).toEqual({ type: "busy" });
    expect(eve.sounds).toContain("busy");
    expect(bob.app.incoming).toEqual([]);
    expect(bob.records).toMatchObject([{ with: { device: "eve" }, end: { type: "busy" } }]);
    expect(talking(ann, bob)).toBe(true);
  });

  it("who rings at the same time is told 'busy' when the other is accepted", async () => {
    ann.ring(bob);
    eve.ring(bob);
    await pass();
    expect(bob.app.incoming).toHaveLength(2);
    const first = bob.app.incoming.find(({ from }) => from.device === "ann")?.ring ?? "";
    void bob.calling.accept(first, "video");
    await pass();
    expect(talking(ann, bob)).toBe(true);
    expect(eve.app.summary?.end).toEqual({ type: "busy" });
  });
});

describe("two who ring each other", () => {
  /** A small generator, so that a failure can be had again (mulberry32). */
  function random(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  it.each(Array.from({ length: 300 }, (_, seed) => seed))("meet in one room (%i)", async (seed) => {
    const next = random(seed);
    hub.delay = () => Math.floor(next() * 40);
    ann.asking = Math.floor(next() * 60);
    bob.asking = Math.floor(next() * 60);
    ann.ring(bob);
    await pass(Math.floor(next() * 250));
    bob.ring(ann);
    await pass(5_000);
    expect(talking(ann, bob), hub.log.join(", ")).toBe(true);
    expect(hub.rings.size).toBe(0);
    expect(hub.rooms.size).toBe(1);
    void ann.calling.hangUp();
    await pass(1_000);
    expect([ann, bob].map(({ app }) => app.summary?.end)).toEqual([null, null]);
    expect(hub.rooms.size).toBe(0);
  });

  it("still sees the other's ring when the own one fails", async () => {
    hub.refuse = (device, type) => (device === "ann" && type === "ring" ? "unreachable" : undefined);
    ann.asking = 500;
    ann.ring(bob);
    bob.ring(ann);
    await pass(200);
    expect(ann.app.incoming).toEqual([]);
    await pass(1_000);
    expect(ann.app.summary?.end).toEqual({ type: "failed", code: "unreachable" });
    expect(ann.app.incoming).toMatchObject([{ from: { device: "bob" } }]);
    void ann.calling.accept(ringAt(ann), "video");
    await pass(1_000);
    expect(talking(ann, bob)).toBe(true);
  });
});

describe("a call to which somebody is added", () => {
  const entry = (someone: Someone) => ({ ...someone.presence, key: someone.device, group: null });

  beforeEach(async () => {
    ann.ring(bob);
    await pass();
    void bob.calling.accept(ringAt(bob), "voice");
    await pass();
  });

  it("goes on while they are rung, and with them", async () => {
    void bob.calling.inviting.invite(entry(eve));
    await pass();
    expect(bob.app.call?.invited).toEqual([{ device: "eve", name: "eve", stage: "ringing" }]);
    expect(eve.app.incoming).toMatchObject([{ from: { device: "bob" } }]);
    void eve.calling.accept(ringAt(eve), "video");
    await pass();
    expect(bob.app.call?.invited).toEqual([]);
    expect([talking(ann, bob), talking(ann, eve), talking(bob, eve)]).toEqual([true, true, true]);
    expect(hub.rooms.size).toBe(1);
    void ann.calling.hangUp();
    await pass();
    expect(talking(bob, eve)).toBe(true);
  });

  it("goes on when they say no, and tells it", async () => {
    void ann.calling.inviting.invite(entry(eve));
    await pass();
    void eve.calling.decline(ringAt(eve), "later");
    await pass();
    expect(ann.app.call?.invited).toMatchObject([{ stage: "declined", message: "later" }]);
    expect(talking(ann, bob)).toBe(true);
    void ann.calling.inviting.withdraw("eve");
    expect(ann.app.call?.invited).toEqual([]);
  });

  it("rings no more when the invitation is taken back, or the call ends", async () => {
    void ann.calling.inviting.invite(entry(eve));
    await pass();
    void ann.calling.inviting.withdraw("eve");
    await pass();
    expect(eve.app.incoming).toEqual([]);
    void ann.calling.inviting.invite(entry(eve));
    await pass();
    expect(eve.app.incoming).toHaveLength(1);
    void ann.calling.hangUp();
    await pass();
    expect(eve.app.incoming).toEqual([]);
  });

  it("rings nobody twice, and nobody who is there", async () => {
    void ann.calling.inviting.invite(entry(bob));
    void ann.calling.inviting.invite(entry(eve));
    void ann.calling.inviting.invite(entry(eve));
    await pass();
    expect(bob.app.incoming).toEqual([]);
    expect(eve.app.incoming).toHaveLength(1);
  });
});

describe("a meeting", () => {
  const rules = { title: "Stand-up", door: "open", capacity: 4 } as const;
  const start = async (): Promise<string> => {
    const begun = ann.calling.meet({ type: "create-room", rules, media: "video" });
    await pass();
    expect(await begun).toBeNull();
    return ann.app.call?.meeting?.room.room ?? "";
  };
  const join = async (room: string): Promise<unknown> => {
    const hubRef = { device: "hub", addresses: [] };
    const result = bob.calling.meet({ type: "join", room: { hub: hubRef, room }, media: "voice" });
    await pass();
    return result;
  };

  it("is begun alone, goes on while others come and go, and is left without a word", async () => {
    const room = await start();
    expect(ann.app.call?.peers).toEqual([]);
    expect(ann.held).toEqual({ microphone: true, camera: true });
    expect(await join(room)).toBeNull();
    expect(talking(ann, bob)).toBe(true);
    await bob.calling.hangUp();
    await pass();
    expect(ann.app.call?.meeting?.stays).toBe(true);
    expect(bob.app.summary).toMatchObject({ end: null, meeting: { ended: false } });
    expect(bob.records, "it is no call with somebody").toEqual([]);
    await ann.calling.hangUp();
    await pass();
    expect(ann.held.microphone).toBe(false);
    expect(hub.rooms.size).toBe(0);
  });

  it("that the host ends, or removes somebody from, says so", async () => {
    for (const reason of ["ended", "removed"] as const) {
      const room = await start();
      await join(room);
      const { call } = bob.app;
      if (call?.meeting) call.meeting.host = "ann";
      hub.tell("bob", { type: "room-closed", room, reason });
      await pass();
      expect(bob.app.call).toBeNull();
      expect(bob.app.summary).toMatchObject({
        end: reason === "ended" ? null : { type: "failed", code: "room-removed" },
        meeting: { ended: reason === "ended" },
      });
      await ann.calling.hangUp();
      await pass();
    }
  });

  it("whose door stays shut leaves nothing behind", async () => {
    const room = await start();
    hub.refuse = (_, type) => (type === "join" ? "room-locked" : undefined);
    expect(await join(room)).toBe("room-locked");
    expect(bob.held.microphone).toBe(false);
    expect(bob.calling.isBusy).toBe(false);
    expect(bob.app.call).toBeNull();
  });

  it("tells the others' rings that one is busy", async () => {
    await start();
    eve.ring(ann);
    await pass();
    expect(eve.app.summary?.end).toEqual({ type: "busy" });
  });
});
