/** Made-up calls. */
import type { CallPeer, CallState, Quality } from "../src/state/contract";
import { ID, NOW, standing } from "./people";
import { ANN, BOB, portrait } from "./pictures";

export const QUALITY: Quality = {
  bars: 3,
  reason: "quality.good",
  details: {
    rttMs: 2,
    lossPercent: 0,
    inKbps: 1840,
    outKbps: 1795,
    width: 1280,
    height: 720,
    fps: 30,
    codec: "VP8",
    route: "direct",
  },
};

export function peer(
  name: string,
  id: string,
  stream: MediaStream | null,
  more: Partial<CallPeer> = {},
): CallPeer {
  return {
    device: id,
    person: { name, status: "in-call", note: "" },
    kind: "install",
    connection: "connected",
    microphone: true,
    camera: stream !== null,
    screen: false,
    media: stream,
    screenMedia: null,
    standing: standing(name),
    sealed: true,
    verification: null,
    speaking: false,
    quality: QUALITY,
    hand: null,
    reaction: null,
    ...more,
  };
}

export function talk(peers: CallPeer[], more: Partial<CallState> = {}): CallState {
  return {
    since: NOW - 754_000,
    media: "video",
    peers,
    meeting: null,
    comings: [],
    invited: [],
    via: null,
    microphone: true,
    camera: true,
    screen: false,
    screenHint: "detail",
    microphoneProblem: null,
    cameraProblem: null,
    mutedWhileSpeaking: false,
    own: portrait(ANN, 640, 400),
    gestures: { hand: null, reaction: null, asked: null, spotlight: null },
    ...more,
  };
}

export const bobs = (more: Partial<CallPeer> = {}) => peer("Bob Fischer", ID.bob, portrait(BOB), more);
export const silent = (more: Partial<CallPeer> = {}) => peer("Bob Fischer", ID.bob, null, more);
