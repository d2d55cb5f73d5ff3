/** Which comparisons of the short code are asked for, and which one is on the table. */
import type { DeviceId } from "../../gen/protocol";
import type { CallPeer } from "../../state/contract";

export interface Comparing {
  /** They began, and nobody has answered here yet. */
  asked: CallPeer[];
  /** The dialog is about them. */
  shown: CallPeer | null;
}

/**
 * @param joined devices whose wish to compare was taken up here
 */
export function comparing(peers: readonly CallPeer[], joined: ReadonlySet<DeviceId>): Comparing {
  const asked: CallPeer[] = [];
  let shown: CallPeer | null = null;
  for (const peer of peers) {
    const verification = peer.verification;
    if (verification === null) continue;
    const { stage, theirs, problem } = verification;
    if (!theirs || joined.has(peer.device) || stage.type === "mismatch") shown ??= peer;
    // What they gave up, or what failed, before it was looked at here needs no word.
    else if (problem === null && stage.type !== "cancelled" && stage.type !== "verified") asked.push(peer);
  }
  return { asked, shown };
}
