/**
 * Remote ICE candidates (RFC 8838) that came before the description they belong to. With ICE restarts and two ways
 * for a signal to travel, a candidate may also be early for a round that is still to come.
 */
import { LIMITS, type Candidate } from "../gen/protocol";

export class Candidates {
  #held: Candidate[] = [];
  #remote = "";

  /** A remote description holds now; gives back what may be added at last. */
  described(sdp: string): Candidate[] {
    this.#remote = sdp;
    const ready = this.#held.filter((candidate) => this.#fits(candidate));
    this.#held = this.#held.filter((candidate) => !this.#fits(candidate));
    return ready;
  }

  /** Whether `candidate` may be added now; if not it is held. The oldest go when too many wait. */
  admit(candidate: Candidate): boolean {
    if (this.#remote && this.#fits(candidate)) return true;
    if (this.#held.length >= LIMITS.MAX_QUEUE) this.#held.shift();
    this.#held.push(candidate);
    return false;
  }

  #fits({ usernameFragment }: Candidate): boolean {
    if (usernameFragment === undefined) return true;
    // Up to the line's end, since one ufrag may begin like another.
    return this.#remote.split(/\r?\n/).includes(`a=ice-ufrag:${usernameFragment}`);
  }
}
