/** The pair of candidates that is used (W3C WebRTC 1.0, section 5.6.5), as the native side tells of it. Pure. */
import { parts, RTCIceCandidate } from "./candidate";
import type { PairEnd } from "./wire";

type Candidate = globalThis.RTCIceCandidate;

export interface CandidatePair {
  local: Candidate;
  remote: Candidate;
}

/** As it is told. */
export interface Pair {
  local: PairEnd;
  remote: PairEnd;
}

/** Of the candidates that both sides have told each other by now. */
export function candidatePair(
  { local, remote }: Pair,
  known: { local: readonly Candidate[]; remote: readonly Candidate[] },
): CandidatePair {
  return { local: candidateOf(local, known.local), remote: candidateOf(remote, known.remote) };
}

/** The one that was told of, if only after its address had shown itself (`prflx`); else one of its own. */
function candidateOf({ address, port, kind, priority }: PairEnd, known: readonly Candidate[]): Candidate {
  const there = known.filter((one) => one.address === address && one.port === port);
  const found = there.find(({ type }) => type === kind) ?? (kind === "prflx" ? there[0] : undefined);
  if (found) return found;
  const text = `candidate:0 1 udp ${priority} ${address} ${port} typ ${kind}`;
  const made = new RTCIceCandidate({ candidate: parts(text) ? text : "", sdpMid: null, sdpMLineIndex: 0 });
  return made as unknown as Candidate;
}

export function isSamePair(a: Pair | null, b: Pair): boolean {
  const is = (one: PairEnd | undefined, other: PairEnd): boolean =>
    one?.address === other.address && one.port === other.port;
  return is(a?.local, b.local) && is(a?.remote, b.remote);
}
