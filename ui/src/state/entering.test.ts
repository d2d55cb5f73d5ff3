import { beforeEach, describe, expect, it } from "vitest";
import { CodedError } from "../backend/types";
import { FakeClock, settle } from "../call/testing";
import type { LeaveReason, Request, RoomSummary } from "../gen/protocol";
import type { AnyCode, AppState } from "./contract";
import { Entering } from "./entering";
import { initialState } from "./initial";

const ROOM = { hub: { device: "hub", addresses: [] }, room: "room" };

let app: AppState;
let clock: FakeClock;
let asked: string[];
let sounds: string[];
let joins: Extract<Request, { type: "join" }>[];
/** What the next attempts to go in come to. */
let results: (AnyCode | "knocking" | null)[];
let summary: RoomSummary;
let refuse: AnyCode | null;
let busy: boolean;
let entering: Entering;

const stage = () => app.entering && `${app.entering.stage} ${app.entering.problem ?? "-"}`;
const closed = (reason: LeaveReason) => entering.event({ type: "room-closed", room: "room", reason });

beforeEach(() => {
  app = initialState("loopback", "", { stage: "can", lacks: [] });
  clock = new FakeClock();
  asked = [];
  sounds = [];
  joins = [];
  results = [];
  summary = { title: "Stand-up", door: "open", has_password: false, capacity: 3, present: 1 };
  refuse = null;
  busy = false;
  entering = new Entering({
    app,
    backend: {
      request: (request) => {
        asked.push(request.type);
        if (refuse) return Promise.reject(new CodedError(refuse));
        return Promise.resolve(
          request.type === "look-at" ? { type: "summary", ...summary } : { type: "done" },
        );
      },
    },
    clock,
    sounds: { ring: () => void sounds.push("ring"), stop: () => void sounds.push("stop") },
    meet: (request) => {
      joins.push(request);
      return Promise.resolve(results.shift() ?? null);
    },
    isBusy: () => busy,
  });
});

describe("coming into a room", () => {
  it("shows what it is before anything is entered", async () => {
    await entering.enter(ROOM);
    expect(stage()).toBe("ready -");
    expect(app.entering?.summary).toEqual(summary);
    expect(joins).toEqual([]);
    await entering.join("voice");
    expect(joins).toEqual([{ type: "join", room: ROOM, media: "voice" }]);
    expect(app.entering).toBeNull();
  });
  it("asks for the password until it is right", async () => {
    results = ["password-needed", "password-wrong", null];
    await entering.enter(ROOM);
    await entering.join("video");
    expect(stage()).toBe("ready password-needed");
    await entering.join("video", "tin cans");
    expect(stage()).toBe("ready password-wrong");
    await entering.join("video", "tin can");
    expect(joins.map(({ password }) => password)).toEqual([undefined, "tin cans", "tin can"]);
    expect(app.entering).toBeNull();
  });
  it.each(["room-unknown", "room-removed"] as const)("ends at %s", async (code) => {
    results = [code];
    await entering.enter(ROOM);
    await entering.join("video");
    expect(stage()).toBe(`over ${code}`);
  });
  it("tells of a room that is no more, and of a hub that is not there", async () => {
    for (const code of ["room-unknown", "unreachable"] as const) {
      refuse = code;
      await entering.enter(ROOM);
      expect(stage()).toBe(`over ${code}`);
    }
  });
});

describe("knocking", () => {
  beforeEach(async () => {
    results = ["knocking"];
    await entering.enter(ROOM);
    await entering.join("video");
    expect(stage()).toBe("knocking -");
  });
  it("goes in as soon as one is let in", async () => {
    entering.event({ type: "let-in", room: "other" });
    expect(joins).toHaveLength(1);
    entering.event({ type: "let-in", room: "room" });
    await settle();
    expect(joins).toHaveLength(2);
    expect(app.entering).toBeNull();
  });
  it("waits with going in until a call is over", async () => {
    busy = true;
    entering.event({ type: "let-in", room: "room" });
    expect(stage()).toBe("welcome -");
    busy = false;
    await entering.join("voice");
    expect(app.entering).toBeNull();
  });
  it("is told that the host said no, or ended it, or is gone", async () => {
    closed("removed");
    expect(stage()).toBe("over not-let-in");
    for (const [reason, problem] of [
      ["ended", "room-ended"],
      ["hub-gone", "link-lost"],
    ] as const) {
      results = ["knocking"];
      await entering.enter(ROOM);
      await entering.join("video");
      closed(reason);
      expect(stage()).toBe(`over ${problem}`);
    }
  });
  it("is taken back", async () => {
    await entering.withdraw();
    expect(asked).toEqual(["look-at", "withdraw", "look-at"]);
    expect(stage()).toBe("ready -");
    entering.event({ type: "let-in", room: "room" });
    expect(joins, "too late").toHaveLength(1);
  });
  it("is taken back when one goes away from the door", async () => {
    await entering.leave();
    expect(asked.at(-1)).toBe("withdraw");
    expect(app.entering).toBeNull();
  });
  it("ends with the place at the hub", () => {
    entering.placeLost();
    expect(stage()).toBe("ready link-lost");
  });
});

describe("a full room", () => {
  beforeEach(async () => {
    summary.present = 3;
    await entering.enter(ROOM);
    expect(stage()).toBe("ready room-full");
    await entering.waitForPlace();
    expect(stage()).toBe("waiting -");
  });
  it("rings once there is a place, for a while, and one click goes in", async () => {
    entering.event({ type: "room-has-place", room: "room" });
    expect(stage()).toBe("welcome -");
    expect(sounds).toEqual(["ring"]);
    await clock.pass(60_000);
    expect(sounds).toEqual(["ring", "stop"]);
    await entering.join("video");
    expect(app.entering).toBeNull();
  });
  it("falls silent when one goes in, and says so when another was quicker", async () => {
    results = ["room-full"];
    entering.event({ type: "room-has-place", room: "room" });
    await entering.join("video");
    expect(sounds).toEqual(["ring", "stop"]);
    expect(stage()).toBe("ready room-full");
  });
  it("does not ring through a call", () => {
    busy = true;
    entering.event({ type: "room-has-place", room: "room" });
    expect(stage()).toBe("welcome -");
    expect(sounds).toEqual([]);
  });
});
