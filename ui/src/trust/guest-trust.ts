/** A guest's {@link RoomTrust}: what a node does in Rust for its windows, done by the page's own key. */
import { CodedError } from "../backend/types";
import type { Opened, RoomTrust } from "../call/trust";
import type { Description, DeviceId, RoomRef, Verification as Answer, VerifyStep } from "../gen/protocol";
import { encode } from "./base32";
import { random32 } from "./bytes";
import type { GuestKey } from "./key";
import { deviceIdOf, Notary, type Place } from "./seal";
import { Verification } from "./verification";

export class GuestTrust {
  readonly #notary: Notary;
  readonly #own: Promise<DeviceId | null>;

  /** @param now ms since 1970 */
  constructor(
    private readonly key: GuestKey,
    private readonly now: () => number,
  ) {
    this.#notary = new Notary(key);
    this.#own = deviceIdOf(key.publicKey);
  }

  /** Asked for when a room is entered: what held in it before is forgotten. */
  room({ hub, room }: RoomRef): RoomTrust {
    const place: Place = { hub: hub.device, room };
    this.#notary.leave(place);
    const verifications = new Map<DeviceId, Verification>();
    return {
      seal: (to, description) => this.#notary.seal(this.now(), place, to, description),
      open: (from, description) => this.#open(place, from, description),
      verify: (device, step) => this.#verify(verifications, place, device, step),
    };
  }

  async #open(place: Place, from: DeviceId, description: Description): Promise<Opened> {
    const own = await this.#own;
    if (own === null) throw new CodedError("internal");
    return this.#notary.open(own, place, from, description);
  }

  #verify(
    verifications: Map<DeviceId, Verification>,
    place: Place,
    device: DeviceId,
    step: VerifyStep,
  ): Promise<Answer> {
    const other = this.#notary.keyOf(place, device);
    // Only with whom a sealed connection stands; as many as the room holds.
    if (!other) return Promise.reject(new CodedError("participant-unknown"));
    let verification = verifications.get(device);
    if (!verification) {
      verification = new Verification(this.key.publicKey, other, place.room);
      verifications.set(device, verification);
    }
    return verification.step(this.now(), encode(random32()), step);
  }
}
