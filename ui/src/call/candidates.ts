/**
 * Remote ICE candidates (RFC 8838). One is used only with the ufrag of a description that was good: a candidate itself
 * is not signed. What came before its description waits; with ICE restarts and two ways for a signal to travel, that
 * may also be one of a round that is still to come.
 */
import { LIMITS, type Candidate } from "../gen/protocol";

export class Candidates {
  #held: { candidate: Candidate; ufrag: string }[] = [];
  #ufrags: ReadonlySet<string> = new Set();

  /** A good remote description holds now; gives back what may be added at last. */
  described(sdp: string): Candidate[] {
    const found = [...sdp.matchAll(/^a=ice-ufrag:(.*?)\r?$/gm)].map(([, ufrag]) => ufrag ?? "");
    this.#ufrags = new Set(found);
    const ready = this.#held.filter(({ ufrag }) => this.#ufrags.has(ufrag));
    this.#held = this.#held.filter(({ ufrag }) => !this.#ufrags.has(ufrag));
    return ready.map(({ candidate }) => candidate);
  }

  /** Whether `candidate` may be added now; if not it is held. The oldest go when too many wait. */
  admit(candidate: Candidate): boolean {
    const ufrag = ufragOf(candidate);
    if (ufrag === null) return false;
    if (this.#ufrags.has(ufrag)) return true;
    if (this.#held.length >= LIMITS.MAX_QUEUE) this.#held.shift();
    this.#held.push({ candidate, ufrag });
    return false;
  }
}

/** RFC 8839, section 5.1: an extension of the candidate line, where the engine does not name it in a field. */
function ufragOf({ usernameFragment, candidate }: Candidate): string | null {
  return usernameFragment ?? / ufrag (\S+)/.exec(candidate)?.[1] ?? null;
}
