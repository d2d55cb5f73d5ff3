/** Data channels (W3C WebRTC 1.0, section 6). */
import { beforeEach, describe, expect, it } from "vitest";
import { negotiate, page, recorded, settle, thrown, trickle, type Page } from "./testing";

let side: Page;
let one: RTCPeerConnection;
let two: RTCPeerConnection;

beforeEach(() => {
  side = page();
  one = side.connection();
  two = side.connection();
  trickle(one, two);
});

/** A channel of `one` and what `two` got of it. */
async function pair(init: RTCDataChannelInit = {}): Promise<[RTCDataChannel, RTCDataChannel]> {
  const mine = one.createDataChannel("talk", init);
  let theirs: RTCDataChannel | undefined;
  two.ondatachannel = ({ channel }) => (theirs = channel);
  await negotiate(one, two);
  await settle();
  if (!theirs) throw new Error("no channel came");
  return [mine, theirs];
}

/** The data of the next message. */
function message(channel: RTCDataChannel): Promise<unknown> {
  return new Promise((resolve) =>
    channel.addEventListener("message", ({ data }) => resolve(data), { once: true }),
  );
}

describe("createDataChannel", () => {
  it("checks what it is given, by name", async () => {
    const make = (init: RTCDataChannelInit, label = "x"): Promise<string> =>
      thrown(() => one.createDataChannel(label, init));
    expect(await make({ maxRetransmits: 0, maxPacketLifeTime: 0 })).toBe("TypeError");
    expect(await make({ maxRetransmits: -1 })).toBe("TypeError");
    expect(await make({ maxPacketLifeTime: 65_536 })).toBe("TypeError");
    expect(await make({ negotiated: true })).toBe("TypeError");
    expect(await make({ negotiated: true, id: 65_535 })).toBe("TypeError");
    expect(await make({ protocol: "p".repeat(65_536) })).toBe("TypeError");
    expect(await make({}, "ü".repeat(32_768))).toBe("TypeError");
    expect(await make({ negotiated: true, id: 65_534 })).toBe("nothing");
    expect(await make({ negotiated: true, id: 65_534 })).toBe("OperationError");
    expect(side.native.asked("open-channel")).toHaveLength(1);
  });

  it("gives what was asked for, and ids by the role when it is agreed", async () => {
    const channel = one.createDataChannel("x", {
      ordered: false,
      maxRetransmits: 3,
      protocol: "p",
      id: 9,
    });
    expect(channel).toMatchObject({
      label: "x",
      ordered: false,
      maxRetransmits: 3,
      maxPacketLifeTime: null,
      protocol: "p",
      negotiated: false,
      id: null,
      readyState: "connecting",
      binaryType: "arraybuffer",
    });
    expect(await thrown(() => channel.send("x"))).toBe("InvalidStateError");
    await negotiate(one, two);
    // The answerer is the client, and the client has the even ids.
    expect(channel.id).toBe(1);
    expect(one.createDataChannel("y").id).toBe(3);
    expect(two.createDataChannel("z").id).toBe(0);
  });
});

describe("a channel", () => {
  it("is told to the other side with its handlers in time, then opens", async () => {
    const mine = one.createDataChannel("talk", { protocol: "p" });
    const log: string[] = [];
    two.ondatachannel = ({ channel }) => {
      log.push(`datachannel ${channel.readyState} ${channel.label} ${channel.protocol}`);
      channel.onopen = () => log.push("open");
    };
    mine.onopen = () => log.push("mine");
    await negotiate(one, two);
    await settle();
    expect(log.sort()).toEqual(["datachannel open talk p", "mine", "open"]);
  });

  it("carries text, bytes, views and blobs in order", async () => {
    const [mine, theirs] = await pair();
    const got: unknown[] = [];
    theirs.onmessage = ({ data }) => got.push(data);
    const bytes = new Uint8Array([1, 2, 3, 4]);
    mine.send(new Blob(["first"]));
    mine.send("é\ud800");
    mine.send(bytes.subarray(1, 3));
    // What is changed after is not sent.
    bytes.fill(9);
    mine.send(new ArrayBuffer(0));
    await settle();
    await settle();
    expect(
      got.map((one) => (typeof one === "string" ? one : [...new Uint8Array(one as ArrayBuffer)])),
    ).toEqual([[...new TextEncoder().encode("first")], "é\ufffd", [2, 3], []]);
    theirs.binaryType = "blob";
    mine.send(new Uint8Array([7]));
    const blob = await message(theirs);
    expect(blob).toBeInstanceOf(Blob);
    expect([...new Uint8Array(await (blob as Blob).arrayBuffer())]).toEqual([7]);
    theirs.binaryType = "nonsense" as BinaryType;
    expect(theirs.binaryType).toBe("blob");
  });

  it("counts what waits, and tells once when it is low", async () => {
    const [mine] = await pair();
    const log = recorded(mine, "bufferedamountlow");
    mine.bufferedAmountLowThreshold = 3;
    mine.send("äbc");
    mine.send("d");
    expect(mine.bufferedAmount).toBe(5);
    await settle();
    expect([mine.bufferedAmount, log]).toEqual([0, ["bufferedamountlow"]]);
    expect(side.native.asked("set-channel-low")).toMatchObject([{ channel: 1, threshold: 3 }]);
  });

  it("refuses what is too large, or too much", async () => {
    const [mine] = await pair();
    expect(one.sctp?.maxMessageSize).toBe(262_144);
    expect(await thrown(() => mine.send("x".repeat(262_145)))).toBe("TypeError");
    side.native.isHolding = true;
    const most = "x".repeat(262_144);
    for (let count = 0; count < 64; count++) mine.send(most);
    expect(await thrown(() => mine.send("x"))).toBe("OperationError");
    side.native.release();
    await settle();
    expect(await thrown(() => mine.send("x"))).toBe("nothing");
  });

  it("closes on both sides, and its id is free again", async () => {
    const [mine, theirs] = await pair({ negotiated: false });
    const log = [recorded(mine, "closing", "close"), recorded(theirs, "closing", "close")];
    mine.close();
    expect(mine.readyState).toBe("closing");
    await settle();
    expect([mine.readyState, theirs.readyState]).toEqual(["closed", "closed"]);
    expect(log).toEqual([["close"], ["closing", "close"]]);
    expect(one.createDataChannel("x", { negotiated: true, id: mine.id as number }).id).toBe(mine.id);
  });

  it("that was never open closes by itself", async () => {
    const channel = one.createDataChannel("x");
    const log = recorded(channel, "close");
    channel.close();
    await settle();
    expect([channel.readyState, log]).toEqual(["closed", ["close"]]);
  });

  it("breaks with an error when the other side is gone, and without a word when this side closes", async () => {
    const [mine, theirs] = await pair();
    const log = [recorded(mine, "error", "close"), recorded(theirs, "error", "close")];
    let error: RTCError | undefined;
    theirs.onerror = (event) => (error = event.error);
    one.close();
    expect(mine.readyState).toBe("closed");
    await settle();
    expect(log).toEqual([[], ["error", "close"]]);
    expect(error).toMatchObject({ name: "OperationError", errorDetail: "sctp-failure" });
    expect([two.sctp?.state, theirs.readyState]).toEqual(["closed", "closed"]);
  });

  it("is counted in getStats", async () => {
    const [mine, theirs] = await pair();
    mine.send("abc");
    await settle();
    theirs.close();
    await settle();
    const entries = [...(await one.getStats()).values()] as Record<string, unknown>[];
    expect(entries.find(({ type }) => type === "peer-connection")).toMatchObject({
      dataChannelsOpened: 1,
      dataChannelsClosed: 1,
    });
  });
});
