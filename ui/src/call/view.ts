/** What a call looks like from outside. */
import type { DeviceId, DeviceKind, Participant, Person } from "../gen/protocol";
import type { MediaProblem } from "./devices";
import type { Gesture, OwnGestures } from "./gestures";
import type { ScreenHint } from "./local-media";
import type { Peer } from "./peer";
import { CONNECTING, type Quality, type Snapshot } from "./quality";
import type { Speaking } from "./speaking";
import type { VerifyingView } from "./verifying";

export interface PeerView extends Gesture {
  device: DeviceId;
  person: Person;
  /** Signed by their key once it is `sealed`; before that what the hub says. */
  kind: DeviceKind;
  sealed: boolean;
  verification: VerifyingView | null;
  connection: Peer["connection"];
  microphone: boolean;
  camera: boolean;
  /** Their camera is on, but there are too many to show it: others speak. */
  leftOut?: boolean;
  screen: boolean;
  media: MediaStream | null;
  screenMedia: MediaStream | null;
  speaking: boolean;
  quality: Quality;
}

export interface CallView {
  since: number | null;
  peers: PeerView[];
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  /** What the own shared screen is for. */
  screenHint: ScreenHint;
  microphoneProblem: MediaProblem | null;
  cameraProblem: MediaProblem | null;
  mutedWhileSpeaking: boolean;
  own: MediaStream | null;
  gestures: OwnGestures;
}

/** What a call keeps of each participant. */
export interface Member {
  participant: Participant;
  peer: Peer;
  speaking: Speaking;
  isSpeaking: boolean;
  quality: Quality;
  last: Snapshot | null;
}

export function viewOf(
  { participant, peer, isSpeaking, quality }: Member,
  leftOut: boolean,
  gesture: Gesture,
): PeerView {
  const said = peer.remote;
  const camera = said?.camera ?? participant.media === "video";
  return {
    device: participant.device,
    person: participant.person,
    kind: peer.kind ?? participant.kind,
    sealed: peer.kind !== null,
    verification: peer.verifying.view,
    connection: peer.connection,
    // Before they have said it: as they came in.
    microphone: said?.microphone ?? true,
    camera: camera && !leftOut,
    leftOut: camera && leftOut,
    screen: said?.screen ?? false,
    media: peer.media,
    screenMedia: said?.screen ? peer.screenMedia : null,
    speaking: isSpeaking,
    quality: qualityNow(peer.connection, quality),
    ...gesture,
  };
}

function qualityNow(connection: Peer["connection"], quality: Quality): Quality {
  if (connection === "connecting") return CONNECTING;
  if (connection === "connected") return quality;
  return { bars: 0, reason: "quality.reconnecting", details: quality.details };
}
