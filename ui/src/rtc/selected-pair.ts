/** The pair of candidates that is used (W3C WebRTC 1.0, section 5.6.5), out of what the native side's stats tell. Pure. */
import { parts, RTCIceCandidate } from "./candidate";

export interface CandidatePair {
  local: RTCIceCandidate;
  remote: RTCIceCandidate;
}

type Entry = Record<string, unknown>;

/** Null as long as none is selected. */
export function selectedPair(
  entries: readonly Entry[],
  known: { local: readonly RTCIceCandidate[]; remote: readonly RTCIceCandidate[] },
): CandidatePair | null {
  const byId = (id: unknown): Entry | undefined =>
    id === undefined ? undefined : entries.find((entry) => entry["id"] === id);
  const transport = entries.find(({ type }) => type === "transport");
  const pair = byId(transport?.["selectedCandidatePairId"]);
  const local = byId(pair?.["localCandidateId"]);
  const remote = byId(pair?.["remoteCandidateId"]);
  if (!local || !remote) return null;
  return { local: candidateOf(local, known.local), remote: candidateOf(remote, known.remote) };
}

/** The one that was told of, or one of its own for an address that only showed itself (`prflx`). */
function candidateOf(entry: Entry, known: readonly RTCIceCandidate[]): RTCIceCandidate {
  const { address, port, protocol, candidateType, priority } = entry;
  const found = known.find(
    (one) => one.address === address && one.port === port && one.type === candidateType,
  );
  if (found) return found;
  const text = `candidate:0 1 ${String(protocol)} ${Number(priority ?? 0)} ${String(address)} ${String(port)} typ ${String(candidateType)}`;
  return new RTCIceCandidate({ candidate: parts(text) ? text : "", sdpMid: null, sdpMLineIndex: 0 });
}

export function isSamePair(a: CandidatePair | null, b: CandidatePair | null): boolean {
  const text = (pair: CandidatePair | null): string | null =>
    pair && `${pair.local.candidate} ${pair.remote.candidate}`;
  return text(a) === text(b);
}
