/** Calls that did not fail but were stopped: going on would not have been private. */
import type { ErrorCode } from "../gen/protocol";
import type { AnyCode } from "../state/contract";

const STOPPED: readonly ErrorCode[] = [
  "description-unsigned",
  "description-forged",
  "description-replayed",
  "fingerprint-weak",
  "unverified-refused",
];

export function stoppedFor(code: AnyCode): boolean {
  return (STOPPED as readonly AnyCode[]).includes(code);
}
