/** Who offers to whom, and what ends a call. Real connections: tests/browser. */
import { beforeEach, describe, expect, it } from "vitest";
import { LIMITS, type Participant, type Signal } from "../gen/protocol";
import { Call, type CallEnd } from "./call";
import type { LocalMedia } from "./local-media";
import { FakeClock, FakeConnection, FakeTrack, FakeTrust, fakeEnvironment, settle } from "./testing";

let clock: FakeClock;
let gone: [string, CallEnd][];
let ended: CallEnd[];
let signals: { to: string; signal: Signal }[];
let left: number;
let microphone: FakeTrack;
let level: number;

const someone = (device: string): Participant => ({
  device,
  person: { name: device, status: "available", note: "" },
  kind: "install",
  media: "video",
});

function call(present: string[], stays = false): Call {
  const local = {
    track: (kind: string) => (kind === "microphone" ? microphone.asTrack : null),
    problem: (kind: string) => (kind === "camera" ? "camera-missing" : null),
    screen: null,
    setFullHd: () => Promise.resolve(),
  } as unknown as LocalMedia;
  return new Call({
    me: "me",
    room: {
      room: { hub: { device: "hub", addresses: [] }, room: "room" },
      host: "me",
      rules: { title: "", door: "open", capacity: 4 },
      founder: "ann",
      participants: present.map(someone),
      ice_servers: [{ urls: ["stun:a"] }],
    },
    iceServers: [{ urls: ["stun:a"] }, { urls: ["stun:b"] }],
    environment: fakeEnvironment(clock),
    local,
    camera: true,
    stays,
    canFullHd: false,
    hub: {
      signal: (to, signal) => Promise.resolve(void signals.push({ to, signal })),
      leave: () => Promise.resolve(void left++),
    },
    trust: new FakeTrust("me"),
    measure: () => ({ read: () => level, close: () => undefined }),
    on: {
      changed: () => undefined,
      gone: ({ device }, why) => gone.push([device, why]),
      told: () => undefined,
      ended: (end) => ended.push(end),
    },
  });
}

const joined = (device: string) =>
  ({ type: "participant-joined", room: "room", participant: someone(device) }) as const;
const wentAway = (device: string, reason: "left" | "lost") =>
  ({ type: "participant-left", room: "room", device, reason }) as const;

function connect(at = 0): FakeConnection {
  const pc = FakeConnection.made[at];
  if (!pc) throw new Error("no such connection");
  pc.become("connected");
  pc.open();
  return pc;
}

beforeEach(() => {
  clock = new FakeClock();
  FakeConnection.made = [];
  gone = [];
  ended = [];
  signals = [];
  left = 0;
  level = 0;
  microphone = new FakeTrack("audio");
});

describe("a meeting", () => {
  it("goes on with nobody else in it, and tells who has gone and why", () => {
    const meeting = call(["ann", "bob"], true);
    connect(0);
    connect(1);
    meeting.receive(wentAway("ann", "left"));
    meeting.receive(wentAway("bob", "left"));
    expect(gone).toEqual([
      ["ann", "hung-up"],
      ["bob", "hung-up"],
    ]);
    expect(ended).toEqual([]);
    meeting.receive(joined("cat"));
    expect(meeting.size).toBe(1);
  });
  it("ends when its hub is gone and the last of the others with it", () => {
    const meeting = call(["ann"], true);
    connect();
    meeting.hubLost();
    expect(ended, "who is connected talks on").toEqual([]);
    meeting.receive(wentAway("ann", "left"));
    expect(ended).toEqual(["hung-up"]);
    const alone = call([], true);
    alone.hubLost();
    expect(ended.at(-1)).toBe("link-lost");
  });
});

describe("a room", () => {
  it("is offered to by the newcomer only, once to each who is there", async () => {
    call(["ann", "bob"]);
    await settle();
    expect(signals.map(({ to, signal }) => [to, signal.type])).toEqual([
      ["ann", "description"],
      ["bob", "description"],
    ]);
    signals = [];
    call([]).receive(joined("eve"));
    await settle();
    expect(signals).toEqual([]);
  });

  it("gives its ICE servers and my own, each once", () => {
    call(["ann"]);
    expect(FakeConnection.made[0]?.configuration.iceServers).toEqual([
      { urls: ["stun:a"] },
      { urls: ["stun:b"] },
    ]);
  });

  it("hears only its own events, and signals only from those inside", async () => {
    const mine = call([]);
    mine.receive({ ...joined("ann"), room: "elsewhere" });
    mine.receive({ type: "signal", room: "room", from: "stranger", signal: { type: "restart-wanted" } });
    await settle();
    expect(FakeConnection.made).toEqual([]);
  });

  it("connects anew to somebody whose page was loaded anew", async () => {
    const mine = call([]);
    mine.receive(joined("ann"));
    mine.receive(joined("ann"));
    await clock.pass(500);
    expect(FakeConnection.made).toHaveLength(2);
    expect(FakeConnection.made[0]?.connectionState).toBe("closed");
    expect(mine.size).toBe(1);
    expect(ended).toEqual([]);
  });
});

describe("the end", () => {
  it("comes when the other hangs up, by whichever way it is told first", async () => {
    const mine = call(["ann"]);
    connect().hear({ type: "bye" });
    mine.receive(wentAway("ann", "left"));
    await clock.pass(500);
    expect(ended).toEqual(["hung-up"]);
    expect(left).toBe(1);
    expect(FakeConnection.made[0]?.connectionState).toBe("closed");
    expect(clock.waiting).toBe(0);
  });

  it("comes only when the last of several has gone", () => {
    const mine = call(["ann", "bob"]);
    mine.receive(wentAway("ann", "left"));
    expect(ended).toEqual([]);
    mine.receive(wentAway("bob", "left"));
    expect(ended).toEqual(["hung-up"]);
  });

  it("waits a moment for the room's word when several hang up at once", async () => {
    const goodbyes = (mine: Call): Call => {
      FakeConnection.made.forEach((_, at) => connect(at).hear({ type: "bye" }));
      FakeConnection.made = [];
      return mine;
    };
    goodbyes(call(["ann", "bob"])).receive({ type: "room-closed", room: "room", reason: "ended" });
    expect(ended.splice(0)).toEqual(["ended"]);
    goodbyes(call(["ann", "bob"])).receive(wentAway("bob", "left"));
    expect(ended.splice(0)).toEqual(["hung-up"]);
    goodbyes(call(["ann", "bob"])).hubLost();
    expect(ended.splice(0)).toEqual(["hung-up"]);
    goodbyes(call(["ann", "bob"]));
    await clock.pass(1_900);
    expect(ended).toEqual([]);
    await clock.pass(200);
    expect(ended.splice(0), "the hub has nothing to say").toEqual(["hung-up"]);
    const asked = goodbyes(call(["ann", "bob"]));
    asked.receive(joined("cat"));
    await clock.pass(5_000);
    expect([ended, asked.size], "somebody has come").toEqual([[], 1]);
    await asked.hangUp();
    expect(clock.waiting).toBe(0);
  });

  it("does not come when somebody who is heard has only lost the hub", () => {
    const mine = call(["ann"]);
    connect();
    mine.receive(wentAway("ann", "lost"));
    mine.receive({ type: "room-closed", room: "room", reason: "hub-gone" });
    expect(ended).toEqual([]);
    expect(mine.view().peers).toMatchObject([{ connection: "connected" }]);
  });

  it("comes when the hub goes before anybody is connected", () => {
    call(["ann"]).receive({ type: "room-closed", room: "room", reason: "hub-gone" });
    expect(ended).toEqual(["link-lost"]);
  });

  it("comes when nothing has passed for too long, and not before", async () => {
    call(["ann"]);
    connect().become("disconnected");
    await clock.pass(LIMITS.CALL_LOST_AFTER - 1_000);
    expect(ended).toEqual([]);
    await clock.pass(1_100);
    expect(ended).toEqual(["call-lost"]);
  });

  it("comes at once, with the code, when what came was not to be used", async () => {
    const mine = call([]);
    mine.receive(joined("ann"));
    const description = { type: "offer", sdp: "v=0", round: 0 } as const;
    mine.receive({ type: "signal", room: "room", from: "ann", signal: { type: "description", description } });
    await clock.pass(500);
    expect(ended).toEqual([{ refused: "description-unsigned" }]);
    expect([left, clock.waiting]).toEqual([1, 0]);
    expect(FakeConnection.made[0]).toMatchObject({ connectionState: "closed", remoteDescription: null });
  });

  it("is not told to who hangs up, and leaves nothing running", async () => {
    const mine = call(["ann"]);
    const pc = connect();
    await mine.hangUp();
    await clock.pass(500);
    expect(pc.channels[0]?.sent.at(-1)).toEqual({ type: "bye" });
    expect(ended).toEqual([]);
    expect([left, clock.waiting]).toEqual([1, 0]);
  });
});

describe("what the view is told", () => {
  it("begins to count with the first connection", async () => {
    const mine = call(["ann"]);
    expect(mine.view().since).toBeNull();
    await clock.pass(700);
    connect();
    const { since } = mine.view();
    await clock.pass(5_000);
    expect(since).toBe(clock.now() - 5_000);
    expect(mine.view().since).toBe(since);
  });

  it("says muted to everybody, silences the track, and notices who talks on", async () => {
    const mine = call(["ann"]);
    const pc = connect();
    mine.setMicrophone(false);
    expect(microphone.enabled).toBe(false);
    expect(pc.channels[0]?.sent.at(-1)).toMatchObject({ type: "state", microphone: false });
    level = 0.3;
    await clock.pass(500);
    expect(mine.view().mutedWhileSpeaking).toBe(true);
    mine.setMicrophone(true);
    expect(mine.view()).toMatchObject({ microphone: true, mutedWhileSpeaking: false });
    expect(microphone.enabled).toBe(true);
  });

  it("keeps a new microphone muted", () => {
    const mine = call(["ann"]);
    mine.setMicrophone(false);
    microphone = new FakeTrack("audio");
    mine.localChanged("microphone");
    expect(microphone.enabled).toBe(false);
    expect(FakeConnection.made[0]).toBeDefined();
  });

  it("shows what sort of device somebody is by their own word, not the hub's", async () => {
    const mine = call([]);
    mine.receive(joined("ann"));
    expect(mine.view().peers).toMatchObject([{ kind: "install", sealed: false, verification: null }]);
    const sdp = ["v=0", "a=fingerprint:sha-256 AA", "m=audio", "m=video", "m=video", "m=audio"].join("\r\n");
    const ann = new FakeTrust("ann", "room", "transient");
    const description = await ann.seal("me", { type: "offer", sdp, round: 0 });
    mine.receive({ type: "signal", room: "room", from: "ann", signal: { type: "description", description } });
    await settle();
    expect(mine.view().peers).toMatchObject([{ kind: "transient", sealed: true }]);
    expect(ended).toEqual([]);
  });

  it("compares the code with who is in the call", async () => {
    const mine = call(["ann"]);
    connect();
    expect(mine.verifying("eve")).toBeNull();
    mine.verifying("ann")?.begin();
    expect(mine.view().peers[0]?.verification).toMatchObject({ stage: { type: "waiting" }, theirs: false });
    await mine.hangUp();
    await clock.pass(500);
    expect(clock.waiting).toBe(0);
  });

  it("shows what the others say they send, and what is wrong with mine", () => {
    const mine = call(["ann"]);
    connect().hear({ type: "state", microphone: false, camera: false, screen: false, full_hd: false });
    expect(mine.view()).toMatchObject({
      camera: false,
      cameraProblem: "camera-missing",
      peers: [{ microphone: false, camera: false }],
    });
  });

  it("says that it is connecting, and that it is coming back", async () => {
    const mine = call(["ann"]);
    expect(mine.view().peers[0]?.quality.reason).toBe("quality.connecting");
    const pc = connect();
    await clock.pass(5_000);
    expect(mine.view().peers[0]?.quality.bars).toBe(3);
    pc.become("disconnected");
    expect(mine.view().peers[0]).toMatchObject({
      connection: "reconnecting",
      quality: { bars: 0, reason: "quality.reconnecting" },
    });
  });
});

describe("what people do beside talking", () => {
  const STATE = { type: "state", microphone: true, camera: false, screen: false, full_hd: false };
  const said = (at: number, type: string): unknown[] =>
    (FakeConnection.made[at]?.channels[0]?.sent ?? []).filter(
      (message) => (message as { type: string }).type === type,
    );
  const hostIs = (host: string) => ({ type: "host-changed", room: "room", host }) as const;

  it("shows hands, and says mine with its age to all, also to who comes late", async () => {
    const mine = call(["ann", "bob"]);
    connect(0);
    expect(said(0, "state")).not.toMatchObject([{ hand: expect.anything() as unknown }]);
    mine.gestures.raise(true);
    expect(said(0, "state").at(-1)).toMatchObject({ hand: 0 });
    await clock.pass(3_000);
    connect(1);
    expect(said(1, "state").at(-1)).toMatchObject({ hand: 3_000 });
    FakeConnection.made[1]?.hear({ ...STATE, hand: 1_000 });
    expect(mine.view().peers.map(({ hand }) => hand)).toEqual([null, clock.now() - 1_000]);
    mine.gestures.raise(false);
    expect(said(0, "state").at(-1)).not.toHaveProperty("hand");
  });

  it("is muted by whom the room has as its host, and unmuted by nobody else", () => {
    const mine = call(["ann", "bob"]);
    const [ann, bob] = [connect(0), connect(1)];
    ann.hear({ type: "mute", everyone: true });
    expect(microphone.enabled, "I am the host").toBe(true);
    mine.receive(hostIs("ann"));
    bob.hear({ type: "mute", everyone: true });
    expect(microphone.enabled).toBe(true);
    ann.hear({ type: "mute", everyone: true });
    expect(microphone.enabled).toBe(false);
    expect(mine.view()).toMatchObject({
      microphone: false,
      gestures: { asked: { what: "muted", by: "ann" } },
    });
    expect(said(1, "state").at(-1)).toMatchObject({ microphone: false });
    ann.hear({ type: "ask-unmute" });
    expect(microphone.enabled).toBe(false);
    expect(mine.view().gestures.asked).toMatchObject({ what: "unmute" });
    mine.setMicrophone(true);
    expect(microphone.enabled).toBe(true);
    expect(mine.view().gestures.asked).toBeNull();
  });

  it("follows the host of a room that has moved", () => {
    const mine = call(["ann"]);
    const ann = connect(0);
    mine.receive({
      type: "room-moved",
      room: "room",
      state: {
        room: { hub: { device: "another", addresses: [] }, room: "room" },
        host: "ann",
        rules: { title: "", door: "open", capacity: 4 },
        founder: "ann",
        participants: [someone("ann")],
        ice_servers: [],
      },
    });
    ann.hear({ type: "spotlight", device: "me", screen: false });
    expect(mine.view().gestures.spotlight).toEqual({ device: "me", screen: false });
  });

  it("tells who comes late of the spotlight once, and ends it when they leave", () => {
    const mine = call(["ann", "bob"]);
    connect(0);
    mine.gestures.light({ device: "bob", screen: false });
    expect(said(0, "spotlight")).toEqual([{ type: "spotlight", device: "bob", screen: false }]);
    connect(1);
    expect(said(1, "spotlight")).toHaveLength(1);
    mine.receive(wentAway("bob", "left"));
    expect(mine.view().gestures.spotlight).toBeNull();
    expect(said(0, "spotlight").at(-1)).toEqual({ type: "spotlight", screen: false });
  });

  it("is not put out by what is no message", () => {
    const mine = call(["ann"]);
    const ann = connect(0);
    for (const junk of [null, 7, "react", [], [1], {}, { type: null }, { type: "react" }]) ann.hear(junk);
    expect(mine.view().peers).toMatchObject([{ hand: null, reaction: null, connection: "connected" }]);
    ann.hear({ type: "react", reaction: "heart" });
    expect(mine.view().peers).toMatchObject([{ reaction: { reaction: "heart" } }]);
  });

  it("does not take the end of what was said for talking while muted", async () => {
    const mine = call(["ann"]);
    level = 0.2;
    await clock.pass(1_000);
    mine.setMicrophone(false);
    level = 0.015;
    await clock.pass(500);
    expect(mine.view().mutedWhileSpeaking).toBe(false);
    level = 0.2;
    await clock.pass(500);
    expect(mine.view().mutedWhileSpeaking).toBe(true);
  });
});

describe("a room that moves", () => {
  const state = (present: string[]) => ({
    room: { hub: { device: "another", addresses: [] }, room: "room" },
    epoch: 1,
    origin: "hub",
    host: "bob",
    rules: { title: "", door: "open" as const, capacity: 4 },
    founder: "ann",
    participants: present.map(someone),
    ice_servers: [],
  });
  const moved = (present: string[]) => ({ type: "room-moved", room: "room", state: state(present) }) as const;
  const returned = (device: string) =>
    ({ type: "participant-returned", room: "room", participant: someone(device) }) as const;
  const ann = new FakeTrust("ann");
  const offer = async (round: number, name: string) => {
    const sdp = `a=fingerprint:sha-256 AA\r\na=ice-ufrag:${name}\r\n`;
    const description = await ann.seal("me", { type: "offer", sdp, round });
    return {
      type: "signal",
      room: "room",
      from: "ann",
      signal: { type: "description", description },
    } as const;
  };

  it("does not wait for who has another address now, only for who has another name", async () => {
    const mine = call(["ann"]);
    connect(0);
    await settle();
    signals = [];
    const offers = (): number =>
      signals.filter(({ signal }) => signal.type === "description" && signal.description.type === "offer")
        .length;
    const changed = (person: Participant["person"], addresses: string[]): void => {
      const hub = { device: "ann", addresses };
      const participant = { ...someone("ann"), person, hub };
      mine.receive({ type: "participant-changed", room: "room", participant });
    };
    const { person } = someone("ann");
    changed(person, ["192.0.2.1:7"]);
    await clock.pass(10_000);
    changed({ ...person, name: "Annie" }, ["192.0.2.1:7"]);
    FakeConnection.made[0]?.become("disconnected");
    await settle();
    expect(offers()).toBe(0);
    FakeConnection.made[0]?.become("connected");
    changed(person, ["192.0.2.2:7"]);
    FakeConnection.made[0]?.become("disconnected");
    await settle();
    expect(offers()).toBe(1);
  });

  it("keeps every connection, and offers to whom there is none", async () => {
    const mine = call(["ann", "bob"]);
    connect(0);
    connect(1);
    await settle();
    signals = [];
    mine.receive(moved(["bob", "eve"]));
    await settle();
    expect(FakeConnection.made).toHaveLength(3);
    expect(signals.map(({ to }) => to)).toEqual(["eve"]);
    expect(mine.room.hub.device).toBe("another");
    // Ann is missing there, not gone.
    expect(mine.size).toBe(3);
    mine.receive(returned("ann"));
    await settle();
    expect(FakeConnection.made).toHaveLength(3);
  });

  it("asks who returns and takes it for connected to offer anew", async () => {
    const mine = call([]);
    mine.receive(returned("ann"));
    await settle();
    expect(signals).toEqual([{ to: "ann", signal: { type: "offer-wanted" } }]);
    expect(mine.size).toBe(1);
  });

  it("offers anew when it is asked to, but not twice", async () => {
    const mine = call(["ann"]);
    const wanted = { type: "signal", room: "room", from: "ann", signal: { type: "offer-wanted" } } as const;
    mine.receive(wanted);
    await settle();
    expect(FakeConnection.made).toHaveLength(1);
    connect(0);
    mine.receive(wanted);
    mine.receive(wanted);
    await clock.pass(500);
    expect(FakeConnection.made).toHaveLength(2);
    expect(FakeConnection.made[0]?.connectionState).toBe("closed");
    expect(ended).toEqual([]);
  });

  it("begins anew with who offers anew, and not for a copy of what is known", async () => {
    const mine = call([]);
    mine.receive(joined("ann"));
    const first = await offer(0, "first");
    mine.receive(first);
    await settle();
    connect(0);
    mine.receive(await offer(1, "restart"));
    await settle();
    mine.receive(first);
    await settle();
    expect(FakeConnection.made).toHaveLength(1);
    mine.receive(await offer(0, "another"));
    await clock.pass(500);
    expect(FakeConnection.made).toHaveLength(2);
    expect(mine.size).toBe(1);
    expect(ended).toEqual([]);
  });

  it("takes an offer from somebody to whom it offered once", async () => {
    const mine = call(["ann"]);
    connect(0);
    mine.receive(await offer(0, "theirs"));
    await clock.pass(500);
    expect(FakeConnection.made).toHaveLength(2);
    expect(mine.size).toBe(1);
  });
});
