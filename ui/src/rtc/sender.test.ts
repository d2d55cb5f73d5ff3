/** Senders, their parameters and what coders are told of them (W3C WebRTC 1.0, section 5.2). */
import { beforeEach, describe, expect, it } from "vitest";
import { negotiate, page, settle, thrown, trickle, type Page } from "./testing";
import { FakeTrack, stream, type FakeVideoSender } from "./testing-media";

let side: Page;
let one: RTCPeerConnection;
let two: RTCPeerConnection;
let camera: FakeTrack;
let sender: RTCRtpSender;

beforeEach(async () => {
  side = page();
  one = side.connection();
  two = side.connection();
  trickle(one, two);
  camera = new FakeTrack("video");
  sender = one.addTrack(camera.asTrack, stream());
});

function coder(): FakeVideoSender {
  const [first] = side.media.videoSenders;
  if (!first) throw new Error("no coder");
  return first;
}

describe("setParameters", () => {
  it("reaches the coder and the native side", async () => {
    await negotiate(one, two);
    const parameters = sender.getParameters();
    expect(parameters.encodings).toEqual([
      { active: true, priority: "low", networkPriority: "low", scaleResolutionDownBy: 1 },
    ]);
    Object.assign(parameters.encodings[0] ?? {}, {
      maxBitrate: 300_000,
      maxFramerate: 10,
      scaleResolutionDownBy: 2,
      priority: "high",
      active: false,
    });
    parameters.degradationPreference = "maintain-framerate";
    await sender.setParameters(parameters);
    expect(coder().settings).toEqual({
      active: false,
      maxBitrate: 300_000,
      maxFramerate: 10,
      scaleResolutionDownBy: 2,
      priority: "high",
      degradation: "maintain-framerate",
    });
    expect(side.native.asked("set-sender").at(-1)).toMatchObject({
      encoding: { active: false, max_bitrate: 300_000, priority: "high" },
    });
    expect(sender.getParameters()).toMatchObject({
      encodings: [{ maxBitrate: 300_000, scaleResolutionDownBy: 2 }],
      degradationPreference: "maintain-framerate",
    });
  });

  it("is refused by name", async () => {
    const attempt = async (change: (parameters: RTCRtpSendParameters) => void): Promise<string> => {
      const parameters = sender.getParameters();
      change(parameters);
      return thrown(() => sender.setParameters(parameters));
    };
    const [encoding] = sender.getParameters().encodings;
    expect(await attempt((given) => (given.transactionId = "x"))).toBe("InvalidModificationError");
    expect(await attempt((given) => (given.encodings = []))).toBe("InvalidModificationError");
    expect(await attempt((given) => given.encodings.push({ ...encoding }))).toBe("InvalidModificationError");
    expect(await attempt((given) => given.codecs.push({ payloadType: 1, mimeType: "x", clockRate: 1 }))).toBe(
      "InvalidModificationError",
    );
    expect(await attempt((given) => (given.rtcp.reducedSize = !given.rtcp.reducedSize))).toBe(
      "InvalidModificationError",
    );
    expect(
      await attempt((given) => Object.assign(given.encodings[0] ?? {}, { scaleResolutionDownBy: 0.5 })),
    ).toBe("RangeError");
    expect(await attempt((given) => Object.assign(given.encodings[0] ?? {}, { maxFramerate: -1 }))).toBe(
      "RangeError",
    );
    expect(await attempt((given) => Object.assign(given.encodings[0] ?? {}, { priority: "x" }))).toBe(
      "TypeError",
    );
    expect(await attempt((given) => Object.assign(given.encodings[0] ?? {}, { codec: {} }))).toBe(
      "NotSupportedError",
    );
    const stale = sender.getParameters();
    await settle();
    expect(await thrown(() => sender.setParameters(stale))).toBe("InvalidStateError");
    one.getTransceivers()[0]?.stop();
    expect(await thrown(() => sender.setParameters(sender.getParameters()))).toBe("InvalidStateError");
  });

  it("gives no simulcast", async () => {
    const many = [{ rid: "a" }, { rid: "b" }];
    expect(await thrown(() => one.addTransceiver("video", { sendEncodings: many }))).toBe(
      "NotSupportedError",
    );
    expect(await thrown(() => one.addTransceiver("video", { sendEncodings: [{}, {}] }))).toBe("TypeError");
    expect(
      await thrown(() => one.addTransceiver("video", { sendEncodings: [{ scaleResolutionDownBy: 0.1 }] })),
    ).toBe("RangeError");
    const made = one.addTransceiver("video", { sendEncodings: [{ rid: "a", maxBitrate: 5 }] });
    expect(made.sender.getParameters().encodings).toMatchObject([{ maxBitrate: 5 }]);
    expect(made.sender.getParameters().encodings[0]).not.toHaveProperty("rid");
  });
});

describe("what is sent", () => {
  it("follows what was agreed, not what is wished", async () => {
    expect(coder().settings?.active).toBe(false);
    await negotiate(one, two);
    expect([coder().settings?.active, coder().bound]).toEqual([true, [1, 0]]);
    const transceiver = one.getTransceivers()[0];
    if (transceiver) transceiver.direction = "inactive";
    expect(coder().settings?.active).toBe(true);
    await negotiate(one, two);
    expect(coder().settings?.active).toBe(false);
    expect(side.native.asked("set-sender").at(-1)).toMatchObject({ pc: 1, sending: false });
  });

  it("has the codec, the target and the wish that came before the line did", async () => {
    const codec = { mime_type: "video/VP8", clock_rate: 90_000 };
    side.native.event(1, { type: "send-codec", line: 0, codec });
    side.native.event(1, { type: "target", line: 0, bitrate: 5 });
    await settle();
    expect([coder().codec, coder().target]).toEqual([null, null]);
    await one.setLocalDescription();
    expect([coder().codec, coder().target]).toEqual([codec, 5]);
  });

  it("keeps its size for text, unless the page prefers something else", async () => {
    await negotiate(one, two);
    const screen = new FakeTrack("video");
    screen.contentHint = "text";
    await sender.replaceTrack(screen.asTrack);
    expect(coder().settings?.degradation).toBe("maintain-resolution");
    const parameters = sender.getParameters();
    parameters.degradationPreference = "balanced";
    await sender.setParameters(parameters);
    expect(coder().settings?.degradation).toBe("balanced");
  });

  it("ends with the track, and only takes tracks of its kind", async () => {
    await negotiate(one, two);
    expect(await thrown(() => sender.replaceTrack(new FakeTrack("audio").asTrack))).toBe("TypeError");
    expect(side.native.asked("set-sender").at(-1)).toMatchObject({ sending: true });
    camera.unplug();
    expect(side.native.asked("set-sender").at(-1)).toMatchObject({ sending: false });
    await sender.replaceTrack(null);
    expect([sender.track, coder().track]).toEqual([null, null]);
    one.close();
    expect(await thrown(() => sender.replaceTrack(null))).toBe("InvalidStateError");
    expect(coder().isClosed).toBe(true);
  });
});

describe("getStats", () => {
  it("adds what the coders know, and selects one end with what it refers to", async () => {
    await negotiate(one, two);
    const peer = side.native.peers.get(1);
    if (!peer) throw new Error("no connection");
    const timestamp = 1;
    peer.entries = [
      { id: "T", type: "transport", timestamp },
      { id: "C", type: "codec", timestamp, mimeType: "video/VP8" },
      { id: "O", type: "outbound-rtp", kind: "video", mid: "0", timestamp, codecId: "C", remoteId: "R" },
      { id: "R", type: "remote-inbound-rtp", kind: "video", timestamp, localId: "O", fractionLost: 0.1 },
      { id: "I", type: "inbound-rtp", kind: "video", mid: "0", timestamp, transportId: "T" },
    ];
    const of = (report: RTCStatsReport): string[] =>
      [...(report as unknown as Map<string, unknown>).keys()].sort();
    const all = (await one.getStats()) as unknown as Map<string, Record<string, unknown>>;
    expect(all.get("O")).toMatchObject({
      framesEncoded: 90,
      qualityLimitationReason: "bandwidth",
      targetBitrate: 2_000_000,
      mediaSourceId: "S0",
      active: true,
    });
    expect(all.get("O")).not.toHaveProperty("source");
    expect(all.get("S0")).toMatchObject({ kind: "video", width: 1280, trackIdentifier: camera.id });
    expect(all.get("I")).toMatchObject({ freezeCount: 1, framesPerSecond: 25, frameWidth: 640 });
    expect(all.get("T")).toMatchObject({
      iceRole: "controlling",
      dtlsRole: "server",
      iceState: expect.any(String),
    });
    expect(of(await one.getStats(camera.asTrack))).toEqual(["C", "O", "R", "S0"]);
    expect(of(await sender.getStats())).toEqual(["C", "O", "R", "S0"]);
    expect(of((await one.getReceivers()[0]?.getStats()) as RTCStatsReport)).toEqual(["I", "T"]);
    expect(await thrown(() => one.getStats(new FakeTrack("video").asTrack))).toBe("InvalidAccessError");
    // Before the other side knows.
    one.getTransceivers()[0]?.stop();
    expect(of(await sender.getStats())).toEqual([]);
    expect(of(await one.getStats()).filter((id) => ["O", "I"].includes(id))).toEqual([]);
    one.close();
    expect(of(await one.getStats())).toEqual(["P"]);
  });
});
