/** The state machine, the order of events, and what is associated with what (W3C WebRTC 1.0, section 4.4). */
import { beforeEach, describe, expect, it } from "vitest";
import { described, negotiate, page, recorded, settle, thrown, trickle, type Page } from "./testing";
import { FakeTrack, stream } from "./testing-media";

let a: Page;
let one: RTCPeerConnection;
let two: RTCPeerConnection;

beforeEach(() => {
  a = page();
  one = a.connection();
  two = a.connection();
});

describe("the state machine", () => {
  it("goes by offer and answer, and shows pending and current descriptions", async () => {
    one.addTransceiver("audio");
    const offer = await one.createOffer();
    expect([one.signalingState, one.localDescription]).toEqual(["stable", null]);
    await one.setLocalDescription(offer);
    expect(one.signalingState).toBe("have-local-offer");
    expect(one.pendingLocalDescription?.sdp).toBe(offer.sdp);
    expect(one.currentLocalDescription).toBeNull();
    await two.setRemoteDescription(offer);
    expect([two.signalingState, two.pendingRemoteDescription?.type]).toEqual(["have-remote-offer", "offer"]);
    const answer = await two.createAnswer();
    await two.setLocalDescription(answer);
    expect([two.signalingState, two.pendingRemoteDescription]).toEqual(["stable", null]);
    expect([two.currentLocalDescription?.type, two.currentRemoteDescription?.type]).toEqual([
      "answer",
      "offer",
    ]);
    await one.setRemoteDescription(answer);
    expect([one.signalingState, one.pendingLocalDescription]).toEqual(["stable", null]);
    expect([one.currentLocalDescription?.type, one.currentRemoteDescription?.type]).toEqual([
      "offer",
      "answer",
    ]);
  });

  it("refuses what is out of turn, by name", async () => {
    one.addTransceiver("audio");
    expect(await thrown(() => one.createAnswer())).toBe("InvalidStateError");
    expect(await thrown(() => one.setLocalDescription({ type: "rollback" }))).toBe("InvalidStateError");
    expect(await thrown(() => one.setLocalDescription({ type: "offer", sdp: "v=0\r\n" }))).toBe(
      "InvalidModificationError",
    );
    const offer = await one.createOffer();
    expect(await thrown(() => one.setRemoteDescription({ type: "answer", sdp: offer.sdp ?? "" }))).toBe(
      "InvalidStateError",
    );
    expect(await thrown(() => one.setLocalDescription({ type: "pranswer" }))).toBe("NotSupportedError");
    expect(await thrown(() => one.setRemoteDescription({ type: "pranswer", sdp: "" }))).toBe(
      "NotSupportedError",
    );
    expect(await thrown(() => one.setRemoteDescription({ type: "nonsense" as RTCSdpType }))).toBe(
      "TypeError",
    );
    await two.setRemoteDescription(offer);
    expect(await thrown(() => two.createOffer())).toBe("InvalidStateError");
    expect(await thrown(() => two.setLocalDescription({ type: "rollback" }))).toBe("InvalidStateError");
  });

  it("says which line of a description is wrong", async () => {
    const error = await one
      .setRemoteDescription({ type: "offer", sdp: "v=0\r\nnonsense\r\n" })
      .catch((e) => e);
    expect(error).toMatchObject({
      name: "OperationError",
      errorDetail: "sdp-syntax-error",
      sdpLineNumber: 2,
    });
  });

  it("does one thing after the other, and nothing once it is closed", async () => {
    one.addTransceiver("audio");
    const done: string[] = [];
    const offering = one.createOffer().then(() => done.push("offer"));
    const setting = one.setLocalDescription().then(() => done.push("set"));
    expect(done).toEqual([]);
    await Promise.all([offering, setting]);
    expect(done).toEqual(["offer", "set"]);
    let settled = false;
    void one.createOffer().finally(() => (settled = true));
    one.close();
    await settle();
    expect(settled).toBe(false);
    expect([one.signalingState, one.connectionState, one.iceConnectionState]).toEqual(
      Array(3).fill("closed"),
    );
    expect(await thrown(() => one.createOffer())).toBe("InvalidStateError");
    expect(await thrown(() => one.addTransceiver("audio"))).toBe("InvalidStateError");
    expect(await thrown(() => one.createDataChannel("x"))).toBe("InvalidStateError");
    expect(a.native.asked("close")).toHaveLength(1);
  });

  it("offers anew what has changed while an offer was being made", async () => {
    one.addTransceiver("audio");
    const offering = one.createOffer();
    one.addTransceiver("video");
    expect((await offering).sdp).toContain("m=video");
  });

  it("takes an own offer back for theirs, and its transceivers with it", async () => {
    one.addTransceiver("audio");
    two.addTrack(new FakeTrack("audio").asTrack);
    await one.setLocalDescription();
    await two.setLocalDescription();
    const log = recorded(two, "signalingstatechange", "track");
    const mid = two.getTransceivers()[0]?.mid;
    await two.setRemoteDescription(described(one));
    expect(log).toEqual(["signalingstatechange", "signalingstatechange", "track"]);
    expect([mid, two.getTransceivers().length, two.getTransceivers()[0]?.mid]).toEqual(["0", 1, "0"]);
    await two.setLocalDescription();
    await one.setRemoteDescription(described(two));
    expect([one.signalingState, two.signalingState]).toEqual(["stable", "stable"]);
  });

  it("rolls back what an offer of theirs has made", async () => {
    const media = stream();
    one.addTransceiver("audio", { streams: [media] });
    await one.setLocalDescription();
    const tracks: RTCTrackEvent[] = [];
    two.ontrack = (event) => tracks.push(event);
    await two.setRemoteDescription(described(one));
    const [remote] = tracks[0]?.streams ?? [];
    expect([remote?.id, remote?.getTracks()]).toEqual([media.id, [tracks[0]?.track]]);
    await two.setRemoteDescription({ type: "rollback" });
    expect([two.getTransceivers(), two.signalingState, two.remoteDescription]).toEqual([[], "stable", null]);
    expect(remote?.getTracks()).toEqual([]);
    await one.setLocalDescription({ type: "rollback" });
    expect([one.getTransceivers()[0]?.mid, one.signalingState, one.localDescription]).toEqual([
      null,
      "stable",
      null,
    ]);
  });
});

describe("candidates", () => {
  it("come after the description is set, end with an empty one and null, and are in the description", async () => {
    one.addTransceiver("audio");
    const log: string[] = [];
    one.onicecandidate = ({ candidate }) => log.push(candidate ? candidate.candidate || "empty" : "null");
    one.onicegatheringstatechange = () => log.push(one.iceGatheringState);
    await one.setLocalDescription().then(() => log.push("set"));
    await settle();
    expect(log.map((entry) => entry.split(":")[0])).toEqual([
      "set",
      "gathering",
      "candidate",
      "empty",
      "complete",
      "null",
    ]);
    expect(one.localDescription?.sdp).toContain("a=candidate:1 1 udp 2130706431 192.0.2.1 5001 typ host\r\n");
    expect(one.localDescription?.sdp.trimEnd().endsWith("a=end-of-candidates")).toBe(true);
  });

  it("wait for the description that they belong to", async () => {
    one.addTransceiver("audio");
    a.native.isEager = true;
    const log: string[] = [];
    one.onicecandidate = ({ candidate }) => log.push(candidate?.candidate ? "candidate" : "end");
    await one.setLocalDescription();
    expect(log).toEqual([]);
    expect(one.localDescription?.sdp).not.toContain("a=candidate");
    await settle();
    expect(log).toEqual(["candidate", "end", "end"]);
    expect(one.localDescription?.sdp).toContain("a=candidate");
  });

  it("can be waited for one by one, also those that were found before the description was set", async () => {
    one.addTransceiver("audio");
    a.native.isEager = true;
    await one.setLocalDescription();
    const seen: string[] = [];
    while (seen.at(-1) !== "null") {
      const event = await new Promise<RTCPeerConnectionIceEvent>((come) => (one.onicecandidate = come));
      seen.push(event.candidate ? event.candidate.candidate.split(":")[0] || "empty" : "null");
    }
    expect(seen).toEqual(["candidate", "empty", "null"]);
  });

  it("are refused by name where they cannot belong", async () => {
    const candidate = "candidate:1 1 udp 1 192.0.2.9 9 typ host";
    expect(await thrown(() => one.addIceCandidate({ candidate }))).toBe("TypeError");
    expect(await thrown(() => one.addIceCandidate({ candidate, sdpMid: "0" }))).toBe("InvalidStateError");
    two.addTransceiver("audio");
    await two.setLocalDescription();
    await one.setRemoteDescription(described(two));
    expect(await thrown(() => one.addIceCandidate({ candidate, sdpMid: "9" }))).toBe("OperationError");
    expect(await thrown(() => one.addIceCandidate({ candidate, sdpMLineIndex: 9 }))).toBe("OperationError");
    expect(await thrown(() => one.addIceCandidate({ candidate: "nonsense", sdpMid: "0" }))).toBe(
      "OperationError",
    );
    expect(
      await thrown(() => one.addIceCandidate({ candidate, sdpMid: "0", usernameFragment: "another" })),
    ).toBe("OperationError");
    expect(await thrown(() => one.addIceCandidate({ candidate, sdpMid: "0" }))).toBe("nothing");
    expect(await thrown(() => one.addIceCandidate())).toBe("nothing");
    expect(one.remoteDescription?.sdp).toContain(`a=${candidate}\r\na=end-of-candidates\r\n`);
    expect(a.native.asked("add-candidate")).toHaveLength(1);
  });
});

describe("the connection's states", () => {
  it("change from the transport up", async () => {
    trickle(one, two);
    const channel = one.createDataChannel("x");
    const log = recorded(one, "iceconnectionstatechange", "connectionstatechange");
    const states: string[] = [];
    const pairs: unknown[] = [];
    one.addEventListener("iceconnectionstatechange", () => {
      const pair = one.sctp?.transport.iceTransport.getSelectedCandidatePair();
      if (pair) pairs.push([one.iceConnectionState, pair.local?.candidate, pair.remote?.candidate.slice(-8)]);
    });
    one.onconnectionstatechange = () => states.push(one.connectionState);
    await negotiate(one, two);
    await settle();
    expect(log).toEqual([
      "iceconnectionstatechange",
      "connectionstatechange",
      "iceconnectionstatechange",
      "connectionstatechange",
    ]);
    expect(states).toEqual(["connecting", "connected"]);
    expect(pairs).toEqual([
      ["connected", "candidate:1 1 udp 2130706431 192.0.2.1 5001 typ host", "typ host"],
    ]);
    expect([one.iceConnectionState, one.sctp?.state, one.sctp?.transport.state]).toEqual([
      "connected",
      "connected",
      "connected",
    ]);
    expect(channel.readyState).toBe("open");
    const statesBefore = states.length;
    a.native.event(1, { type: "ice", state: "disconnected" });
    await settle();
    a.native.onlost?.();
    expect(states.slice(statesBefore)).toEqual(["disconnected", "failed"]);
    expect(channel.readyState).toBe("closed");
    expect(two.connectionState).toBe("failed");
  });
});

describe("a connection whose last line is given up", () => {
  it("is new again", async () => {
    one.addTransceiver("audio");
    trickle(one, two);
    await negotiate(one, two);
    await settle();
    expect([one.connectionState, one.iceGatheringState]).toEqual(["connected", "complete"]);
    const log = recorded(one, "icegatheringstatechange", "connectionstatechange");
    one.getTransceivers()[0]?.stop();
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    const told = recorded(two, "icecandidate");
    const answer = await two.createAnswer();
    a.native.isHolding = true;
    const setting = two.setLocalDescription(answer);
    await settle();
    // The end of what had been gathered before comes only now.
    a.native.isEager = true;
    a.native.event(2, { type: "gathering", state: "complete" });
    a.native.release();
    await setting;
    await settle();
    expect([two.connectionState, two.iceGatheringState, told]).toEqual(["new", "new", []]);
    await one.setRemoteDescription(described(two));
    expect([one.connectionState, one.iceGatheringState]).toEqual(["new", "new"]);
    expect(log).toEqual(["icegatheringstatechange", "connectionstatechange"]);
  });
});

describe("transceivers", () => {
  it("of an offer are made in its order, and answered as the page wants", async () => {
    for (const kind of ["audio", "video", "video", "audio"]) one.addTransceiver(kind);
    const events: RTCTrackEvent[] = [];
    two.ontrack = (event) => events.push(event);
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    expect(events.map(({ track }) => track.kind)).toEqual(["audio", "video", "video", "audio"]);
    expect(events.map(({ transceiver }) => transceiver)).toEqual(two.getTransceivers());
    expect(two.getTransceivers().map(({ direction }) => direction)).toEqual(Array(4).fill("recvonly"));
    two.getTransceivers().forEach((transceiver, index) => {
      if (index < 2) transceiver.direction = "sendrecv";
    });
    await two.setLocalDescription();
    const back: RTCTrackEvent[] = [];
    one.ontrack = (event) => back.push(event);
    await one.setRemoteDescription(described(two));
    expect(back.map(({ transceiver }) => transceiver)).toEqual(one.getTransceivers().slice(0, 2));
    expect(one.getTransceivers().map(({ currentDirection }) => currentDirection)).toEqual([
      "sendrecv",
      "sendrecv",
      "sendonly",
      "sendonly",
    ]);
    expect(two.getTransceivers().map(({ mid }) => mid)).toEqual(["0", "1", "2", "3"]);
  });

  it("that addTrack made are taken by an offer; those of addTransceiver are not", async () => {
    one.addTransceiver("audio");
    two.addTransceiver(new FakeTrack("audio").asTrack);
    const sender = two.addTrack(new FakeTrack("audio").asTrack, stream());
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    expect(two.getTransceivers().map(({ mid }) => mid)).toEqual([null, "0"]);
    expect(two.getTransceivers()[1]?.sender).toBe(sender);
  });

  it("are reused by addTrack until they have sent, and removeTrack stops sending", async () => {
    const transceiver = one.addTransceiver("video", { direction: "recvonly" });
    const track = new FakeTrack("video").asTrack;
    const sender = one.addTrack(track);
    expect([sender, transceiver.direction]).toEqual([transceiver.sender, "sendrecv"]);
    expect(await thrown(() => one.addTrack(track))).toBe("InvalidAccessError");
    one.removeTrack(sender);
    expect([sender.track, transceiver.direction]).toEqual([null, "recvonly"]);
    expect(await thrown(() => two.removeTrack(sender))).toBe("InvalidAccessError");
    one.addTrack(track);
    await negotiate(one, two);
    one.removeTrack(sender);
    expect(one.addTrack(track)).not.toBe(sender);
  });

  it("stop on both sides, and their tracks end", async () => {
    one.addTransceiver("audio");
    one.addTransceiver("video");
    await negotiate(one, two);
    const [mine] = one.getTransceivers();
    const [theirs] = two.getTransceivers();
    const ended = recorded(theirs?.receiver.track as MediaStreamTrack, "ended");
    mine?.stop();
    expect([mine?.direction, mine?.currentDirection, one.getTransceivers().length]).toEqual([
      "stopped",
      "sendonly",
      2,
    ]);
    await negotiate(one, two);
    expect([mine?.currentDirection, mine?.mid]).toEqual(["stopped", null]);
    expect([theirs?.currentDirection, ended]).toEqual(["stopped", ["ended"]]);
    expect([one.getTransceivers().length, two.getTransceivers().length]).toEqual([1, 1]);
    expect(await thrown(() => mine && (mine.direction = "sendrecv"))).toBe("InvalidStateError");
    expect(await thrown(() => mine?.sender.replaceTrack(null))).toBe("InvalidStateError");
  });

  it("are muted until something comes", async () => {
    a.native.isSilent = true;
    one.addTransceiver("audio");
    trickle(one, two);
    await negotiate(one, two);
    await settle();
    const [transceiver] = two.getTransceivers();
    const track = transceiver?.receiver.track;
    expect([two.connectionState, transceiver?.currentDirection, track?.muted]).toEqual([
      "connected",
      "recvonly",
      true,
    ]);
    a.native.event(2, { type: "came", line: 0 });
    await settle();
    expect(track?.muted).toBe(false);
  });

  it("lose their track when they stop sending, and get it again", async () => {
    const media = stream();
    const transceiver = one.addTransceiver("audio", { streams: [media] });
    const log: string[] = [];
    two.addEventListener("track", () => log.push("track"));
    two.ontrack = ({ track, streams }) => {
      two.ontrack = null;
      track.addEventListener("mute", () => log.push("mute"));
      track.addEventListener("unmute", () => log.push("unmute"));
      streams[0]?.addEventListener("removetrack", () => log.push("removetrack"));
    };
    trickle(one, two);
    await negotiate(one, two);
    await settle();
    expect(two.getReceivers()[0]?.track.muted).toBe(false);
    transceiver.direction = "inactive";
    await negotiate(one, two);
    expect(two.getReceivers()[0]?.track.muted).toBe(true);
    expect(log).toEqual(["track", "unmute", "mute", "removetrack"]);
    transceiver.direction = "sendonly";
    await negotiate(one, two);
    await settle();
    expect(log.slice(4)).toEqual(["track", "unmute"]);
    one.close();
    await settle();
    expect(log.slice(6)).toEqual(["mute"]);
  });

  it("take only codecs that there are", async () => {
    const transceiver = one.addTransceiver("video");
    const capabilities = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
    transceiver.setCodecPreferences([...capabilities].reverse());
    const offer = await one.createOffer();
    expect(offer.sdp).toMatch(/a=rtpmap:96 H264[^]*a=rtpmap:97 VP8/);
    expect(
      await thrown(() => transceiver.setCodecPreferences([{ mimeType: "video/AV1", clockRate: 90000 }])),
    ).toBe("InvalidModificationError");
    transceiver.setCodecPreferences([]);
    expect((await one.createOffer()).sdp).toMatch(/a=rtpmap:96 VP8[^]*a=rtpmap:97 H264/);
  });
});
