/**
 * Whom the speaker layout shows large: a pure function over who is heard and the time. One's own voice is not among
 * what it is given, so one never sees oneself large. Times are ms of any steady clock.
 */
import type { DeviceId } from "../../gen/protocol";

/** So long somebody speaks before they become the large one: a cough or a 'yes' does not move anything. */
export const RISE = 700;
/** A pause between two words, no longer than this, is still the same speech. */
export const PAUSE = 400;
/** So long the large one stays in any case. */
export const STAY = 2500;
/** So long the large one is quiet before somebody else takes the place. */
export const QUIET = 1000;
/** Over somebody who does not stop (or whose fan is heard), another takes the place after so long. */
export const INSIST = 5000;

interface Voice {
  speaking: boolean;
  /** The speech began. */
  from: number;
  /** They were last heard; -Infinity: never. */
  until: number;
  /** Spoken over: waits for the other to be quiet, so that two talkers do not take turns for ever. */
  passed: boolean;
}

export interface Talk {
  /** The large one, if anybody has spoken yet. */
  device: DeviceId | null;
  /** Since when. */
  since: number;
  voices: ReadonlyMap<DeviceId, Voice>;
}

export const SILENCE: Talk = { device: null, since: 0, voices: new Map() };

/** What `talk` becomes when these are in the call at `now`. */
export function follow(
  talk: Talk,
  peers: readonly { device: DeviceId; speaking: boolean }[],
  now: number,
): Talk {
  const voices = new Map(peers.map((peer) => [peer.device, heard(talk.voices.get(peer.device), peer, now)]));
  const large = talk.device === null ? undefined : voices.get(talk.device);
  if (talk.device !== null && large === undefined) {
    // The large one has left.
    return { device: lastHeard(voices), since: now, voices };
  }
  const next = challenger(talk, voices, now);
  if (next === null) return { ...talk, voices };
  if (large?.speaking && talk.device !== null) voices.set(talk.device, { ...large, passed: true });
  return { device: next, since: now, voices };
}

/** When `follow` may answer differently though nobody begins or stops to speak; null: never. */
export function due(talk: Talk): number | null {
  let soonest: number | null = null;
  for (const [device, voice] of talk.voices) {
    const at = device === talk.device ? null : turn(talk, voice);
    if (at !== null && (soonest === null || at < soonest)) soonest = at;
  }
  return soonest;
}

function heard(before: Voice | undefined, { speaking }: { speaking: boolean }, now: number): Voice {
  if (before === undefined) return { speaking, from: now, until: speaking ? now : -Infinity, passed: false };
  if (before.speaking) return { ...before, speaking, until: now };
  if (!speaking) return before;
  const goesOn = now - before.until <= PAUSE;
  return goesOn ? { ...before, speaking, until: now } : { speaking, from: now, until: now, passed: false };
}

/** When the turn of `voice` comes, if nothing changes; null: not by waiting. */
function turn(talk: Talk, voice: Voice): number | null {
  if (!voice.speaking) return null;
  const ready = voice.from + RISE;
  const large = talk.device === null ? undefined : talk.voices.get(talk.device);
  if (large === undefined) return ready;
  const free = Math.max(ready, talk.since + STAY);
  if (!large.speaking) return Math.max(free, large.until + QUIET);
  return voice.passed ? null : Math.max(free, voice.from + INSIST);
}

function challenger(talk: Talk, voices: ReadonlyMap<DeviceId, Voice>, now: number): DeviceId | null {
  let found: DeviceId | null = null;
  let from = Infinity;
  for (const [device, voice] of voices) {
    if (device === talk.device) continue;
    const at = turn({ ...talk, voices }, voice);
    // Of several, whoever has spoken for longest.
    if (at !== null && at <= now && voice.from < from) {
      found = device;
      from = voice.from;
    }
  }
  return found;
}

function lastHeard(voices: ReadonlyMap<DeviceId, Voice>): DeviceId | null {
  let found: DeviceId | null = null;
  let latest = -Infinity;
  for (const [device, voice] of voices) {
    if (voice.until > latest) {
      found = device;
      latest = voice.until;
    }
  }
  return found;
}
