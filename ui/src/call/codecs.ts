/** Codec order and bitrates. Pure. */
import type { Lane } from "./environment";

/** What machines code in hardware comes first: H.264 nearly everywhere, VP9 and AV1 only on newer ones. */
const VIDEO = ["video/h264", "video/vp8", "video/vp9", "video/av1"];
const AUDIO = ["audio/opus", "audio/red"];

function isMode1(codec: RTCRtpCodec): boolean {
  return codec.sdpFmtpLine?.includes("packetization-mode=1") ?? false;
}

/**
 * Sorts for setCodecPreferences (W3C WebRTC 1.0, section 5.4.1). All stay in the list, so that there is always a
 * codec in common; what can be received but not sent goes behind what can be both, so that an engine without an
 * H.264 encoder does not agree to send it.
 */
export function inOrder(
  receivable: readonly RTCRtpCodec[],
  sendable: readonly RTCRtpCodec[],
  kind: "audio" | "video",
): RTCRtpCodec[] {
  const wanted = kind === "video" ? VIDEO : AUDIO;
  const names = new Set(sendable.map((codec) => codec.mimeType.toLowerCase()));
  const rank = (codec: RTCRtpCodec): number => {
    const name = codec.mimeType.toLowerCase();
    const at = wanted.indexOf(name);
    if (at < 0) return 100;
    // packetization-mode 1 lets a frame be cut into several packets (RFC 6184): every encoder prefers it.
    const mode = name === "video/h264" && !isMode1(codec) ? 0.5 : 0;
    return at + mode + (names.has(name) ? 0 : 50);
  };
  return receivable
    .map((codec, index) => ({ codec, index, rank: rank(codec) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ codec }) => codec);
}

/** Upper bounds in bit/s; the engine's bandwidth estimation goes below them where the line is thin. */
export const BITRATE = {
  voice: 64_000,
  camera: 2_500_000,
  cameraFullHd: 4_000_000,
  screen: 3_000_000,
  screenSound: 128_000,
};

export interface Encoding {
  maxBitrate: number;
  priority: RTCPriorityType;
  degradation: RTCDegradationPreference | null;
}

/**
 * How a lane is sent: voice before all else, a screen that stays sharp, a camera that stays fluid.
 * @param fresh the connection is new: the engine does not know the line yet, and would begin with a picture of a
 *   sixteenth and take ten seconds to trust it. Keeping the size costs a few frames instead.
 */
export function encodingOf(lane: Lane, fullHd: boolean, fresh: boolean): Encoding {
  switch (lane) {
    case "voice":
      return { maxBitrate: BITRATE.voice, priority: "high", degradation: null };
    case "camera":
      return {
        maxBitrate: fullHd ? BITRATE.cameraFullHd : BITRATE.camera,
        priority: "low",
        degradation: fresh ? "maintain-resolution" : "maintain-framerate",
      };
    case "screen":
      return { maxBitrate: BITRATE.screen, priority: "low", degradation: "maintain-resolution" };
    case "screen-sound":
      return { maxBitrate: BITRATE.screenSound, priority: "medium", degradation: null };
  }
}
