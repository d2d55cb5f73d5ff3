/** One attempt to talk, mine or theirs, from the first click to its end. */
import type { Call, CallEnd } from "../call/call";
import { CONNECTING } from "../call/quality";
import type { DeviceId, Media, Presence, RingEnd, RingId, Standing } from "../gen/protocol";
import type { CallState, CallSummary } from "./contract";

export type End = CallSummary["end"];

/** What a call teaches of somebody: their key has vouched for it; the two people have compared the code. */
export type Remembering = "met" | "verified" | "mismatch";

export interface Attempt {
  /** Null in a meeting, which is with whoever comes. */
  with: Presence | null;
  entryKey: string | null;
  media: Media;
  outgoing: boolean;
  /** Null while my own ring has none yet. */
  ring: RingId | null;
  /** When it began, ms since 1970. */
  at: number;
  /** The callee comes, or I do. */
  accepted: boolean;
  call: Call | null;
  /** Whether my camera shall be on. */
  camera: boolean;
  over: boolean;
  /** What this call has taught of each, so that it is remembered once. */
  learned: Map<DeviceId, Remembering>;
}

/** What a history keeps. */
export interface Attempted {
  with: Presence;
  media: Media;
  outgoing: boolean;
  at: number;
  end: RingEnd;
  seconds: number;
}

/** @param talked they were connected at least once */
export function endOf(why: CallEnd, talked: boolean): End {
  if (typeof why === "object") return { type: "failed", code: why.refused };
  // They came into the room and left it: they hung up, or what I sent was not good enough for them.
  if (why === "ended") return null;
  if (why === "removed") return { type: "failed", code: "room-removed" };
  if (why === "hung-up") return talked ? null : { type: "failed", code: "not-connected" };
  return { type: "failed", code: why };
}

/** How the ring ended, as a history tells it. */
export function ringEndOf(end: End, attempt: Attempt): RingEnd {
  if (attempt.accepted || end === null) return { type: "accepted" };
  return end.type === "failed" ? { type: "gone" } : end;
}

/** What the call view shows between 'accept' and the first word of the room. */
export function expecting(from: Presence, media: Media, standing: Standing): CallState {
  return {
    ...empty(media, from.via ?? null),
    peers: [
      {
        device: from.device,
        person: from.person,
        kind: from.kind,
        standing,
        sealed: false,
        verification: null,
        connection: "connecting",
        microphone: true,
        camera: false,
        screen: false,
        media: null,
        screenMedia: null,
        speaking: false,
        quality: CONNECTING,
        hand: null,
        reaction: null,
      },
    ],
  };
}

/** A call with nobody in it yet. */
export function empty(media: Media, via: DeviceId | null): CallState {
  return {
    since: null,
    media,
    peers: [],
    meeting: null,
    comings: [],
    invited: [],
    via,
    microphone: false,
    camera: false,
    screen: false,
    screenHint: "detail",
    microphoneProblem: null,
    cameraProblem: null,
    mutedWhileSpeaking: false,
    own: null,
    gestures: { hand: null, reaction: null, asked: null, spotlight: null },
  };
}
