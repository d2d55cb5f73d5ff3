/** What the engine is given instead of taking it from the page, so that it also runs where there is none. */
import type { Clock } from "./clock";

/** The fixed media lines of a peer connection, in their order in every offer. */
export const LANES = ["voice", "camera", "screen", "screen-sound"] as const;
export type Lane = (typeof LANES)[number];

export function kindOf(lane: Lane): "audio" | "video" {
  return lane === "camera" || lane === "screen" ? "video" : "audio";
}

export interface Environment {
  clock: Clock;
  /** Makes a peer connection (W3C WebRTC 1.0, section 4.4). */
  connection(configuration: RTCConfiguration): RTCPeerConnection;
  /** Makes a stream: a name that lanes share, or what a view shows. */
  stream(tracks?: MediaStreamTrack[]): MediaStream;
  /** What this engine can send and receive; null where it does not say. */
  codecs(direction: "send" | "receive", kind: "audio" | "video"): RTCRtpCodec[] | null;
}
