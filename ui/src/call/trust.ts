/**
 * The device key's word for a call, as the engine needs it. Whoever stands behind it, a node in Rust or a guest's own
 * key in the browser, signs and checks by the same rules (PROTOCOL.md, section 7, "Seals").
 */
import type { Description, DeviceId, DeviceKind, Verification, VerifyStep } from "../gen/protocol";

/** A description that was checked: only this may be given to `setRemoteDescription`. */
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
