/** The real call engine, both sides of it, upon these connections and the native side in memory. */
import { beforeEach, describe, expect, it } from "vitest";
import { Peer, type LocalState } from "../call/peer";
import { FakeClock, FakeTrust } from "../call/testing";
import { PeerTrust } from "../call/trust";
import { qualityOf, snapshot } from "../call/quality";
import type { Lane } from "../call/environment";
import type { Signal } from "../gen/protocol";
import { page, settle, type Page } from "./testing";
import { FakeTrack, OPUS, VP8 } from "./testing-media";

const LOCAL: LocalState = { microphone: true, camera: true, screen: false, full_hd: false };

interface Side {
  peer: Peer;
  page: Page;
  voice: FakeTrack;
  camera: FakeTrack;
  pc: RTCPeerConnection;
  lost: string[];
}

let clock: FakeClock;
let shared: Page;

function side(offers: boolean, send: (signal: Signal) => void): Side {
  const [mine, theirs] = offers ? ["newcomer", "host"] : ["host", "newcomer"];
  const voice = new FakeTrack("audio");
  const camera = new FakeTrack("video");
  camera.settings = { width: 1280, height: 720, frameRate: 30 };
  const lost: string[] = [];
  let pc: RTCPeerConnection | undefined;
  const peer = new Peer({
    device: theirs as string,
    offers,
    iceServers: [],
    environment: {
      clock,
      connection: (configuration) => (pc = shared.connection(configuration)),
      stream: (tracks) => new MediaStream(tracks ?? []),
      codecs: (_, kind) => RTCRtpSender.getCapabilities(kind)?.codecs ?? null,
    },
    tracks: new Map<Lane, MediaStreamTrack>([
      ["voice", voice.asTrack],
      ["camera", camera.asTrack],
    ]),
    local: LOCAL,
    trust: new PeerTrust(new FakeTrust(mine as string), theirs as string),
    send,
    on: {
      changed: () => undefined,
      bye: () => lost.push("bye"),
      lost: () => lost.push("lost"),
      refused: (code) => lost.push(code),
    },
  });
  if (!pc) throw new Error("no connection was made");
  return { peer, page: shared, voice, camera, pc, lost };
}

async function call(): Promise<[Side, Side]> {
  const copy = (to: () => Side) => (signal: Signal) => {
    const sent = structuredClone(signal);
    setTimeout(() => to().peer.receive(sent));
  };
  const one: Side = side(
    true,
    copy(() => two),
  );
  const two: Side = side(
    false,
    copy(() => one),
  );
  for (let turn = 0; turn < 30; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await settle(5);
  }
  return [one, two];
}

beforeEach(() => {
  clock = new FakeClock();
  shared = page();
});

describe("the call engine", () => {
  it("connects four lanes and three channels, both ways", async () => {
    const [one, two] = await call();
    for (const { peer, pc, lost } of [one, two]) {
      expect([peer.connection, pc.connectionState, pc.signalingState, lost]).toEqual([
        "connected",
        "connected",
        "stable",
        [],
      ]);
      expect(pc.getTransceivers().map(({ currentDirection }) => currentDirection)).toEqual(
        Array(4).fill("sendrecv"),
      );
      expect(peer.remote).toMatchObject(LOCAL);
      expect(peer.media?.getTracks().map(({ kind }) => kind)).toEqual(["audio", "video"]);
      expect(peer.screenMedia?.getTracks().map(({ kind }) => kind)).toEqual(["video", "audio"]);
    }
    const { media, native } = shared;
    expect(media.videoSenders.map(({ bound }) => bound)).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
    expect(media.soundSenders.map(({ bound }) => bound)).toEqual([
      [1, 0],
      [1, 3],
      [2, 0],
      [2, 3],
    ]);
    expect(media.receivers.every(({ isActive, bound }) => isActive && bound)).toBe(true);
    const [camera, screen] = media.videoSenders;
    expect([camera?.track, camera?.codec?.mime_type, camera?.target]).toEqual([
      one.camera,
      "video/H264",
      900_000,
    ]);
    expect([screen?.track, screen?.settings?.degradation]).toEqual([null, "maintain-resolution"]);
    expect(camera?.settings).toEqual({
      active: true,
      maxBitrate: 2_500_000,
      maxFramerate: 30,
      scaleResolutionDownBy: 1,
      priority: "low",
      degradation: "maintain-resolution",
    });
    const told = native.asked("set-sender").filter(({ pc }) => pc === 1);
    const last = (line: number): unknown => told.filter((request) => request.line === line).at(-1);
    expect(last(0)).toMatchObject({ sending: true, encoding: { max_bitrate: 64_000, priority: "high" } });
    expect(last(1)).toMatchObject({ sending: true, useful_bitrate: Math.round(1280 * 720 * 30 * 0.15) });
    expect(last(2)).toMatchObject({ sending: false, useful_bitrate: null });
    // What is offered first is the engine's choice.
    expect(native.asked("create-offer")[0]?.transceivers.map(({ codecs }) => codecs[0]?.mime_type)).toEqual([
      OPUS.mime_type,
      "video/H264",
      "video/H264",
      OPUS.mime_type,
    ]);
  });

  it("passes keyframe wishes, voices and quality on", async () => {
    const [one] = await call();
    const { native, media } = shared;
    native.event(1, { type: "keyframe-wanted", line: 1 });
    native.event(1, { type: "heard", line: 0, level: 0.4, ssrc: 7, rtp_timestamp: 960 });
    await settle();
    expect(media.videoSenders[0]?.keyframes).toBe(1);
    expect(one.peer.level()).toBe(0.4);
    const peer = native.peers.get(1);
    if (!peer) throw new Error("no connection");
    const timestamp = Date.now();
    peer.entries = [
      { id: "T", type: "transport", timestamp, selectedCandidatePairId: "CP" },
      {
        id: "CP",
        type: "candidate-pair",
        timestamp,
        currentRoundTripTime: 0.02,
        localCandidateId: "L",
        remoteCandidateId: "R",
      },
      { id: "L", type: "local-candidate", timestamp, candidateType: "host" },
      { id: "R", type: "remote-candidate", timestamp, candidateType: "relay" },
      { id: "C", type: "codec", timestamp, mimeType: VP8.mime_type, payloadType: 96 },
      {
        id: "I1",
        type: "inbound-rtp",
        kind: "video",
        mid: "1",
        timestamp,
        codecId: "C",
        bytesReceived: 1000,
        packetsReceived: 10,
        packetsLost: 1,
      },
      {
        id: "O1",
        type: "outbound-rtp",
        kind: "video",
        mid: "1",
        timestamp,
        bytesSent: 500,
        transportId: "T",
      },
      { id: "O0", type: "outbound-rtp", kind: "audio", mid: "0", timestamp, bytesSent: 50 },
    ];
    const report = await one.peer.stats();
    const look = snapshot(report as unknown as Parameters<typeof snapshot>[0], 1_000);
    expect(look).toMatchObject({
      bytesIn: 1000,
      bytesOut: 550,
      lostIn: 1,
      freezeSeconds: 0.4,
      rttMs: 20,
      picture: { width: 640, height: 480, fps: 25 },
      codec: "VP8",
      route: "relay",
    });
    expect(qualityOf({ ...look, at: 0, packetsIn: 0, lostIn: 0, freezeSeconds: 0 }, look).bars).toBe(1);
  });

  it("restarts ICE by the same side, over the data channel too", async () => {
    const [one, two] = await call();
    const before = one.pc.localDescription?.sdp;
    // What the engine sends by the hub is lost: the data channel has to do.
    shared.native.event(1, { type: "ice", state: "failed" });
    await settle();
    expect(one.peer.connection).toBe("reconnecting");
    for (let turn = 0; turn < 20; turn++) {
      await clock.pass(100);
      await settle(10);
    }
    shared.native.event(1, { type: "ice", state: "connected" });
    await settle();
    expect(shared.native.asked("create-offer").at(-1)?.ice_restart).toBe(true);
    expect(one.pc.localDescription?.sdp).not.toBe(before);
    expect([one.peer.connection, one.pc.signalingState, two.pc.signalingState]).toEqual([
      "connected",
      "stable",
      "stable",
    ]);
  });

  it("swaps and drops tracks without another round, and hangs up", async () => {
    const [one, two] = await call();
    const offers = shared.native.asked("create-offer").length;
    const screen = new FakeTrack("video");
    screen.contentHint = "detail";
    await one.peer.setTrack("screen", screen.asTrack);
    expect(shared.media.videoSenders[1]?.track).toBe(screen);
    expect(shared.native.asked("set-sender").at(-1)).toMatchObject({ pc: 1, line: 2, sending: true });
    screen.unplug();
    expect(shared.native.asked("set-sender").at(-1)).toMatchObject({ pc: 1, line: 2, sending: false });
    await one.peer.setTrack("screen", null);
    expect(shared.native.asked("create-offer")).toHaveLength(offers);
    one.peer.close();
    await clock.pass(200);
    await settle();
    expect(two.lost).toEqual(["bye"]);
    expect([one.pc.connectionState, two.pc.sctp?.state]).toEqual(["closed", "closed"]);
    expect(shared.media.videoSenders.slice(0, 2).every(({ isClosed }) => isClosed)).toBe(true);
  });
});
