/** Who offers, in which order, and that nothing late or doubled does harm. Real connections: tests/browser. */
import { beforeEach, describe, expect, it } from "vitest";
import { LIMITS, type Description } from "../gen/protocol";
import { RETRY_EVERY, SILENT_AGAIN, SILENT_FOR } from "./healing";
import { ANSWER_TIME, OFFER_FOR } from "./peer";
import { FakeClock, FakeConnection, FakeTrack, FakeTrust, settle } from "./testing";
import { LOCAL, side, type Side } from "./testing-side";

let clock: FakeClock;

function descriptions({ sent }: Side): Description[] {
  return sent.flatMap((signal) => (signal.type === "description" ? [signal.description] : []));
}

async function deliver(from: Side, to: Side): Promise<void> {
  for (const signal of from.sent.splice(0)) to.peer.receive(signal);
  await settle();
}

async function connected(): Promise<{ newcomer: Side; host: Side }> {
  const newcomer = side(clock, true);
  const host = side(clock, false);
  await settle();
  await deliver(newcomer, host);
  await deliver(host, newcomer);
  for (const { pc } of [newcomer, host]) {
    pc.become("connected");
    pc.open();
  }
  await settle();
  return { newcomer, host };
}

beforeEach(() => {
  clock = new FakeClock();
  FakeConnection.made = [];
});

describe("the first round", () => {
  it("offers four lanes in order, two streams, and the channels", async () => {
    const { pc, sent } = side(clock, true);
    await settle();
    expect(pc.transceivers.map(({ receiver }) => receiver.track.kind)).toEqual([
      "audio",
      "video",
      "video",
      "audio",
    ]);
    expect(pc.transceivers.every(({ direction }) => direction === "sendrecv")).toBe(true);
    const [voice, camera, screen, sound] = pc.transceivers.map(({ sender }) => sender.streams[0]);
    expect(voice).toBe(camera);
    expect(screen).toBe(sound);
    expect(voice).not.toBe(screen);
    expect(pc.channels.map(({ label, options }) => [label, options.negotiated, options.id])).toEqual([
      ["control", true, 0],
      ["chat", true, 1],
      ["files", true, 2],
    ]);
    expect(sent).toMatchObject([{ type: "description", description: { type: "offer", round: 0 } }]);
    expect(pc.configuration.iceServers).toEqual([{ urls: ["stun:192.0.2.1"] }]);
  });

  it("never offers from the answering side", async () => {
    const host = side(clock, false);
    await clock.pass(1_000);
    expect(host.sent).toEqual([]);
  });

  it("answers on the offer's lanes, with what is sent already on them", async () => {
    const track = new FakeTrack("video");
    const newcomer = side(clock, true);
    const host = side(clock, false, ["camera", track]);
    await settle();
    await deliver(newcomer, host);
    expect(host.pc.transceivers.map(({ direction }) => direction)).toEqual(Array(4).fill("sendrecv"));
    expect(host.pc.transceivers[1]?.sender.track).toBe(track);
    expect(descriptions(host)).toMatchObject([{ type: "answer", round: 0 }]);
    await deliver(host, newcomer);
    expect(newcomer.pc.signalingState).toBe("stable");
    expect(newcomer.pc.transceivers[0]?.sender.parameters.encodings[0]).toMatchObject({
      priority: "high",
      networkPriority: "high",
      maxBitrate: 64_000,
    });
    expect(host.peer.media?.getTracks()).toHaveLength(2);
  });

  it("refuses an offer that has not our lanes, and asks for another", async () => {
    const host = side(clock, false);
    const sdp = "v=0\r\na=fingerprint:sha-256 AA\r\nm=video 9\r\n";
    const description = await new FakeTrust("newcomer").seal("host", { type: "offer", sdp, round: 0 });
    host.peer.receive({ type: "description", description });
    await settle();
    expect(descriptions(host)).toEqual([]);
    expect(host.sent).toEqual([{ type: "restart-wanted" }]);
  });

  it("holds candidates until their description is there", async () => {
    const newcomer = side(clock, true);
    const host = side(clock, false);
    await settle();
    newcomer.pc.find("candidate:1", "offer1");
    const [offer, candidate] = newcomer.sent.splice(0);
    if (!offer || !candidate) throw new Error("an offer and a candidate were expected");
    host.peer.receive(candidate);
    await settle();
    expect(host.pc.candidates).toEqual([]);
    host.peer.receive(offer);
    await settle();
    expect(host.pc.candidates).toMatchObject([{ candidate: "candidate:1" }]);
  });
});

describe("an ICE restart", () => {
  it("comes from the offering side after a while of 'disconnected', and by both ways", async () => {
    const { newcomer, host } = await connected();
    newcomer.sent.length = 0;
    newcomer.pc.become("disconnected");
    await clock.pass(LIMITS.ICE_RESTART_AFTER - 10);
    expect(newcomer.sent).toEqual([]);
    await clock.pass(20);
    expect(descriptions(newcomer)).toMatchObject([{ type: "offer", round: 1 }]);
    expect(newcomer.pc.channels[0]?.sent.at(-1)).toMatchObject({ type: "signal" });
    expect(newcomer.peer.connection).toBe("reconnecting");
    await deliver(newcomer, host);
    await deliver(host, newcomer);
    newcomer.pc.become("connected");
    await clock.pass(2 * RETRY_EVERY);
    expect(newcomer.peer.connection).toBe("connected");
    expect(newcomer.sent).toEqual([]);
  });

  it("comes at once when it is known that somebody has changed their network", async () => {
    const { newcomer } = await connected();
    newcomer.sent.length = 0;
    newcomer.peer.nudge();
    await clock.pass(3_000);
    expect(newcomer.sent).toEqual([]);
    newcomer.pc.become("disconnected");
    await settle();
    expect(descriptions(newcomer)).toMatchObject([{ type: "offer", round: 1 }]);
  });

  it("comes when no voice comes any more, though the engine still believes in the line", async () => {
    const { newcomer } = await connected();
    newcomer.sent.length = 0;
    const receiver = newcomer.pc.transceivers[0]?.receiver;
    if (!receiver) throw new Error("there is a voice");
    let timestamp = 1_000;
    const listen = async (count: number, step: number) => {
      for (let one = 0; one < count; one++) {
        timestamp += step;
        newcomer.peer.level();
        await clock.pass(100);
      }
    };
    // Who has never sent a voice is not missed.
    await listen(100, 0);
    receiver.getSynchronizationSources = () => [{ audioLevel: 0, timestamp }];
    await listen(50, 100);
    await listen(SILENT_FOR / 100 - 1, 0);
    expect(newcomer.sent).toEqual([]);
    await listen(3, 0);
    expect(descriptions(newcomer)).toMatchObject([{ type: "offer", round: 1 }]);
    await listen(SILENT_AGAIN / 100, 0);
    expect(descriptions(newcomer)).toHaveLength(2);
    // They may have lost their microphone: it is not tried for ever.
    await listen(300, 0);
    expect(descriptions(newcomer)).toHaveLength(3);
  });

  it("is offered again as it is, with its candidates, while nobody answers", async () => {
    const { newcomer, host } = await connected();
    newcomer.sent.length = 0;
    newcomer.pc.become("failed");
    await settle();
    newcomer.pc.find("candidate:1", "offer2");
    const first = newcomer.sent.splice(0);
    expect(first).toMatchObject([{ type: "description", description: { round: 1 } }, { type: "candidate" }]);
    await clock.pass(RETRY_EVERY + 10);
    expect(newcomer.sent).toEqual(first);
    await deliver(newcomer, host);
    host.pc.find("candidate:2", "answer2");
    const answered = host.sent.splice(0);
    // Their answer was lost: they give it again, candidates and all.
    await clock.pass(RETRY_EVERY);
    await deliver(newcomer, host);
    expect(host.sent).toEqual(answered);
    await deliver(host, newcomer);
    expect(newcomer.pc.signalingState).toBe("stable");
    expect(newcomer.pc.candidates.at(-1)).toMatchObject({ candidate: "candidate:2" });
  });

  it("gives its place to another when nobody has answered for long", async () => {
    const { newcomer } = await connected();
    newcomer.sent.length = 0;
    newcomer.pc.become("failed");
    await clock.pass(OFFER_FOR - 10);
    expect(new Set(descriptions(newcomer).map(({ round }) => round))).toEqual(new Set([1]));
    await clock.pass(RETRY_EVERY);
    expect(descriptions(newcomer).at(-1)).toMatchObject({ round: 2 });
  });

  it("has its time when it was answered, before another begins", async () => {
    const { newcomer, host } = await connected();
    newcomer.pc.become("failed");
    await settle();
    await deliver(newcomer, host);
    await deliver(host, newcomer);
    newcomer.pc.become("disconnected");
    for (let passed = 0; passed < ANSWER_TIME - 100; passed += 500) {
      newcomer.peer.nudge();
      await clock.pass(500);
    }
    expect(newcomer.sent).toEqual([]);
    await clock.pass(RETRY_EVERY);
    expect(descriptions(newcomer)).toMatchObject([{ round: 2 }]);
  });

  it("does not come when the connection heals by itself", async () => {
    const { newcomer } = await connected();
    newcomer.sent.length = 0;
    newcomer.pc.become("disconnected");
    await clock.pass(1_000);
    newcomer.pc.become("connected");
    await clock.pass(60_000);
    expect(newcomer.sent).toEqual([]);
    expect(newcomer.log).toEqual([]);
  });

  it("is asked for by the answering side, and made once though asked for by two ways", async () => {
    const { newcomer, host } = await connected();
    newcomer.sent.length = 0;
    host.pc.become("failed");
    await settle();
    expect(host.sent).toEqual([{ type: "restart-wanted" }]);
    newcomer.peer.receive({ type: "restart-wanted" });
    newcomer.pc.hear({ type: "signal", signal: { type: "restart-wanted" } });
    await settle();
    expect(descriptions(newcomer)).toHaveLength(1);
  });

  it("answers an offer that comes twice with the same answer, and takes an answer only once", async () => {
    const { newcomer, host } = await connected();
    newcomer.pc.become("failed");
    await settle();
    const [offer] = descriptions(newcomer);
    if (!offer) throw new Error("an offer was expected");
    for (const signal of newcomer.sent.splice(0)) {
      host.peer.receive(signal);
      host.pc.hear({ type: "signal", signal });
    }
    await settle();
    host.peer.receive({ type: "description", description: offer });
    await settle();
    const answers = descriptions(host);
    expect(answers).toHaveLength(2);
    expect(answers[0]).toEqual(answers[1]);
    await deliver(host, newcomer);
    expect(newcomer.pc.signalingState).toBe("stable");
    expect(host.pc.signalingState).toBe("stable");
  });

  it("drops the answers of earlier rounds that come late", async () => {
    const { newcomer, host } = await connected();
    newcomer.pc.become("failed");
    await settle();
    await deliver(newcomer, host);
    const late = host.sent.splice(0);
    await clock.pass(OFFER_FOR + RETRY_EVERY);
    expect(descriptions(newcomer).at(-1)).toMatchObject({ round: 2 });
    for (const signal of late) newcomer.peer.receive(signal);
    await settle();
    expect(newcomer.pc.signalingState).toBe("have-local-offer");
    await deliver(newcomer, host);
    await deliver(host, newcomer);
    expect(newcomer.pc.signalingState).toBe("stable");
    expect(newcomer.pc.remoteDescription?.sdp).toContain("a=ice-ufrag:answer3");
  });

  it("drops an offer of an earlier round", async () => {
    const { newcomer, host } = await connected();
    newcomer.pc.become("failed");
    await settle();
    const first = newcomer.sent.splice(0);
    await clock.pass(OFFER_FOR + RETRY_EVERY);
    await deliver(newcomer, host);
    host.sent.length = 0;
    for (const signal of first) host.peer.receive(signal);
    await settle();
    expect(descriptions(host)).toEqual([]);
  });

  it("is tried until the call is given up", async () => {
    const { newcomer } = await connected();
    newcomer.sent.length = 0;
    newcomer.pc.become("disconnected");
    await clock.pass(20_000);
    expect(newcomer.log).toEqual([]);
    expect(descriptions(newcomer).length).toBeGreaterThan(3);
    await clock.pass(LIMITS.CALL_LOST_AFTER - 20_000 + 10);
    expect(newcomer.log).toEqual(["lost"]);
    expect(newcomer.peer.connection).toBe("lost");
  });
});

describe("the control channel", () => {
  it("says the state when it opens and after each change", async () => {
    const { newcomer } = await connected();
    newcomer.peer.setLocal({ ...LOCAL, microphone: false });
    expect(newcomer.pc.channels[0]?.sent).toMatchObject([
      { type: "state", microphone: true },
      { type: "state", microphone: false },
    ]);
  });

  it("says goodbye before it closes", async () => {
    const { newcomer } = await connected();
    newcomer.peer.close();
    expect(newcomer.pc.channels[0]?.sent.at(-1)).toEqual({ type: "bye" });
    expect(newcomer.pc.connectionState).toBe("connected");
    await clock.pass(200);
    expect(newcomer.pc.connectionState).toBe("closed");
  });

  it("raises the bitrate when both can do 1080p", async () => {
    const { newcomer } = await connected();
    newcomer.peer.setLocal({ ...LOCAL, full_hd: true });
    newcomer.pc.hear({ type: "state", ...LOCAL, full_hd: true });
    await settle();
    expect(newcomer.pc.transceivers[1]?.sender.parameters.encodings[0]?.maxBitrate).toBe(4_000_000);
  });

  it("carries the words of comparing a code, from and to the device key", async () => {
    const { newcomer, host } = await connected();
    const code = [1, 2, 3, 4, 5, 6, 7];
    host.trust.answer = () => ({ stage: { type: "compare", code }, say: [{ type: "nonce", nonce: "n" }] });
    host.pc.hear({ type: "verify", verify: { type: "commit", commitment: "c" } });
    await settle();
    expect(host.trust.steps).toEqual([{ type: "heard", verify: { type: "commit", commitment: "c" } }]);
    expect(host.pc.channels[0]?.sent.at(-1)).toEqual({
      type: "verify",
      verify: { type: "nonce", nonce: "n" },
    });
    expect(host.peer.verifying.view).toEqual({
      stage: { type: "compare", code },
      theirs: true,
      problem: null,
    });
    newcomer.trust.answer = () => ({
      stage: { type: "waiting" },
      say: [{ type: "commit", commitment: "d" }],
    });
    newcomer.peer.verifying.begin();
    await settle();
    expect(newcomer.pc.channels[0]?.sent.at(-1)).toEqual({
      type: "verify",
      verify: { type: "commit", commitment: "d" },
    });
  });

  it("outlives what is not its language", async () => {
    const { newcomer } = await connected();
    newcomer.pc.channels[0]?.onmessage?.({ data: "{" });
    newcomer.pc.channels[0]?.onmessage?.({ data: new ArrayBuffer(3) });
    newcomer.pc.hear({ type: "something-new" });
    newcomer.pc.hear({ type: "bye" });
    expect(newcomer.log).toEqual(["bye"]);
  });
});
