/** When `negotiationneeded` is fired, and that perfect negotiation works (W3C WebRTC 1.0, sections 4.7.3 and 10.7). */
import { beforeEach, describe, expect, it } from "vitest";
import { described, negotiate, page, settle, type Page } from "./testing";
import { FakeTrack, stream } from "./testing-media";

let side: Page;
let one: RTCPeerConnection;
let two: RTCPeerConnection;
let fired = 0;

beforeEach(() => {
  side = page();
  one = side.connection();
  two = side.connection();
  fired = 0;
  one.onnegotiationneeded = () => (fired += 1);
});

/** How often it was fired since the last time. */
async function times(): Promise<number> {
  await settle();
  const count = fired;
  fired = 0;
  return count;
}

describe("negotiationneeded", () => {
  it("is fired once for all that changes in a task, and not before", async () => {
    one.addTransceiver("audio");
    one.addTransceiver("video");
    one.createDataChannel("x");
    expect(fired).toBe(0);
    expect(await times()).toBe(1);
    one.addTransceiver("audio");
    expect(await times()).toBe(0);
  });

  it("is fired for the first channel only", async () => {
    one.createDataChannel("x");
    expect(await times()).toBe(1);
    await negotiate(one, two);
    one.createDataChannel("y");
    expect(await times()).toBe(0);
  });

  it("is not fired while a description is on its way, but after it", async () => {
    one.addTransceiver("audio");
    await one.setLocalDescription();
    await times();
    one.addTransceiver("video");
    expect(await times()).toBe(0);
    await two.setRemoteDescription(described(one));
    await two.setLocalDescription();
    await one.setRemoteDescription(described(two));
    expect(await times()).toBe(1);
  });

  it("is fired for directions and streams that are not agreed, and taken back with them", async () => {
    const transceiver = one.addTransceiver("audio", { streams: [stream()] });
    await negotiate(one, two);
    await times();
    // Theirs is recvonly, so this is as agreed.
    transceiver.direction = "sendonly";
    expect(await times()).toBe(0);
    transceiver.direction = "inactive";
    expect(await times()).toBe(1);
    transceiver.direction = "sendonly";
    expect(await times()).toBe(0);
    transceiver.sender.setStreams(stream());
    expect(await times()).toBe(1);
    await negotiate(one, two);
    expect(await times()).toBe(0);
  });

  it("is fired by stop, removeTrack and restartIce, and not by replaceTrack", async () => {
    const sender = one.addTrack(new FakeTrack("audio").asTrack, stream());
    await negotiate(one, two);
    await times();
    await sender.replaceTrack(new FakeTrack("audio").asTrack);
    expect(await times()).toBe(0);
    one.restartIce();
    expect(await times()).toBe(1);
    await negotiate(one, two);
    expect(side.native.asked("create-offer").at(-1)?.ice_restart).toBe(true);
    expect(await times()).toBe(0);
    one.removeTrack(sender);
    expect(await times()).toBe(1);
    await negotiate(one, two);
    await times();
    one.getTransceivers()[0]?.stop();
    expect(await times()).toBe(1);
    await negotiate(one, two);
    expect(await times()).toBe(0);
  });

  it("survives the rollback of an ICE restart", async () => {
    one.addTransceiver("audio");
    await negotiate(one, two);
    one.restartIce();
    await one.setLocalDescription();
    await times();
    await one.setLocalDescription({ type: "rollback" });
    expect(await times()).toBe(1);
  });
});

describe("perfect negotiation", () => {
  /** Section 10.7, word for word. */
  function perfect(
    pc: RTCPeerConnection,
    isPolite: boolean,
    send: (message: unknown) => void,
  ): (message: unknown) => Promise<void> {
    let isMaking = false;
    let isIgnoring = false;
    /** Their answer is on its way in: what they offer after it is no collision. */
    let isAnswered = false;
    pc.onnegotiationneeded = async () => {
      try {
        isMaking = true;
        await pc.setLocalDescription();
        send({ description: pc.localDescription?.toJSON() });
      } finally {
        isMaking = false;
      }
    };
    pc.onicecandidate = ({ candidate }) => send({ candidate: candidate?.toJSON() });
    return async (message) => {
      const { description, candidate } = message as {
        description?: RTCSessionDescriptionInit;
        candidate?: RTCIceCandidateInit;
      };
      if (description) {
        const isReady = !isMaking && (pc.signalingState === "stable" || isAnswered);
        isIgnoring = !isPolite && description.type === "offer" && !isReady;
        if (isIgnoring) return;
        isAnswered = description.type === "answer";
        await pc.setRemoteDescription(description);
        isAnswered = false;
        if (description.type === "offer") {
          await pc.setLocalDescription();
          send({ description: pc.localDescription?.toJSON() });
        }
      } else if (candidate) {
        try {
          await pc.addIceCandidate(candidate);
        } catch (error) {
          if (!isIgnoring) throw error;
        }
      }
    };
  }

  it("agrees when both offer at once", async () => {
    const failures: unknown[] = [];
    const post = (to: () => (message: unknown) => Promise<void>) => (message: unknown) => {
      setTimeout(
        () => void to()(structuredClone(message)).catch((error: unknown) => failures.push(error)),
        1,
      );
    };
    const toOne = perfect(
      one,
      true,
      post(() => toTwo),
    );
    const toTwo = perfect(
      two,
      false,
      post(() => toOne),
    );
    one.addTrack(new FakeTrack("audio").asTrack, stream());
    two.addTrack(new FakeTrack("video").asTrack, stream());
    const isDone = (): boolean =>
      [one, two].every(
        (pc) =>
          pc.signalingState === "stable" &&
          pc.connectionState === "connected" &&
          pc.getTransceivers().length === 2 &&
          pc.getTransceivers().every(({ currentDirection }) => currentDirection !== null),
      );
    // Timers come late on a busy machine.
    for (let turn = 0; turn < 1_000 && !isDone(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await settle(5);
    }
    expect(failures).toEqual([]);
    for (const pc of [one, two]) {
      expect([pc.signalingState, pc.connectionState]).toEqual(["stable", "connected"]);
      expect(
        pc
          .getTransceivers()
          .map(({ currentDirection }) => currentDirection)
          .sort(),
      ).toHaveLength(2);
    }
    expect(
      one
        .getReceivers()
        .map(({ track }) => track.kind)
        .sort(),
    ).toEqual(["audio", "video"]);
  });
});
