import { describe, expect, it } from "vitest";
import { Candidates } from "./candidates";
import { BITRATE, encodingOf, inOrder } from "./codecs";
import { chooseInput, problemOf, type Current } from "./devices";
import { qualityOf, snapshot, type Snapshot } from "./quality";
import { Speaking } from "./speaking";

function codec(mimeType: string, sdpFmtpLine = ""): RTCRtpCodec {
  return { mimeType, clockRate: 90_000, ...(sdpFmtpLine ? { sdpFmtpLine } : {}) };
}

describe("codec order", () => {
  const all = ["video/VP8", "video/rtx", "video/VP9", "video/H264", "video/AV1", "video/red"].map((name) =>
    codec(name),
  );

  it("puts H.264 first and what is no codec last, and loses none", () => {
    const names = inOrder(all, all, "video").map(({ mimeType }) => mimeType);
    expect(names).toEqual(["video/H264", "video/VP8", "video/VP9", "video/AV1", "video/rtx", "video/red"]);
  });

  it("puts H.264 behind what can be sent where there is no encoder for it", () => {
    const sendable = all.filter(({ mimeType }) => mimeType !== "video/H264");
    const names = inOrder(all, sendable, "video").map(({ mimeType }) => mimeType);
    expect(names.slice(0, 4)).toEqual(["video/VP8", "video/VP9", "video/AV1", "video/H264"]);
  });

  it("prefers packetization-mode 1", () => {
    const [zero, one] = [
      codec("video/H264", "packetization-mode=0"),
      codec("video/H264", "packetization-mode=1"),
    ];
    expect(inOrder([zero, one], [zero, one], "video")[0]).toBe(one);
  });

  it("puts Opus first, redundancy behind it", () => {
    const sound = ["audio/PCMU", "audio/red", "audio/opus"].map((name) => codec(name));
    expect(inOrder(sound, sound, "audio").map(({ mimeType }) => mimeType)).toEqual([
      "audio/opus",
      "audio/red",
      "audio/PCMU",
    ]);
  });

  it("gives the voice the highest priority, and a camera more where both can do 1080p", () => {
    expect(encodingOf("voice", false, false).priority).toBe("high");
    expect(encodingOf("camera", true, false).maxBitrate).toBe(BITRATE.cameraFullHd);
    expect(encodingOf("camera", false, false).maxBitrate).toBe(BITRATE.camera);
    expect(encodingOf("camera", false, true).degradation).toBe("maintain-resolution");
  });
});

describe("candidates", () => {
  const of = (usernameFragment: string) => ({ candidate: "candidate:1", usernameFragment });

  it("wait for the description of their own round", () => {
    const candidates = new Candidates();
    expect(candidates.admit(of("ab"))).toBe(false);
    expect(candidates.described("v=0\r\na=ice-ufrag:abc\r\n")).toEqual([]);
    expect(candidates.admit(of("abc"))).toBe(true);
    expect(candidates.described("v=0\r\na=ice-ufrag:ab\r\n")).toEqual([of("ab")]);
    expect(candidates.described("v=0\r\na=ice-ufrag:ab\r\n")).toEqual([]);
  });

  it("are not kept without bound", () => {
    const candidates = new Candidates();
    for (let at = 0; at < 5_000; at++) candidates.admit(of("late"));
    expect(candidates.described("a=ice-ufrag:late").length).toBeLessThanOrEqual(256);
  });
});

function device(kind: MediaDeviceKind, deviceId: string, label: string, groupId = deviceId): MediaDeviceInfo {
  return { kind, deviceId, label, groupId, toJSON: () => ({}) };
}

describe("the choice of a microphone", () => {
  const inner = device("audioinput", "1", "Inner");
  const headset = device("audioinput", "2", "Headset");
  const using = ({ label, deviceId, groupId }: MediaDeviceInfo): Current => ({ label, deviceId, groupId });

  it("is the preferred one by label, and goes back to it when it is plugged in again", () => {
    expect(chooseInput([inner, headset], "microphone", "Headset", "", null)).toEqual({
      deviceId: "2",
      move: false,
    });
    expect(chooseInput([inner, headset], "microphone", "Headset", "", using(inner))).toEqual({
      deviceId: "2",
      move: true,
    });
    expect(chooseInput([inner, headset], "microphone", "Headset", "", using(headset)).move).toBe(false);
  });

  it("tells two of one label apart by the id that was chosen", () => {
    const twin = device("audioinput", "3", "Headset");
    expect(chooseInput([headset, twin], "microphone", "Headset", "3", null).deviceId).toBe("3");
  });

  it("stays with what works while the preferred one is away", () => {
    expect(chooseInput([inner], "microphone", "Headset", "", using(inner)).move).toBe(false);
    expect(chooseInput([inner], "microphone", "Headset", "", using(headset))).toEqual({
      deviceId: "",
      move: true,
    });
  });

  it("follows the system's choice where none is preferred", () => {
    const standard = (groupId: string) => device("audioinput", "default", "Default", groupId);
    const current = { label: "Default", deviceId: "default", groupId: "1" };
    expect(chooseInput([standard("1"), inner], "microphone", "", "", current).move).toBe(false);
    expect(chooseInput([standard("2"), inner, headset], "microphone", "", "", current)).toEqual({
      deviceId: "",
      move: true,
    });
  });

  it("never takes a camera for a microphone", () => {
    const camera = device("videoinput", "9", "Headset");
    expect(chooseInput([camera], "microphone", "Headset", "", null).deviceId).toBe("");
  });
});

describe("what is wrong with a device", () => {
  it.each([
    ["NotAllowedError", "camera-denied"],
    ["SecurityError", "camera-denied"],
    ["NotFoundError", "camera-missing"],
    ["OverconstrainedError", "camera-missing"],
    ["NotReadableError", "camera-busy"],
    ["AbortError", "camera-busy"],
  ])("%s is %s", (name, code) => {
    expect(problemOf("camera", new DOMException("", name))).toBe(code);
  });
});

/** As Chromium 156 reports a call with 720p video; only the fields that are read. */
function report(
  at: number,
  change: { lost?: number; fractionLost?: number; rtt?: number; frozen?: number } = {},
) {
  const seconds = at / 1000;
  const { lost = 0, fractionLost = 0, rtt = 0.004, frozen = 0 } = change;
  return new Map<string, Record<string, unknown>>([
    ["T01", { type: "transport", selectedCandidatePairId: "CP1" }],
    [
      "CP1",
      {
        type: "candidate-pair",
        nominated: true,
        currentRoundTripTime: rtt,
        localCandidateId: "I1",
        remoteCandidateId: "I2",
      },
    ],
    ["I1", { type: "local-candidate", candidateType: "host" }],
    ["I2", { type: "remote-candidate", candidateType: "prflx" }],
    [
      "IT01A",
      {
        type: "inbound-rtp",
        kind: "audio",
        codecId: "C1",
        packetsReceived: 50 * seconds,
        packetsLost: 0,
        bytesReceived: 5_000 * seconds,
      },
    ],
    [
      "IT01V",
      {
        type: "inbound-rtp",
        kind: "video",
        codecId: "C2",
        packetsReceived: 250 * seconds - lost,
        packetsLost: lost,
        bytesReceived: 250_000 * seconds,
        frameWidth: 1280,
        frameHeight: 720,
        framesPerSecond: 30,
        totalFreezesDuration: frozen,
      },
    ],
    ["OT01V", { type: "outbound-rtp", kind: "video", bytesSent: 125_000 * seconds }],
    ["RI01", { type: "remote-inbound-rtp", kind: "video", fractionLost }],
    ["C1", { type: "codec", mimeType: "audio/opus" }],
    ["C2", { type: "codec", mimeType: "video/H264" }],
  ]);
}

function quality(change: Parameters<typeof report>[1] = {}) {
  const look = (at: number, what = {}): Snapshot => snapshot(report(at, what), at);
  return qualityOf(look(10_000), look(12_000, change));
}

describe("the quality of the line", () => {
  it("is good on a LAN, with its numbers", () => {
    expect(quality()).toEqual({
      bars: 3,
      reason: "quality.good",
      details: {
        rttMs: 4,
        lossPercent: 0,
        inKbps: 2040,
        outKbps: 1000,
        width: 1280,
        height: 720,
        fps: 30,
        codec: "H264",
        route: "direct",
      },
    });
  });

  it("says whose packets are lost", () => {
    expect(quality({ lost: 20 })).toMatchObject({ bars: 2, reason: "quality.their-loss" });
    expect(quality({ lost: 100 })).toMatchObject({ bars: 1, reason: "quality.their-loss" });
    expect(quality({ fractionLost: 0.05 })).toMatchObject({ bars: 2, reason: "quality.my-loss" });
    expect(quality({ fractionLost: 0.2 })).toMatchObject({
      bars: 1,
      reason: "quality.my-loss",
      details: { lossPercent: 20 },
    });
  });

  it("says that it takes long, or stands still", () => {
    expect(quality({ rtt: 0.3 })).toMatchObject({ bars: 2, reason: "quality.delay" });
    expect(quality({ rtt: 0.9 })).toMatchObject({ bars: 1, reason: "quality.delay" });
    expect(quality({ frozen: 1 })).toMatchObject({ bars: 2, reason: "quality.slow" });
  });

  it("knows a relay, and what Firefox does not report", () => {
    const look = report(12_000);
    look.set("I1", { type: "local-candidate", candidateType: "relay" });
    look.delete("T01");
    expect(qualityOf(null, snapshot(look, 12_000))).toMatchObject({
      reason: "quality.unknown",
      details: { route: "relay", rttMs: 4 },
    });
  });
});

describe("speaking", () => {
  it("starts after two loud looks and bridges the gaps between words", () => {
    const speaking = new Speaking();
    expect(speaking.update(0.2, 0)).toBe(false);
    expect(speaking.update(0.2, 100)).toBe(true);
    expect(speaking.update(0, 200)).toBe(true);
    expect(speaking.update(0, 600)).toBe(true);
    expect(speaking.update(0, 800)).toBe(false);
  });

  it("is not started by a cough, nor by a room", () => {
    const speaking = new Speaking();
    for (let at = 0; at < 20; at++) expect(speaking.update(at % 2 ? 0.5 : 0, at * 100)).toBe(false);
    for (let at = 20; at < 40; at++) expect(speaking.update(0.005, at * 100)).toBe(false);
  });
});
