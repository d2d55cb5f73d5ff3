/** A guest's place: proven, numbered, had back after a drop, and never answered twice. */
import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock, settle } from "../call/testing";
import { LIMITS, type FromHub, type ToHub } from "../gen/protocol";
import { GuestSession } from "./guest-session";
import { ReconnectPolicy } from "./reconnect";
import type { BackendMessage } from "./types";

class FakeSocket {
  readonly sent: ToHub[] = [];
  closed = false;
  constructor(readonly on: { message(text: string): void; closed(): void }) {}
  send = (text: string): void => void this.sent.push(JSON.parse(text) as ToHub);
  close = (): void => void (this.closed = true);
  say(message: FromHub): void {
    this.on.message(JSON.stringify(message));
  }
  async greet(resumed: boolean, token = "token"): Promise<void> {
    this.say({ type: "challenge", versions: [1], hub: "hub", nonce: "nonce" });
    await settle();
    this.say({
      type: "welcome",
      version: 1,
      you: "me",
      hub: { device: "hub", addresses: [] },
      title: "",
      people: [],
      ice_servers: [],
      resume: token,
      resumed,
    });
  }
}

let clock: FakeClock;
let sockets: FakeSocket[];
let heard: BackendMessage[];
let session: GuestSession;
const last = (): FakeSocket => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("nothing was dialled");
  return socket;
};
const done = (seq: number, id: number): FromHub => ({
  type: "message",
  seq,
  message: { type: "ok", id, reply: { type: "done" } },
});
const event = (seq: number, device: string): FromHub => ({
  type: "message",
  seq,
  message: { type: "event", event: { type: "person-gone", device } },
});

beforeEach(() => {
  clock = new FakeClock();
  sockets = [];
  heard = [];
  session = new GuestSession({
    dial: (on) => {
      const socket = new FakeSocket(on);
      sockets.push(socket);
      return socket;
    },
    clock,
    policy: new ReconnectPolicy(() => 0),
    key: { publicKey: "key", kind: "guest", signHello: () => Promise.resolve("signature") },
    person: () => ({ name: "Gast", status: "available", note: "" }),
    on: (message) => heard.push(message),
  });
  session.start();
});

describe("arriving", () => {
  it("answers the challenge with a signed hello", async () => {
    await last().greet(false);
    expect(last().sent).toEqual([
      {
        type: "hello",
        versions: [1],
        key: "key",
        kind: "guest",
        person: { name: "Gast", status: "available", note: "" },
        binding: "none",
        signature: "signature",
      },
    ]);
    expect(heard).toMatchObject([{ type: "welcome" }]);
  });

  it("does not knock at a hub that speaks no version of ours", async () => {
    last().say({ type: "challenge", versions: [7], hub: "hub", nonce: "nonce" });
    await settle();
    expect(last().sent).toEqual([]);
    expect(heard).toEqual([{ type: "down", code: "version-unsupported", final: true }]);
    await clock.pass(60_000);
    expect(sockets).toHaveLength(1);
  });

  it("comes again later when the hub is full, and not when it is refused for good", async () => {
    last().say({ type: "refused", code: "hub-full" });
    expect(heard).toEqual([{ type: "down", code: "hub-full", final: false }]);
    await clock.pass(10_000);
    expect(sockets).toHaveLength(2);
    last().say({ type: "refused", code: "bad-signature" });
    await clock.pass(60_000);
    expect(sockets).toHaveLength(2);
  });

  it("gives up a connection that says nothing", async () => {
    await clock.pass(LIMITS.IDLE_TIMEOUT + 2 * LIMITS.PING_INTERVAL);
    expect(sockets[0]?.closed).toBe(true);
    expect(sockets.length).toBeGreaterThan(1);
  });
});

describe("staying", () => {
  it("pings with the highest number it has seen", async () => {
    await last().greet(false);
    last().say(event(1, "a"));
    last().say(event(2, "b"));
    await clock.pass(LIMITS.PING_INTERVAL + 10);
    expect(last().sent.at(-1)).toEqual({ type: "ping", seen: 2 });
  });

  it("gives each request its answer", async () => {
    await last().greet(false);
    const first = session.request({ type: "leave", room: "r" });
    const second = session.request({ type: "leave", room: "s" });
    expect(last().sent.slice(1)).toMatchObject([{ id: 1 }, { id: 2 }]);
    last().say({ type: "message", seq: 1, message: { type: "error", id: 2, code: "not-in-room" } });
    last().say(done(2, 1));
    await expect(first).resolves.toEqual({ type: "done" });
    await expect(second).rejects.toMatchObject({ code: "not-in-room" });
  });

  it("refuses to queue without end", async () => {
    await last().greet(false);
    for (let at = 0; at < LIMITS.MAX_QUEUE; at++)
      session.request({ type: "leave", room: "r" }).catch(() => undefined);
    await expect(session.request({ type: "leave", room: "r" })).rejects.toMatchObject({
      code: "too-many-requests",
    });
  });
});

describe("coming back", () => {
  it("resumes, asks again what was not answered, and hears nothing twice", async () => {
    await last().greet(false, "one");
    last().say(event(1, "a"));
    const waiting = session.request({ type: "leave", room: "r" });
    last().on.closed();
    const meanwhile = session.request({ type: "leave", room: "s" });
    await clock.pass(1_000);
    expect(sockets).toHaveLength(2);
    await last().greet(true, "two");
    expect(last().sent).toMatchObject([
      { type: "hello", resume: { token: "one", seen: 1 } },
      { type: "request", id: 1 },
      { type: "request", id: 2 },
    ]);
    heard = [];
    last().say(event(1, "a"));
    last().say(done(2, 1));
    last().say(done(3, 2));
    last().say(done(3, 2));
    expect(heard).toEqual([]);
    await expect(Promise.all([waiting, meanwhile])).resolves.toHaveLength(2);
  });

  it("says what is lost when the place is a new one, and counts from 1", async () => {
    await last().greet(false);
    last().say(event(9, "a"));
    const waiting = session.request({ type: "leave", room: "r" });
    last().on.closed();
    await clock.pass(1_000);
    await last().greet(false, "two");
    await expect(waiting).rejects.toMatchObject({ code: "link-lost" });
    heard = [];
    last().say(event(1, "b"));
    expect(heard).toHaveLength(1);
    void session.request({ type: "leave", room: "s" }).catch(() => undefined);
    expect(last().sent.at(-1)).toMatchObject({ type: "request", id: 1 });
  });

  it("starts anew when its place is no longer known", async () => {
    await last().greet(false, "one");
    last().on.closed();
    await clock.pass(1_000);
    last().say({ type: "refused", code: "resume-unknown" });
    await clock.pass(1_000);
    await last().greet(false, "two");
    expect(last().sent[0]).not.toHaveProperty("resume");
  });

  it("leaves nobody waiting longer than the place is kept", async () => {
    await last().greet(false);
    const waiting = session.request({ type: "leave", room: "r" });
    const outcome = expect(waiting).rejects.toMatchObject({ code: "link-lost" });
    last().on.closed();
    for (let at = 0; at < 12; at++) {
      await clock.pass(5_000);
      last().on.closed();
    }
    await outcome;
  });

  it("does not listen to a connection it has left", async () => {
    await last().greet(false);
    const [old] = sockets;
    last().on.closed();
    await clock.pass(1_000);
    heard = [];
    old?.say(event(1, "ghost"));
    old?.on.closed();
    expect(heard).toEqual([]);
  });

  it("tries at once when the network is back", async () => {
    await last().greet(false);
    last().on.closed();
    session.retryNow();
    expect(sockets).toHaveLength(2);
    await clock.pass(10_000);
    expect(sockets).toHaveLength(2);
  });

  it("says goodbye and stays away", async () => {
    await last().greet(false);
    session.close();
    expect(last().sent.at(-1)).toEqual({ type: "goodbye" });
    await clock.pass(60_000);
    expect(sockets).toHaveLength(1);
    expect(clock.waiting).toBe(0);
  });
});
