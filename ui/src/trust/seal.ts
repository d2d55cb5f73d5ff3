/**
 * A guest's seals: its own key vouches for its session descriptions, and opens those of others. The twin of
 * `identity/src/seal`: the same bytes, the same order of checks, the same memory.
 */
import { CodedError } from "../backend/types";
import type { Opened } from "../call/trust";
import { VERSIONS, type Description, type DeviceId, type DeviceKind, type PublicKey } from "../gen/protocol";
import type { RoomId, Seal } from "../gen/protocol";
import { decode, encode } from "./base32";
import { concat, fields, sha256, u16, u32, u64, utf8, type Bytes } from "./bytes";
import type { GuestKey } from "./key";
import { Recent } from "./recent";
import { read, withoutWeak, type Reading } from "./sdp";

/** A room and the hub that holds it. */
export interface Place {
  hub: DeviceId;
  room: RoomId;
}

/** Rooms whose sequences are remembered, senders of a room, and offers of each direction between two. */
const MAX_ROOMS_KEPT = 1024;
const MAX_SENDERS_KEPT = 64;
const MAX_OFFERS_KEPT = 8;

const KINDS: readonly DeviceKind[] = ["install", "guest", "transient"];
/** What an offer answers. */
const NOTHING = new Uint8Array(32);

interface Offer {
  round: number;
  digest: Bytes;
}

/** Another participant of a room. */
class Sender {
  /** The highest sequence accepted. */
  sequence = -1;
  key: PublicKey | null = null;
  /** Our offers to them, and theirs to us that were opened; the last ones. */
  made: Offer[] = [];
  heard: Offer[] = [];
}

/** Who signs and checks signatures. */
export interface Signing extends Pick<GuestKey, "publicKey" | "sign" | "verify"> {
  kind: DeviceKind;
}

export class Notary {
  #sequence = 0;
  readonly #rooms = new Recent<string, Recent<DeviceId, Sender>>(
    MAX_ROOMS_KEPT,
    () => new Recent<DeviceId, Sender>(MAX_SENDERS_KEPT, () => new Sender()),
  );

  constructor(private readonly key: Signing) {}

  /** Rejects with `malformed` or `fingerprint-weak`. */
  async seal(now: number, place: Place, to: DeviceId, description: Description): Promise<Description> {
    const reading = read(description.sdp);
    if (reading.weak) throw new CodedError("fingerprint-weak");
    let answers: Bytes = NOTHING;
    if (description.type === "answer") {
      const heard = this.#rooms.get(nameOf(place))?.get(to)?.heard ?? [];
      const answered = heard.findLast(({ round }) => round === description.round);
      if (!answered) throw new CodedError("malformed");
      answers = answered.digest;
    }
    const sequence = Math.max(this.#sequence + 1, Math.floor(now));
    this.#sequence = sequence;
    const sender = { key: this.key.publicKey, kind: this.key.kind, sequence };
    const { type, sdp, round } = description;
    const signed = await toSign(place, to, answers, description, sender, reading);
    if (!signed) throw new CodedError("malformed");
    // Before anything is awaited again: an answer cannot be quicker than its offer.
    const digest = await sha256(signed);
    if (type === "offer") keep(this.#rooms.touch(nameOf(place)).touch(to).made, { round, digest });
    return { type, sdp, round, seal: { ...sender, signature: await this.key.sign(signed) } };
  }

  /**
   * @param own this device
   * Rejects, in this order, with `description-unsigned`, `-forged`, `-replayed`, and `fingerprint-weak`.
   */
  async open(own: DeviceId, place: Place, from: DeviceId, description: Description): Promise<Opened> {
    const { type, round, sdp, seal } = description;
    if (!seal) throw new CodedError("description-unsigned");
    const forged = new CodedError("description-forged");
    if (!isWhole(description, seal)) throw forged;
    // One's own words, thrown back, are nobody else's.
    if (from === own || (await deviceIdOf(seal.key)) !== from) throw forged;
    let reading: Reading;
    try {
      reading = read(sdp);
    } catch {
      throw forged;
    }
    const made = this.#rooms.get(nameOf(place))?.get(from)?.made ?? [];
    const answered =
      type === "offer"
        ? [NOTHING]
        : made.filter((offer) => offer.round === round).map(({ digest }) => digest);
    const signed = await this.#signedBy(seal, answered.reverse(), (answers) =>
      toSign(place, own, answers, description, seal, reading),
    );
    if (!signed) throw forged;
    const digest = await sha256(signed);
    // From here on nothing is awaited: of two copies that are opened at once only one is the first.
    const known = this.#rooms.get(nameOf(place))?.get(from);
    if (known && seal.sequence <= known.sequence) throw new CodedError("description-replayed");
    if (reading.weak) throw new CodedError("fingerprint-weak");
    const sender = this.#rooms.touch(nameOf(place)).touch(from);
    sender.sequence = seal.sequence;
    sender.key = seal.key;
    if (type === "offer") keep(sender.heard, { round, digest });
    return { description: { type, sdp: withoutWeak(sdp), round }, kind: seal.kind };
  }

  /** The key of a device of which a description was opened in this room since it was entered. */
  keyOf(place: Place, device: DeviceId): PublicKey | null {
    return this.#rooms.get(nameOf(place))?.get(device)?.key ?? null;
  }

  /** The room was left, or is entered anew: its keys and offers are forgotten, its sequences are not. */
  leave(place: Place): void {
    for (const sender of this.#rooms.get(nameOf(place))?.values() ?? []) {
      sender.key = null;
      sender.made = [];
      sender.heard = [];
    }
  }

  /** The bytes that the seal's signature covers; null when it covers none of them. */
  async #signedBy(
    seal: Seal,
    answered: readonly Bytes[],
    bytesOf: (answers: Bytes) => Promise<Bytes | null>,
  ): Promise<Bytes | null> {
    for (const answers of answered) {
      const signed = await bytesOf(answers);
      if (signed && (await this.key.verify(seal.key, signed, seal.signature))) return signed;
    }
    return null;
  }
}

export async function deviceIdOf(key: PublicKey): Promise<DeviceId | null> {
  const bytes = decode(key);
  return bytes?.length === 32 ? encode(await sha256(bytes)) : null;
}

/** The bytes of `description_to_sign` (protocol/src/seal.rs). Null when an id is not one. Public for tests. */
export async function toSign(
  { hub, room }: Place,
  to: DeviceId,
  answers: Bytes,
  { type, round, sdp }: Description,
  { key, kind, sequence }: Pick<Seal, "key" | "kind" | "sequence">,
  { fingerprints, ufrags }: Pick<Reading, "fingerprints" | "ufrags">,
): Promise<Bytes | null> {
  const [hubBytes, roomBytes, keyBytes, toBytes] = [hub, room, key, to].map(decode);
  if (!hubBytes || !roomBytes || !keyBytes || !toBytes) return null;
  const list = (items: readonly string[]): Bytes => fields(u32(items.length), ...items.map(utf8));
  return concat(
    fields(
      utf8("earshot description v1"),
      u16(VERSIONS[0] ?? 0),
      utf8(type),
      hubBytes,
      roomBytes,
      keyBytes,
      utf8(kind),
      toBytes,
      u64(sequence),
      u32(round),
      answers,
    ),
    list(fingerprints),
    list(ufrags),
    fields(await sha256(utf8(sdp))),
  );
}

/** What a node's types see to: a hub may say anything. */
function isWhole({ type, round, sdp }: Description, { key, kind, sequence, signature }: Seal): boolean {
  return (
    (type === "offer" || type === "answer") &&
    typeof sdp === "string" &&
    Number.isInteger(round) &&
    round >= 0 &&
    round < 2 ** 32 &&
    typeof key === "string" &&
    typeof signature === "string" &&
    KINDS.includes(kind) &&
    Number.isSafeInteger(sequence) &&
    sequence >= 0
  );
}

function keep(offers: Offer[], offer: Offer): void {
  offers.push(offer);
  if (offers.length > MAX_OFFERS_KEPT) offers.shift();
}

function nameOf({ hub, room }: Place): string {
  return `${hub} ${room}`;
}
