/** A device id as people read and compare it. */
import type { DeviceId } from "../gen/protocol";

/** In capitals and groups of four: `QG3D PWH4 2LDN …`. */
export function fingerprint(device: DeviceId): string {
  return (device.toUpperCase().match(/.{1,4}/g) ?? []).join(" ");
}
