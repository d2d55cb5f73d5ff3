/**
 * A guest's device key: Ed25519 in WebCrypto, not extractable, kept in IndexedDB. It lives as long as the browser's
 * storage does; where that is refused (private windows) as long as the page.
 */
import { decode, encode } from "./base32";
import { CodedError } from "./types";
import type { DeviceId, Nonce, PublicKey, Signature } from "../gen/protocol";

export interface GuestKey {
  publicKey: PublicKey;
  /** Proof for one hub and one challenge, over the bytes of `hello_to_sign` (protocol/src/hub.rs). */
  sign(hub: DeviceId, nonce: Nonce): Promise<Signature>;
}

const DATABASE = "earshot";
const STORE = "keys";
const NAME = "device";
const LABEL = "earshot hello v1\0";

/** Label, hub's device id, nonce and own key, one after the other. Null when an id is not base32. */
export function helloToSign(hub: DeviceId, nonce: Nonce, key: PublicKey): Uint8Array<ArrayBuffer> | null {
  const parts = [decode(hub), decode(nonce), decode(key)];
  const bytes = [...new TextEncoder().encode(LABEL)];
  for (const part of parts) {
    if (part?.length !== 32) return null;
    bytes.push(...part);
  }
  return new Uint8Array(bytes);
}

/** Rejects with `insecure-page` or `browser-too-old` where there is no Ed25519. */
export async function loadGuestKey(): Promise<GuestKey> {
  if (!globalThis.isSecureContext) throw new CodedError("insecure-page");
  let pair = await stored().catch(() => null);
  if (!pair) {
    try {
      pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, [
        "sign",
        "verify",
      ])) as CryptoKeyPair;
    } catch {
      throw new CodedError("browser-too-old");
    }
    // Two tabs may start at once: whichever stored first is the one that both use.
    pair = await store(pair).catch(() => pair);
  }
  return fromPair(pair as CryptoKeyPair);
}

/** Public for tests; `pair` is an Ed25519 pair. */
export async function fromPair(pair: CryptoKeyPair): Promise<GuestKey> {
  const publicKey = encode(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  return {
    publicKey,
    async sign(hub, nonce) {
      const bytes = helloToSign(hub, nonce, publicKey);
      if (!bytes) throw new CodedError("malformed");
      return encode(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, bytes)));
    },
  };
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
