/**
 * A guest's page and a node do the same, byte for byte: these are the vectors that the Rust crate makes and checks
 * itself against. Both ways, since the same notaries seal and open in them.
 */
import { describe, expect, it } from "vitest";
import codeVectors from "../../../src-tauri/crates/identity/tests/vectors/code.json";
import sdpVectors from "../../../src-tauri/crates/identity/tests/vectors/sdp.json";
import sealVectors from "../../../src-tauri/crates/identity/tests/vectors/seal.json";
import { codeOf as problemOf } from "../backend/types";
import type { Description, DeviceKind, Verification as Answer, VerifyStep } from "../gen/protocol";
import { decode, encode } from "./base32";
import { concat, sha256, type Bytes } from "./bytes";
import { fromPair, transientKey, type GuestKey } from "./key";
import { read, withoutWeak } from "./sdp";
import { Notary, toSign } from "./seal";
import { Verification, codeOf, commitmentOf } from "./verification";

interface Step {
  do: "seal" | "open" | "leave";
  hub: string;
  room: string;
  now: number;
  to: string;
  from: string;
  why?: string;
  description: Description;
  code?: string;
  gives?: unknown;
}

const hex = (text: string): Bytes =>
  new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The engine's own Ed25519, from a seed (RFC 8410, section 7). */
async function ownKey(seed: Bytes): Promise<GuestKey> {
  const pkcs8 = concat(hex("302e020100300506032b657004220420"), seed);
  const ed25519 = { name: "Ed25519" };
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, ed25519, false, ["sign"]);
  const raw = decode((await transientKey(seed)).publicKey) ?? new Uint8Array();
  const publicKey = await crypto.subtle.importKey("raw", raw, ed25519, true, ["verify"]);
  return fromPair({ privateKey, publicKey }, "guest");
}

/** The vectors' notaries are of every kind. */
function ofKind(key: GuestKey, kind: string) {
  return {
    publicKey: key.publicKey,
    kind: kind as DeviceKind,
    sign: (bytes: Bytes) => key.sign(bytes),
    verify: (...said: Parameters<GuestKey["verify"]>) => key.verify(...said),
  };
}

/** The result, or the code. */
async function outcome<T>(run: () => Promise<T> | T): Promise<T | string> {
  try {
    return await run();
  } catch (error) {
    return problemOf(error);
  }
}

describe("an SDP", () => {
  it.each(sdpVectors.map((vector) => [vector.name, vector] as const))("with %s", async (_, vector) => {
    const essence = await outcome(() => {
      const { weak, ...found } = read(vector.sdp);
      return weak ? "fingerprint-weak" : found;
    });
    expect(essence).toEqual("code" in vector ? vector.code : vector.essence);
    expect(withoutWeak(vector.sdp)).toBe(vector.without_weak);
  });
});

describe.each([
  ["the engine's Ed25519", ownKey],
  ["the one in TypeScript", transientKey],
] as const)("with %s", (_, keyOf) => {
  it.each(sealVectors.signed.map((vector) => [vector.name, vector] as const))(
    "signs %s",
    async (_, vector) => {
      const key = await keyOf(hex(vector.seed));
      expect(key.publicKey).toBe(vector.key);
      const { key: publicKey, kind, sequence } = vector as typeof vector & { kind: DeviceKind };
      const signed = await toSign(
        vector,
        vector.to,
        decode(vector.answers) ?? new Uint8Array(),
        vector.description as Description,
        { key: publicKey, kind, sequence },
        vector.essence,
      );
      expect(signed && toHex(signed)).toBe(vector.signed);
      expect(toHex(await sha256(signed ?? new Uint8Array()))).toBe(vector.digest);
      expect(await key.sign(signed ?? new Uint8Array())).toBe(vector.signature);
    },
  );

  it.each(sealVectors.notaries.map((vector) => [vector.name, vector] as const))(
    "seals and opens: %s",
    async (_, vector) => {
      const notary = new Notary(ofKind(await keyOf(hex(vector.seed)), vector.kind));
      for (const step of vector.steps as unknown as Step[]) {
        const place = { hub: step.hub, room: step.room };
        const given = await outcome(async () => {
          if (step.do === "seal")
            return { description: await notary.seal(step.now, place, step.to, step.description) };
          if (step.do === "open") return notary.open(vector.device, place, step.from, step.description);
          return notary.leave(place);
        });
        expect(given, step.why ?? step.do).toEqual(step.code ?? step.gives);
      }
    },
  );
});

describe("a short code", () => {
  it.each(codeVectors.codes)("is $code", async (vector) => {
    const { initiator, responder, room, initiator_nonce, responder_nonce } = vector;
    expect(await commitmentOf(initiator, responder, room, initiator_nonce)).toBe(vector.commitment);
    expect(await codeOf(initiator, responder, room, initiator_nonce, responder_nonce)).toEqual(vector.code);
  });

  it.each(codeVectors.exchanges.map((vector) => [vector.name, vector] as const))(
    "%s",
    async (_, { own, other, room, steps }) => {
      const side = new Verification(own, other, room);
      const all = steps as { now: number; fresh: string; step: VerifyStep; gives?: Answer; code?: string }[];
      for (const { now, fresh, step, gives, code } of all)
        expect(await outcome(() => side.step(now, fresh, step))).toEqual(code ?? gives);
    },
  );
});

describe("a key", () => {
  it("that everybody has proves nothing", async () => {
    const neutral = hex(`01${"00".repeat(31)}`);
    const points = [
      neutral,
      hex("00".repeat(32)),
      hex(`ec${"ff".repeat(30)}7f`),
      hex(`ee${"ff".repeat(31)}`),
    ];
    const signers = [
      await ownKey(new Uint8Array(32).fill(3)),
      await transientKey(new Uint8Array(32).fill(3)),
    ];
    let accepted = 0;
    for (const signer of signers)
      for (const key of points)
        for (const point of points)
          for (let message = 0; message < 16; message++) {
            const signature = encode(concat(point, new Uint8Array(32)));
            if (await signer.verify(encode(key), new Uint8Array([message]), signature)) accepted++;
          }
    expect(accepted).toBe(0);
  });

  it("takes no signature of another message, of another key, or of no key at all", async () => {
    for (const make of [ownKey, transientKey]) {
      const key = await make(new Uint8Array(32).fill(3));
      const other = await make(new Uint8Array(32).fill(4));
      const message = new Uint8Array([1, 2, 3]);
      const signature = await key.sign(message);
      expect(await other.verify(key.publicKey, message, signature)).toBe(true);
      expect(await other.verify(key.publicKey, new Uint8Array([1, 2]), signature)).toBe(false);
      expect(await other.verify(other.publicKey, message, signature)).toBe(false);
      expect(await other.verify("", message, signature)).toBe(false);
      expect(await other.verify(encode(new Uint8Array(32).fill(255)), message, signature)).toBe(false);
      expect(await other.verify(key.publicKey, message, signature.slice(8))).toBe(false);
    }
  });
});
