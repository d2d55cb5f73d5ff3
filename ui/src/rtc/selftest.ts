/**
 * What this webview has of what calls need, tried out for real, and what is to be installed where something lacks.
 *
 * | part | GStreamer's plugin (elements) | Debian's package |
 * | --- | --- | --- |
 * | send-vp8, receive-vp8 | vpx (vp8enc, vp8dec) | gstreamer1.0-plugins-good |
 * | send-h264 | openh264 or x264, and videoparsersbad (h264parse) | gstreamer1.0-plugins-bad, or -ugly for x264 |
 * | receive-h264 | libav (avdec_h264) or openh264 (openh264dec) | gstreamer1.0-libav, or -plugins-bad |
 * | sound | audioconvert, audioresample, autodetect | gstreamer1.0-plugins-base, gstreamer1.0-plugins-good |
 * | camera | video4linux2 (v4l2src), videoconvertscale | gstreamer1.0-plugins-good, gstreamer1.0-plugins-base |
 */
import type { Probed } from "./worker/messages";

export type Part =
  /** Camera and microphone cannot be asked for at all. */
  | "camera"
  | "send-vp8"
  | "receive-vp8"
  | "send-h264"
  | "receive-h264"
  | "sound"
  /** No WebCodecs, or no Workers: the webview is too old. */
  | "coders"
  /** Tracks cannot be read and written in Workers: it costs time, and little else. */
  | "track-processing"
  /** The native side does not answer. */
  | "native";

export interface Missing {
  part: Part;
  /** There are no calls without it. */
  fatal: boolean;
  /** Debian's; empty where no package would help. */
  packages: readonly string[];
  /** GStreamer's names, for other systems. */
  plugins: readonly string[];
}

const CURE: Record<Part, Omit<Missing, "part">> = {
  camera: { fatal: true, packages: [], plugins: [] },
  "send-vp8": { fatal: true, packages: ["gstreamer1.0-plugins-good"], plugins: ["vpx"] },
  "receive-vp8": { fatal: true, packages: ["gstreamer1.0-plugins-good"], plugins: ["vpx"] },
  "send-h264": {
    fatal: false,
    packages: ["gstreamer1.0-plugins-bad"],
    plugins: ["openh264", "videoparsersbad"],
  },
  "receive-h264": { fatal: false, packages: ["gstreamer1.0-libav"], plugins: ["libav"] },
  sound: {
    fatal: true,
    packages: ["gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good"],
    plugins: ["audioconvert", "audioresample", "autodetect"],
  },
  coders: { fatal: true, packages: [], plugins: [] },
  "track-processing": { fatal: false, packages: [], plugins: [] },
  native: { fatal: true, packages: [], plugins: [] },
};

/**
 * Makes GStreamer ready. WebKitGTK's process ends when WebCodecs is asked for anything before something else has done
 * that; a media element does it to the end, an AudioContext does not.
 */
export function ready(): void {
  document.createElement("video").canPlayType('video/webm; codecs="vp8"');
}

/** What the page lacks, found out without the Worker. */
export function lacks(): Part[] {
  const has = (name: string): boolean => name in globalThis;
  const parts: Part[] = [];
  if (!["VideoEncoder", "VideoDecoder", "VideoFrame", "Worker"].every(has)) parts.push("coders");
  if (!["AudioContext", "AudioWorkletNode"].every(has)) parts.push("sound");
  // Typed as always there; it is not where capturing is switched off.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices || !("getUserMedia" in devices)) parts.push("camera");
  return parts;
}

/** ms that an AudioContext may take to begin. One that waits for a gesture says nothing. */
const PATIENCE = 1_000;

/** Whether an AudioContext can run: without its plugins GStreamer's refuses to. */
export async function hears(): Promise<boolean> {
  const context = new AudioContext({ sampleRate: 48_000 });
  const begun = context.resume().then(
    () => true,
    () => false,
  );
  const tooLong = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), PATIENCE));
  const works = await Promise.race([begun, tooLong]);
  void context.close().catch(() => undefined);
  return works;
}

/** What the Worker's trial has shown to be missing. */
export function lacksOf({ processor, generator, encode, decode }: Probed): Part[] {
  const parts: Part[] = [];
  if (!encode["video/VP8"]) parts.push("send-vp8");
  if (!decode["video/VP8"]) parts.push("receive-vp8");
  if (!encode["video/H264"]) parts.push("send-h264");
  if (!decode["video/H264"]) parts.push("receive-h264");
  if (!processor || !generator) parts.push("track-processing");
  return parts;
}

export function missing(part: Part): Missing {
  return { part, ...CURE[part] };
}
