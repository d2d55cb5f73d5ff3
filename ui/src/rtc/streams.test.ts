/** Streams of the other side, by the `a=msid` of its descriptions (RFC 8829, section 5.10; RFC 8830). */
import { beforeEach, describe, expect, it } from "vitest";
import { described, page, thrown, type Page } from "./testing";
import { FakeTrack } from "./testing-media";

let side: Page;
let one: RTCPeerConnection;
let two: RTCPeerConnection;
/** An offer of one voice, without a word of streams. */
let bare = "";

beforeEach(async () => {
  side = page();
  one = side.connection();
  two = side.connection();
  one.addTransceiver("audio");
  bare = ((await one.createOffer()).sdp ?? "").replace(/a=msid.*\r\n/g, "");
});

/** What the track event of an offer says. */
async function offered(...lines: string[]): Promise<RTCTrackEvent | null> {
  let told: RTCTrackEvent | null = null;
  two.ontrack = (event) => (told = event);
  const sdp = bare + lines.map((line) => `a=${line}\r\n`).join("");
  await two.setRemoteDescription({ type: "offer", sdp });
  return told;
}

function ids(event: RTCTrackEvent | null): string[] | undefined {
  return event?.streams.map(({ id }) => id);
}

describe("a track of theirs", () => {
  it("is in the streams that its section names, each once", async () => {
    expect(ids(await offered("msid:s t", "msid:s t", "msid:r t"))).toEqual(["s", "r"]);
  });

  it("is in one stream where nothing is said, and in none where that is said", async () => {
    expect(ids(await offered())).toHaveLength(1);
    await two.setRemoteDescription({ type: "rollback" });
    expect(ids(await offered("msid:-"))).toEqual([]);
  });

  it("is in the streams of its sources only where the section itself says nothing", async () => {
    expect(ids(await offered("ssrc:3 cname:c", "ssrc:3 msid:s t"))).toEqual(["s"]);
    await two.setRemoteDescription({ type: "rollback" });
    expect(ids(await offered("msid:s t", "ssrc:3 msid:other t"))).toEqual(["s"]);
    await two.setRemoteDescription({ type: "rollback" });
    expect(ids(await offered("ssrc:3 msid:other t", "msid:s t"))).toEqual(["s"]);
  });

  it("changes its streams with a later offer, and the events say so", async () => {
    const [before] = (await offered("msid:s t"))?.streams ?? [];
    await two.setLocalDescription();
    const removed: MediaStreamTrack[] = [];
    before?.addEventListener("removetrack", ({ track }) => removed.push(track));
    const event = await offered("msid:r t");
    expect([removed, before?.getTracks()]).toEqual([[event?.track], []]);
    expect([ids(event), event?.streams[0]?.getTracks()]).toEqual([["r"], [event?.track]]);
    await two.setLocalDescription();
    // Said no more: it leaves the stream for the one of those that say nothing.
    const last = await offered();
    expect([last?.track, last?.streams[0]?.id === "r", event?.streams[0]?.getTracks()]).toEqual([
      event?.track,
      false,
      [],
    ]);
  });
});

describe("a track of ours", () => {
  it("that two senders have goes by two names", async () => {
    const { asTrack: track } = new FakeTrack("audio");
    const sending = side.connection();
    sending.addTransceiver(track);
    sending.addTransceiver(track);
    await sending.setLocalDescription();
    const sdp = described(sending).sdp;
    const names = [...sdp.matchAll(/a=msid:- (\S+)/g)].map(([, name]) => name);
    expect([names[0], names.length, new Set(names).size]).toEqual([track.id, 2, 2]);
    expect(await thrown(() => two.setRemoteDescription({ type: "offer", sdp }))).toBe("nothing");
  });
});

describe("a description", () => {
  it("that gives two sections one msid is refused", async () => {
    const [head, ...rest] = bare.split(/^(?=m=)/m);
    const first = `${rest.join("")}a=msid:- t\r\n`;
    const second = first.replace("a=mid:0", "a=mid:1");
    const refused = { type: "offer", sdp: `${head}${first}${second}` } as const;
    expect(await thrown(() => two.setRemoteDescription(refused))).toBe("OperationError");
    const fine = { type: "offer", sdp: `${head}${first}${second.replace("- t", "- u")}` } as const;
    expect(await thrown(() => two.setRemoteDescription(fine))).toBe("nothing");
  });
});
