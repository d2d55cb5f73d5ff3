/** Two guests' pages whole: what one seals the other opens, in the room that both are in. */
import { beforeEach, describe, expect, it } from "vitest";
import { codeOf } from "../backend/types";
import type { RoomTrust } from "../call/trust";
import type { Description, DeviceId, RoomRef } from "../gen/protocol";
import { encode } from "./base32";
import { GuestTrust } from "./guest-trust";
import { transientKey } from "./key";
import { deviceIdOf } from "./seal";

const id = (byte: number, length = 32): string => encode(new Uint8Array(length).fill(byte));
const ROOM: RoomRef = { hub: { device: id(9), addresses: [] }, room: id(8, 16) };
const SDP = [
  "v=0",
  "a=ice-ufrag:abcd",
  `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "",
].join("\r\n");

interface Guest {
  device: DeviceId;
  trust: GuestTrust;
  room: RoomTrust;
}

async function guest(byte: number): Promise<Guest> {
  const key = await transientKey(new Uint8Array(32).fill(byte));
  const trust = new GuestTrust(key, () => 1_700_000_000_000);
  return { device: (await deviceIdOf(key.publicKey)) ?? "", trust, room: trust.room(ROOM) };
}

const offer = (round = 0): Description => ({ type: "offer", sdp: SDP, round });
const codeFor = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "good", codeOf);

let ann: Guest;
let bob: Guest;

beforeEach(async () => {
  [ann, bob] = [await guest(1), await guest(2)];
});

describe("two guests", () => {
  it("vouch for an offer and its answer", async () => {
    const sealed = await ann.room.seal(bob.device, offer());
    expect(sealed.seal).toMatchObject({ kind: "transient", sequence: 1_700_000_000_000 });
    expect(await bob.room.open(ann.device, sealed)).toEqual({ description: offer(), kind: "transient" });
    const answer = await bob.room.seal(ann.device, { type: "answer", sdp: SDP, round: 0 });
    expect(await codeFor(ann.room.open(bob.device, answer))).toBe("good");
  });

  it("open one of two copies that come at once", async () => {
    const sealed = await ann.room.seal(bob.device, offer());
    const both = [bob.room.open(ann.device, sealed), bob.room.open(ann.device, structuredClone(sealed))];
    expect((await Promise.all(both.map(codeFor))).sort()).toEqual(["description-replayed", "good"]);
  });

  it("refuse an old one also after they have come in anew, and an answer to an offer of before", async () => {
    const sealed = await ann.room.seal(bob.device, offer());
    await bob.room.open(ann.device, sealed);
    const answer = await bob.room.seal(ann.device, { type: "answer", sdp: SDP, round: 0 });
    const [annAgain, bobAgain] = [ann.trust.room(ROOM), bob.trust.room(ROOM)];
    expect(await codeFor(bobAgain.open(ann.device, sealed))).toBe("description-replayed");
    expect(await codeFor(annAgain.open(bob.device, answer))).toBe("description-forged");
  });

  it("outlive whatever a hub may say instead of a description", async () => {
    const sealed = await ann.room.seal(bob.device, offer());
    const seal = sealed.seal;
    for (const broken of [
      { ...sealed, seal: {} },
      { ...sealed, sdp: 5 },
      { ...sealed, round: -1 },
      { ...sealed, round: 2 ** 32 },
      { ...sealed, type: "rollback" },
      { ...sealed, seal: { ...seal, sequence: 1.5 } },
      { ...sealed, seal: { ...seal, sequence: "1" } },
      { ...sealed, seal: { ...seal, kind: "friend" } },
      { ...sealed, seal: { ...seal, key: "!" } },
      { ...sealed, seal: { ...seal, signature: null } },
    ])
      expect(await codeFor(bob.room.open(ann.device, broken as unknown as Description))).toBe(
        "description-forged",
      );
    expect(await codeFor(bob.room.open(ann.device, sealed))).toBe("good");
  });

  it("compare a code only where a description was opened", async () => {
    expect(await codeFor(bob.room.verify(ann.device, { type: "begin" }))).toBe("participant-unknown");
    await bob.room.open(ann.device, await ann.room.seal(bob.device, offer()));
    await ann.room.open(bob.device, await bob.room.seal(ann.device, { type: "answer", sdp: SDP, round: 0 }));
    const begun = await ann.room.verify(bob.device, { type: "begin" });
    const [commit] = begun.say;
    if (!commit) throw new Error("a commitment was expected");
    const [nonce] = (await bob.room.verify(ann.device, { type: "heard", verify: commit })).say;
    if (!nonce) throw new Error("a nonce was expected");
    const { stage, say } = await ann.room.verify(bob.device, { type: "heard", verify: nonce });
    const [reveal] = say;
    if (!reveal) throw new Error("a share was expected");
    expect((await bob.room.verify(ann.device, { type: "heard", verify: reveal })).stage).toEqual(stage);
  });
});
