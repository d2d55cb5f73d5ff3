/**
 * Writes what the engine says into the reactive state, touching only what has changed: a view that shows a stream
 * shall not start it anew because somebody else began to speak.
 */
import type { CallView, PeerView } from "../call/view";
import type { DeviceId, Person, Standing } from "../gen/protocol";
import type { CallPeer, CallState } from "./contract";

/** What my memory says of a participant. */
export type StandingOf = (device: DeviceId, person: Person) => Standing;

export function mergeCall(state: CallState, view: CallView, standingOf: StandingOf): void {
  const { peers: engines, gestures, ...rest } = view;
  const peers = engines.map((peer) => ({ ...peer, standing: standingOf(peer.device, peer.person) }));
  assign(state, rest);
  if (!alike(state.gestures, gestures)) state.gestures = gestures;
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

function mergePeer(known: CallPeer, peer: PeerView & { standing: Standing }): CallPeer {
  const { person, quality, standing, verification, reaction, ...rest } = peer;
  assign(known, rest);
  if (!alike(known.person, person)) known.person = person;
  if (!alike(known.quality, quality)) known.quality = quality;
  if (!alike(known.standing, standing)) known.standing = standing;
  if (!alike(known.verification, verification)) known.verification = verification;
  if (!alike(known.reaction, reaction)) known.reaction = reaction;
  return known;
}

function alike(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function assign<T extends object>(target: T, source: Partial<T>): void {
  for (const field of Object.keys(source) as (keyof T)[]) {
    const value = source[field];
    if (value !== undefined && target[field] !== value) target[field] = value as T[keyof T];
  }
}
