/** What is taken back with an offer, and what stays (W3C WebRTC 1.0, section 4.4.1.5; RFC 8829, section 4.1.10.2). */
import { beforeEach, describe, expect, it } from "vitest";
import { described, negotiate, page, recorded, settle, thrown, type Page } from "./testing";
import { FakeTrack, stream } from "./testing-media";

let side: Page;
let one: RTCPeerConnection;
let two: RTCPeerConnection;

beforeEach(() => {
  side = page();
  one = side.connection();
  two = side.connection();
});

describe("a faulty offer of theirs after an own one", () => {
  it("is refused, and the own one is taken back all the same", async () => {
    one.addTransceiver("audio");
    two.addTransceiver("audio");
    const theirs = await two.createOffer();
    for (const sdp of ["nonsense", theirs.sdp?.replace("a=fingerprint", "a=finger") ?? ""]) {
      await one.setLocalDescription();
      const log = recorded(one, "signalingstatechange");
      expect(await thrown(() => one.setRemoteDescription({ type: "offer", sdp }))).not.toBe("nothing");
      expect([one.signalingState, one.pendingLocalDescription, one.pendingRemoteDescription]).toEqual([
        "stable",
        null,
        null,
      ]);
      expect(log).toEqual(["signalingstatechange"]);
    }
    await one.setRemoteDescription(theirs);
    expect(one.signalingState).toBe("have-remote-offer");
  });
});

describe("an offer that was made before", () => {
  const rollback = { type: "rollback" } as const;

  it("can be set when theirs came in between and was taken back", async () => {
    one.addTransceiver("audio");
    two.addTransceiver("audio");
    const ours = await one.createOffer();
    await one.setRemoteDescription(await two.createOffer());
    await one.setRemoteDescription(rollback);
    await one.setLocalDescription(ours);
    expect(one.localDescription?.sdp).toContain(ours.sdp);
    await one.setLocalDescription(rollback);
    await one.setLocalDescription(ours);
    expect(one.getTransceivers()[0]?.mid).not.toBeNull();
  });

  it("is over with an answer to theirs", async () => {
    one.addTransceiver("audio");
    two.addTransceiver("audio");
    const ours = await one.createOffer();
    await one.setRemoteDescription(await two.createOffer());
    await one.createAnswer();
    await one.setRemoteDescription(rollback);
    expect(await thrown(() => one.setLocalDescription(ours))).toBe("InvalidModificationError");
    await one.setLocalDescription();
    expect(one.signalingState).toBe("have-local-offer");
  });
});

describe("gathering", () => {
  const rollback = { type: "rollback" } as const;

  it("goes back to new with the first offer, and is as far as it was with the next", async () => {
    one.addTransceiver("audio");
    const log: string[] = [];
    one.onicegatheringstatechange = () => log.push(one.iceGatheringState);
    await one.setLocalDescription();
    await settle();
    await one.setLocalDescription(rollback);
    await settle();
    expect(log.splice(0)).toEqual(["gathering", "complete", "new"]);
    one.onicecandidate = ({ candidate }) => log.push(candidate ? candidate.candidate || "empty" : "null");
    await one.setLocalDescription();
    await settle();
    // What was found is in the description.
    expect(log).toEqual(["gathering", "empty", "complete", "null"]);
  });

  it("is not told of while there is no description, and what is found then is told with the next", async () => {
    one.addTransceiver("audio");
    await one.setLocalDescription();
    await settle();
    const log: string[] = [];
    one.onicegatheringstatechange = () => log.push(one.iceGatheringState);
    one.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) log.push(`${candidate.address} ${candidate.usernameFragment}`);
    };
    await one.setLocalDescription(rollback);
    const candidate = "candidate:2 1 udp 1 198.51.100.9 9 typ host";
    side.native.event(1, { type: "gathering", state: "gathering" });
    side.native.event(1, { type: "candidate", candidate: { candidate, mid: "0", line: 0, ufrag: "" } });
    side.native.event(1, { type: "gathering", state: "complete" });
    await settle();
    expect(log.splice(0)).toEqual(["new"]);
    await one.setLocalDescription();
    await settle();
    const fragment = /a=ice-ufrag:(\S+)/.exec(one.localDescription?.sdp ?? "")?.[1] ?? "";
    expect(log).toEqual(["gathering", `198.51.100.9 ${fragment}`, "complete"]);
  });

  it("stays as it is when a later offer is taken back", async () => {
    one.addTransceiver("audio");
    await negotiate(one, two);
    await settle();
    await one.setLocalDescription(await one.createOffer({ iceRestart: true }));
    await settle();
    const log = recorded(one, "icegatheringstatechange");
    await one.setLocalDescription(rollback);
    await settle();
    expect([one.iceGatheringState, log]).toEqual(["complete", []]);
  });
});

describe("a transceiver that an offer of theirs has made", () => {
  it("is taken by the same offer again, when addTrack has saved it", async () => {
    const media = stream();
    one.addTrack(new FakeTrack("audio").asTrack, media);
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    const sender = two.addTrack(new FakeTrack("audio").asTrack, stream());
    await two.setRemoteDescription({ type: "rollback" });
    const [saved] = two.getTransceivers();
    expect([saved?.sender, saved?.mid]).toEqual([sender, null]);
    const tracks: MediaStreamTrack[] = [];
    two.ontrack = ({ track }) => tracks.push(track);
    await two.setRemoteDescription(described(one));
    expect([two.getTransceivers(), tracks]).toEqual([[saved], [saved?.receiver.track]]);
  });

  it("goes with it, whatever else was done to it, and its track ends once", async () => {
    one.addTransceiver("audio");
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    const [made] = two.getTransceivers();
    await made?.sender.replaceTrack(new FakeTrack("audio").asTrack);
    const ended = recorded(made?.receiver.track as MediaStreamTrack, "ended");
    await two.setRemoteDescription({ type: "rollback" });
    expect([two.getTransceivers(), made?.receiver.track.readyState]).toEqual([[], "live"]);
    await settle();
    expect([made?.currentDirection, made?.receiver.track.readyState, ended]).toEqual([
      "stopped",
      "ended",
      ["ended"],
    ]);
  });

  it("leaves it to the webview to end a track whose source is gone", async () => {
    one.addTransceiver("video");
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    const track = two.getReceivers()[0]?.track as unknown as FakeTrack;
    // It takes a task until it shows.
    track.stop = () => undefined;
    const states: string[] = [];
    track.addEventListener("ended", () => states.push(track.readyState));
    await two.setRemoteDescription({ type: "rollback" });
    await settle();
    expect(states).toEqual([]);
    track.unplug();
    expect(states).toEqual(["ended"]);
  });

  it("stays stopped when the offer that stopped it is taken back, without a word of its track", async () => {
    one.addTransceiver("audio", { streams: [stream()] });
    await negotiate(one, two);
    const [mine] = one.getTransceivers();
    const [theirs] = two.getTransceivers();
    mine?.stop();
    await one.setLocalDescription();
    await two.setRemoteDescription(described(one));
    const log = recorded(two, "track");
    await two.setRemoteDescription({ type: "rollback" });
    expect([theirs?.currentDirection, theirs?.direction, log]).toEqual(["stopped", "stopped", []]);
  });
});

describe("the operations chain", () => {
  it("is busy until an offer of nothing is set", async () => {
    const offer = await one.createOffer();
    const setting = one.setLocalDescription(offer);
    let refused = false;
    one.createAnswer().catch(() => (refused = true));
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    expect(refused).toBe(false);
    await setting;
    expect(one.signalingState).toBe("have-local-offer");
  });
});
