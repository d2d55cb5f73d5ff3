/**
 * Writes what the engine says into the reactive state, touching only what has changed: a view that shows a stream
 * shall not start it anew because somebody else began to speak.
 */
import type { CallView, PeerView } from "../call/view";
import type { CallPeer, CallState } from "./contract";

export function mergeCall(state: CallState, view: CallView): void {
  const { peers, ...rest } = view;
  assign(state, rest);
  const same =
    peers.length === state.peers.length && peers.every((peer, at) => peer.device === state.peers[at]?.device);
  if (!same) {
    state.peers = peers.map((peer) => {
      const known = state.peers.find(({ device }) => device === peer.device);
      return known ? mergePeer(known, peer) : peer;
    });
    return;
  }
  peers.forEach((peer, at) => {
    const known = state.peers[at];
    if (known) mergePeer(known, peer);
  });
}

function mergePeer(known: CallPeer, peer: PeerView): CallPeer {
  const { person, quality, ...rest } = peer;
  assign(known, rest);
  if (JSON.stringify(known.person) !== JSON.stringify(person)) known.person = person;
  if (JSON.stringify(known.quality) !== JSON.stringify(quality)) known.quality = quality;
  return known;
}

function assign<T extends object>(target: T, source: Partial<T>): void {
  for (const field of Object.keys(source) as (keyof T)[]) {
    const value = source[field];
    if (value !== undefined && target[field] !== value) target[field] = value as T[keyof T];
  }
}
