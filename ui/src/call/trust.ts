/**
 * The device key's word for a call, as the engine needs it. Whoever stands behind it, a node in Rust or a guest's own
 * key in the browser, signs and checks by the same rules (PROTOCOL.md, section 7, "Seals").
 */
import type { Description, DeviceId, DeviceKind, ErrorCode, Verification, VerifyStep } from "../gen/protocol";

/** A description that was checked. */
export interface Opened {
  /** Weak fingerprints are taken out. */
  description: Description;
  /** What sort of device its sender is; signed by the sender. */
  kind: DeviceKind;
}

/** For one room. Everything rejects with a `CodedError`. */
export interface RoomTrust {
  /** Signs what is about to be sent to `to`. */
  seal(to: DeviceId, description: Description): Promise<Description>;
  /** Checks what came, by whichever way, and says that it is from `from`. */
  open(from: DeviceId, description: Description): Promise<Opened>;
  /** A step of comparing the short code. */
  verify(device: DeviceId, step: VerifyStep): Promise<Verification>;
}

/** What says that a description is not to be used, in contrast to what only says that nobody could look at it. */
const REFUSALS: readonly ErrorCode[] = [
  "malformed",
  "description-unsigned",
  "description-forged",
  "description-replayed",
  "fingerprint-weak",
  "unverified-refused",
];

/** The code of an `open` that refused; null when it did not get as far as that. */
export function refusalOf(error: unknown): ErrorCode | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return REFUSALS.find((refusal) => refusal === code) ?? null;
}

/** Made by {@link PeerTrust.open} and nowhere else, since the class is not exported. */
class CheckedDescription {
  readonly #opened: Opened;
  constructor(opened: Opened) {
    this.#opened = opened;
  }
  get kind(): DeviceKind {
    return this.#opened.kind;
  }
  get sdp(): string {
    return this.#opened.description.sdp;
  }
  /** For `setRemoteDescription`. */
  get init(): RTCSessionDescriptionInit {
    const { type, sdp } = this.#opened.description;
    return { type, sdp };
  }
}

/** A description that was good: only this may be given to `setRemoteDescription`. */
export type Checked = CheckedDescription;

/** A {@link RoomTrust} bound to one participant: nothing of a peer connection can be sealed for, or come from, another. */
export class PeerTrust {
  constructor(
    private readonly room: RoomTrust,
    private readonly device: DeviceId,
  ) {}

  seal(description: Description): Promise<Description> {
    return this.room.seal(this.device, description);
  }

  /** Rejects with what {@link refusalOf} reads, or with something else when it could not be checked. */
  async open(description: Description): Promise<Checked> {
    const opened = await this.room.open(this.device, description);
    const { type, round } = opened.description;
    if (type !== description.type || round !== description.round) throw new Error("another one was opened");
    return new CheckedDescription(opened);
  }

  verify(step: VerifyStep): Promise<Verification> {
    return this.room.verify(this.device, step);
  }
}
