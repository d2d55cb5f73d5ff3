/**
 * A guest's device key. Ed25519 in WebCrypto, not extractable, kept in IndexedDB: it lives as long as the browser's
 * storage does. A browser that has no Ed25519, or that keeps nothing, has a key that is gone with the page: its guest is
 * `transient`, and calls with it are marked as unverified.
 */
import { CodedError } from "../backend/types";
import type { DeviceId, DeviceKind, Nonce, PublicKey, Signature } from "../gen/protocol";
import { decode, encode } from "./base32";
import { concat, utf8, type Bytes } from "./bytes";

/** Signs, and checks what others signed, by the same means. */
interface Signer {
  publicKey: Bytes;
  sign(bytes: Bytes): Promise<Uint8Array>;
  verify(key: Bytes, bytes: Bytes, signature: Bytes): Promise<boolean>;
}

export class GuestKey {
  readonly publicKey: PublicKey;
  constructor(
    private readonly signer: Signer,
    readonly kind: Extract<DeviceKind, "guest" | "transient">,
  ) {
    this.publicKey = encode(signer.publicKey);
  }

  async sign(bytes: Bytes): Promise<Signature> {
    return encode(await this.signer.sign(bytes));
  }

  /** Proof for one hub and one challenge. Rejects with `malformed`. */
  signHello(hub: DeviceId, nonce: Nonce): Promise<Signature> {
    const bytes = helloToSign(hub, nonce, this.publicKey);
    return bytes ? this.sign(bytes) : Promise.reject(new CodedError("malformed"));
  }

  /** Whether the holder of `key` signed `bytes`; what is no key or no signature did not. */
  async verify(key: PublicKey, bytes: Bytes, signature: Signature): Promise<boolean> {
    const [rawKey, rawSignature] = [decode(key), decode(signature)];
    if (rawKey?.length !== 32 || rawSignature?.length !== 64 || isEverybodys(rawKey)) return false;
    try {
      return await this.signer.verify(rawKey, bytes, rawSignature);
    } catch {
      // Not a point of the curve, say.
      return false;
    }
  }
}

/**
 * The points of small order, in every form that decodes to one, without the sign bit: for such a key everybody can make
 * signatures that fit every message, so it is no device's.
 */
const SMALL_ORDER: readonly string[] = [
  "0".repeat(64),
  `01${"0".repeat(62)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ...["ec", "ed", "ee"].map((low) => `${low}${"f".repeat(60)}7f`),
];

function isEverybodys(key: Bytes): boolean {
  const bytes = Array.from(key, (byte, at) => (at === 31 ? byte & 0x7f : byte));
  return SMALL_ORDER.includes(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}

const ED25519 = { name: "Ed25519" };
const DATABASE = "earshot";
const STORE = "keys";
const NAME = "device";
const LABEL = "earshot hello v1\0";

/**
 * The bytes of `hello_to_sign` (protocol/src/hub.rs): label, hub's device id, nonce, own key, and zeros, for a page does
 * not get at the TLS exporter (`binding` is `none`). Null when an id is not base32.
 */
export function helloToSign(hub: DeviceId, nonce: Nonce, key: PublicKey): Bytes | null {
  const parts = [decode(hub), decode(nonce), decode(key)].filter((part) => part?.length === 32);
  const [first, second, third] = parts;
  return first && second && third ? concat(utf8(LABEL), first, second, third, new Uint8Array(32)) : null;
}

/** Rejects with `insecure-page` where a page may not have a key. */
export async function loadGuestKey(): Promise<GuestKey> {
  if (!globalThis.isSecureContext) throw new CodedError("insecure-page");
  let pair = await stored().catch(() => null);
  if (pair) return fromPair(pair, "guest");
  try {
    pair = (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"])) as CryptoKeyPair;
  } catch {
    return transientKey();
  }
  try {
    // Two tabs may start at once: whichever stored first is the one that both use.
    return await fromPair(await store(pair), "guest");
  } catch {
    return fromPair(pair, "transient");
  }
}

/** Public for tests; `pair` is an Ed25519 pair. */
export async function fromPair(pair: CryptoKeyPair, kind: GuestKey["kind"]): Promise<GuestKey> {
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return new GuestKey(
    {
      publicKey,
      sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(ED25519, pair.privateKey, bytes)),
      async verify(key, bytes, signature) {
        const theirs = await crypto.subtle.importKey("raw", key, ED25519, false, ["verify"]);
        return crypto.subtle.verify(ED25519, theirs, signature, bytes);
      },
    },
    kind,
  );
}

/**
 * A key in memory only, for browsers without Ed25519; the code for it is fetched only there.
 * @param secret of 32 bytes, for tests
 */
export async function transientKey(secret?: Bytes): Promise<GuestKey> {
  const ed25519 = await import("@noble/ed25519");
  const seed = secret ?? ed25519.utils.randomSecretKey();
  return new GuestKey(
    {
      publicKey: new Uint8Array(await ed25519.getPublicKeyAsync(seed)),
      sign: (bytes) => ed25519.signAsync(bytes, seed),
      verify: (key, bytes, signature) => ed25519.verifyAsync(signature, bytes, key, { zip215: false }),
    },
    "transient",
  );
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new CodedError("store-failed"));
  });
}

async function database(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

async function stored(): Promise<CryptoKeyPair | null> {
  const base = await database();
  try {
    const pair: unknown = await settled(base.transaction(STORE).objectStore(STORE).get(NAME));
    return (pair as CryptoKeyPair | undefined) ?? null;
  } finally {
    base.close();
  }
}

async function store(pair: CryptoKeyPair): Promise<CryptoKeyPair> {
  const base = await database();
  try {
    const keys = base.transaction(STORE, "readwrite").objectStore(STORE);
    const earlier: unknown = await settled(keys.get(NAME));
    if (earlier) return earlier as CryptoKeyPair;
    await settled(keys.put(pair, NAME));
    return pair;
  } finally {
    base.close();
  }
}
