/** What a peer is sent follows what it asks for, over the data channel; the voice stays as it is. */
import { beforeEach, describe, expect, it } from "vitest";
import { Adapting } from "./adapting";
import { CALM } from "./wanting";
import { FakeClock, FakeConnection, FakeTrack, settle } from "./testing";
import { side, type Side } from "./testing-side";

let clock: FakeClock;
let host: Side;

/** Connected, with a camera of 1280x720, and no longer fresh. */
beforeEach(async () => {
  clock = new FakeClock();
  FakeConnection.made = [];
  const camera = new FakeTrack("video", "", { width: 1280, height: 720 });
  const newcomer = side(clock, true);
  host = side(clock, false, ["camera", camera]);
  await settle();
  for (const [from, to] of [
    [newcomer, host],
    [host, newcomer],
  ] as const) {
    for (const signal of from.sent.splice(0)) to.peer.receive(signal);
    await settle();
  }
  host.pc.become("connected");
  host.pc.open();
  await clock.pass(6_000);
});

const encoding = (line: number) => host.pc.transceivers[line]?.sender.parameters.encodings[0];

it("sends whole to whoever says nothing", () => {
  expect(encoding(1)).toMatchObject({ active: true, scaleResolutionDownBy: 1, maxFramerate: 30 });
});

it("sends no larger than it is shown, nothing out of sight, and at once again", async () => {
  const voice = structuredClone(encoding(0));
  host.pc.hear({ type: "want", camera: { width: 320, height: 180 } });
  await clock.pass(300);
  expect(encoding(1)).toMatchObject({ active: true, scaleResolutionDownBy: 4 });
  expect(encoding(2)).toMatchObject({ active: false });
  host.pc.hear({ type: "want" });
  await clock.pass(300);
  expect(encoding(1)).toMatchObject({ active: false });
  host.pc.hear({ type: "want", camera: { width: 1280, height: 720 } });
  await clock.pass(300);
  expect(encoding(1)).toMatchObject({ active: true, scaleResolutionDownBy: 1 });
  expect(encoding(0)).toEqual(voice);
  expect(encoding(0)).toMatchObject({ priority: "high", networkPriority: "high", maxBitrate: 64_000 });
});

it("drops what cannot be read, and bears a flood", async () => {
  const before = structuredClone(encoding(1));
  const bad = [0, -1, 1.5, 65_536, 1e21, "9", null, {}];
  for (const width of bad) host.pc.hear({ type: "want", camera: { width, height: 180 } });
  for (const camera of [null, 7, "x", []]) host.pc.hear({ type: "want", camera });
  await clock.pass(1_000);
  expect(encoding(1)).toEqual(before);

  let sets = 0;
  const sender = host.pc.transceivers[1]?.sender;
  if (!sender) throw new Error("there is a camera lane");
  const set = sender.setParameters.bind(sender);
  sender.setParameters = (parameters) => (sets++, set(parameters));
  for (let turn = 0; turn < 1_000; turn++) {
    host.pc.hear({ type: "want", camera: { width: turn % 2 ? 1280 : 160, height: 90 } });
    await clock.pass(1);
  }
  expect(sets).toBeLessThanOrEqual(5);
});

it("asks for what is shown once the channel is open", async () => {
  const said = () => host.pc.channels[0]?.sent.filter((one) => (one as { type: string }).type === "want");
  expect(said()).toEqual([]);
  host.peer.wanting.put({ camera: { width: 320, height: 180 }, screen: null });
  await clock.pass(CALM + 10);
  expect(said()).toEqual([{ type: "want", camera: { width: 320, height: 180 } }]);
});

describe("a line that was gone", () => {
  const LOOK = 2_000;
  const report = (pair: string, available: number) =>
    new Map<string, unknown>([
      ["T", { type: "transport", selectedCandidatePairId: pair }],
      [pair, { type: "candidate-pair", availableOutgoingBitrate: available }],
      ["O", { type: "outbound-rtp", kind: "video", qualityLimitationReason: "bandwidth" }],
    ]) as unknown as RTCStatsReport;
  let adapting: Adapting;
  let now = 0;
  const look = (count: number, pair: string, available: number, carries = true) => {
    for (let one = 0; one < count; one++) adapting.looked(report(pair, available), (now += LOOK), carries);
  };
  beforeEach(() => {
    adapting = new Adapting();
  });

  it("is judged only while it carries something, and after a while", () => {
    look(6, "one", 90_000);
    expect(adapting.starved).toBe(false);
    // What an engine thinks of a line from which nothing comes back.
    look(10, "one", 5_000, false);
    look(2, "one", 5_000);
    expect(adapting.starved).toBe(false);
    look(4, "one", 5_000);
    expect(adapting.starved).toBe(true);
  });

  it("is not remembered where there is another one", () => {
    look(40, "one", 90_000);
    expect(adapting.starved).toBe(true);
    look(1, "two", 300_000);
    expect(adapting.starved).toBe(false);
    look(2, "two", 50_000);
    expect(adapting.starved).toBe(false);
    look(4, "two", 50_000);
    expect(adapting.starved).toBe(true);
  });
});
