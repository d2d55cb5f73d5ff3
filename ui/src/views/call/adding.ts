/** Who can be rung into a call. */
import type { CallState, PersonEntry } from "../../state/contract";

/** Those of the call's own list who answer, are not in it and do not ring. */
export function addable(people: readonly PersonEntry[], call: CallState): PersonEntry[] {
  const taken = new Set([
    ...call.peers.map(({ device }) => device),
    ...call.invited.filter(({ stage }) => stage === "ringing").map(({ device }) => device),
  ]);
  return people.filter(
    (entry) => (entry.via ?? null) === call.via && entry.reach === "here" && !taken.has(entry.device),
  );
}
