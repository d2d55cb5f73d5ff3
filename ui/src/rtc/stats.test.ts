/** getStats: times of the native side's clock become times of the page's (W3C webrtc-stats, section 8.1). */
import { describe, expect, it } from "vitest";
import { page, settle } from "./testing";

function now(): number {
  return performance.timeOrigin + performance.now();
}

describe("times", () => {
  it.each([-60_000, -3, 4, 60_000])("of a clock that is %d ms off are the page's", async (off) => {
    const side = page();
    const pc = side.connection();
    await settle();
    const peer = side.native.peers.get(1);
    if (!peer) throw new Error("no peer");
    const stamp = now() + off;
    peer.entries = [
      { id: "I", type: "inbound-rtp", timestamp: stamp, lastPacketReceivedTimestamp: stamp - 100 },
      { id: "T", type: "transport", timestamp: stamp },
    ];
    const asked = now();
    const report = await pc.getStats();
    const answered = now();
    const inbound = report.get("I") as { timestamp: number; lastPacketReceivedTimestamp: number };
    expect(inbound.timestamp).toBeGreaterThanOrEqual(asked - 0.01);
    expect(inbound.timestamp).toBeLessThanOrEqual(answered + 0.01);
    expect(inbound.timestamp - inbound.lastPacketReceivedTimestamp).toBeCloseTo(100);
  });
});

describe("a stopped transceiver", () => {
  it("has a stream in what was asked before, and none after", async () => {
    const side = page();
    const pc = side.connection();
    const transceiver = pc.addTransceiver("audio");
    await pc.setLocalDescription();
    const peer = side.native.peers.get(1);
    if (!peer) throw new Error("no peer");
    peer.entries = [
      { id: "I", type: "inbound-rtp", mid: "0", timestamp: now(), transportId: "T" },
      { id: "T", type: "transport", timestamp: now() },
    ];
    const before = transceiver.receiver.getStats();
    transceiver.stop();
    const after = transceiver.receiver.getStats();
    expect([...(await before).keys()].sort()).toEqual(["I", "T"]);
    expect([...(await after).keys()]).toEqual([]);
  });
});
