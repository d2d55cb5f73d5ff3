import { beforeEach, describe, expect, it } from "vitest";
import { CodedError } from "../backend/types";
import { LIMITS, type Participant, type Request, type RoomState } from "../gen/protocol";
import { empty } from "./attempt";
import { Comings } from "./comings";
import type { AnyCode, AppState, CallPeer } from "./contract";
import { Hosting } from "./hosting";
import { initialState } from "./initial";

let app: AppState;
let asked: Request[];
let refuse: AnyCode | null;
let knocks: number;
let ended: number;
let now: number;
let comings: Comings;
let hosting: Hosting;

const someone = (device: string): Participant => ({
  device,
  person: { name: device, status: "available", note: "" },
  kind: "install",
  media: "video",
});
const knocking = (device: string, room = "room") =>
  ({ type: "knocking", room, participant: someone(device) }) as const;
const who = () => app.call?.meeting?.knocking.map(({ device }) => device);
const told = () => app.call?.comings.map(({ what, device }) => `${what} ${device}`);

beforeEach(() => {
  app = { ...initialState("loopback", "", { stage: "can", lacks: [] }), phase: "ready" };
  app.me = { device: "me", shortId: "", person: { name: "me", status: "available", note: "" } };
  app.call = empty("video", null);
  app.call.peers = ["ann", "bob"].map(
    (device) => ({ device, standing: { name: device, trust: "met", blocked: false } }) as CallPeer,
  );
  asked = [];
  refuse = null;
  knocks = 0;
  ended = 0;
  now = 0;
  comings = new Comings({ app, now: () => now });
  hosting = new Hosting({
    app,
    backend: {
      request: (request) => {
        asked.push(request);
        return refuse ? Promise.reject(new CodedError(refuse)) : Promise.resolve({ type: "done" });
      },
    },
    sounds: { knock: () => void knocks++ },
    comings,
    ended: () => void ended++,
    standing: (_, { name }) => ({ name, trust: "stranger", blocked: false }),
  });
  const state: RoomState = {
    room: { hub: { device: "hub", addresses: [] }, room: "room" },
    rules: { title: "Stand-up", door: "knock", password: "tin can", capacity: 4, listed: true },
    host: "me",
    founder: "me",
    participants: [],
    ice_servers: [],
  };
  hosting.begin(state, true);
});

describe("who knocks", () => {
  it("is shown once, in order, and heard, until the knock has ended", () => {
    for (const device of ["cat", "dan", "cat"]) hosting.event(knocking(device));
    expect(who()).toEqual(["dan", "cat"]);
    expect(knocks).toBe(3);
    hosting.event({ type: "knock-ended", room: "room", device: "dan" });
    expect(who()).toEqual(["cat"]);
  });
  it("is shown no more once the host has answered", async () => {
    for (const device of ["cat", "dan", "eve"]) hosting.event(knocking(device));
    await hosting.admit("cat");
    await hosting.remove("dan");
    expect(who()).toEqual(["eve"]);
    refuse = "not-host";
    await hosting.admit("eve");
    expect(who()).toEqual(["eve"]);
  });
  it("is not shown of another room, nor without end", () => {
    hosting.event(knocking("cat", "other"));
    expect(who()).toEqual([]);
    for (let n = 0; n < LIMITS.MAX_WAITING + 5; n++) hosting.event(knocking(`visitor ${n}`));
    expect(who()).toHaveLength(LIMITS.MAX_WAITING);
  });
  it("is the new host's to answer when the role goes", () => {
    hosting.event(knocking("cat"));
    hosting.event({ type: "host-changed", room: "room", host: "bob" });
    expect(who()).toEqual([]);
    hosting.event({ type: "host-changed", room: "room", host: "me" });
    hosting.event(knocking("cat"));
    expect(who()).toEqual(["cat"]);
    expect(told()).toEqual(["host bob", "hosting me"]);
  });
});

describe("a room that has moved", () => {
  const moved = (host: string): void => {
    const rules = { title: "Retro", door: "open", capacity: 5 } as const;
    const room = { hub: { device: "other hub", addresses: [] }, room: "room" };
    const state: RoomState = { room, rules, host, founder: "ann", participants: [], ice_servers: [] };
    hosting.event({ type: "room-moved", room: "room", state });
  };
  it("is as its new hub says, and nobody stands before it yet", () => {
    hosting.event(knocking("cat"));
    moved("bob");
    expect(app.call?.meeting).toMatchObject({
      room: { hub: { device: "other hub" } },
      rules: { title: "Retro", door: "open" },
      host: "bob",
      founder: "ann",
      knocking: [],
      stays: true,
    });
  });
  it("tells of a host who stood in only when they stay", () => {
    moved("bob");
    hosting.event({ type: "host-changed", room: "room", host: "me" });
    expect(told()).toEqual([]);
    moved("bob");
    hosting.event({ type: "host-changed", room: "room", host: "ann" });
    expect(told()).toEqual(["host ann"]);
  });
});

describe("the rules", () => {
  it("are sent as a whole, with what is not touched as it was", async () => {
    await hosting.setRules({ door: "locked" });
    const rules = { title: "Stand-up", door: "locked", password: "tin can", capacity: 4, listed: true };
    expect(asked).toEqual([{ type: "set-rules", room: "room", rules }]);
    // A hub tells the others only.
    expect(app.call?.meeting?.rules).toEqual(rules);
    expect(told()).toEqual(["locked me"]);
  });
  it("keep each of two changes that follow each other at once", async () => {
    await Promise.all([hosting.setRules({ title: "Retro" }), hosting.setRules({ door: "locked" })]);
    expect(app.call?.meeting?.rules).toMatchObject({ title: "Retro", door: "locked" });
    expect(asked.at(-1)).toMatchObject({ rules: { title: "Retro", door: "locked" } });
  });
  it("are not those of the next meeting, when the answer comes late", async () => {
    const asking = hosting.setRules({ title: "Retro" });
    app.call = empty("video", null);
    await asking;
    expect(app.call.meeting).toBeNull();
  });
  it("lose their password with null, and get another one", async () => {
    await hosting.setRules({ password: null });
    await hosting.setRules({ password: "string" });
    expect(asked.map((request) => request.type === "set-rules" && request.rules.password)).toEqual([
      undefined,
      "string",
    ]);
  });
  it("are told when the door is locked or unlocked, not when only the name changes", () => {
    const rules = { title: "", door: "knock", capacity: 4 } as const;
    hosting.event({ type: "rules-changed", room: "room", rules });
    expect(told()).toEqual([]);
    hosting.event({ type: "rules-changed", room: "room", rules: { ...rules, door: "locked" } });
    hosting.event({ type: "rules-changed", room: "room", rules });
    expect(told()).toEqual(["locked me", "unlocked me"]);
    expect(app.call?.meeting?.rules).toEqual(rules);
  });
  it("say by a code why they were not taken", async () => {
    refuse = "not-host";
    expect(await hosting.setRules({ title: "x" })).toBe("not-host");
    expect(app.call?.meeting?.rules.title).toBe("Stand-up");
    expect(await hosting.endForAll()).toBe("not-host");
    expect(ended).toBe(0);
    refuse = null;
    expect(await hosting.endForAll()).toBeNull();
    expect(ended).toBe(1);
    app.call = null;
    expect(await hosting.endForAll()).toBe("not-in-room");
  });
});

describe("comings and goings", () => {
  it("tell of each leaving once, and that the host removed somebody who then hung up", () => {
    comings.tell("left", "ann", "ann");
    comings.tell("removed", "ann", "ann");
    comings.tell("left", "bob", "bob");
    comings.tell("left", "bob", "bob");
    expect(told()).toEqual(["removed ann", "left bob"]);
  });
  it("tell of somebody who comes back and goes again", () => {
    comings.tell("left", "ann", "ann");
    comings.tell("joined", "ann", "ann");
    now += 60_000;
    comings.tell("lost", "ann", "ann");
    expect(told()).toEqual(["left ann", "joined ann", "lost ann"]);
  });
});
