/** Codecs of the page's side: what can be preferred, and what a codec is called (W3C WebRTC 1.0, section 5.4.1). */
import { binding } from "./binding";
import { failure } from "./errors";
import type { SdpCodec } from "./sdp";
import type { Codec, Kind } from "./wire";

/** What the native side always offers for media, in the order of its numbers. */
const EXTENSIONS: Record<Kind, readonly string[]> = {
  audio: [
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
  ],
  video: [
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:3gpp:video-orientation",
  ],
};

/** RTCRtpSender.getCapabilities and RTCRtpReceiver.getCapabilities: the same both ways. */
export function capabilities(kind: unknown): RTCRtpCapabilities | null {
  if (kind !== "audio" && kind !== "video") return null;
  return {
    codecs: binding().media.capabilities(kind).map(fromWire),
    headerExtensions: EXTENSIONS[kind].map((uri) => ({ uri })),
  };
}

export function fromWire(codec: Codec): RTCRtpCodec {
  return {
    mimeType: codec.mime_type,
    clockRate: codec.clock_rate,
    ...(codec.channels === undefined ? {} : { channels: codec.channels }),
    ...(codec.sdp_fmtp_line === undefined ? {} : { sdpFmtpLine: codec.sdp_fmtp_line }),
  };
}

/** @throws InvalidModificationError for what is not among the capabilities */
export function preferred(wanted: Iterable<RTCRtpCodec>, able: readonly Codec[]): Codec[] {
  const codecs: Codec[] = [];
  for (const one of wanted) {
    const found = able.find((codec) => isSame(one, fromWire(codec)));
    if (!found) throw failure("InvalidModificationError", "a codec that is not among the capabilities");
    if (!codecs.includes(found)) codecs.push(found);
  }
  return codecs;
}

function isSame(a: RTCRtpCodec, b: RTCRtpCodec): boolean {
  return (
    String(a.mimeType).toLowerCase() === b.mimeType.toLowerCase() &&
    a.clockRate === b.clockRate &&
    (a.channels ?? undefined) === b.channels &&
    isSameFormat(a.sdpFmtpLine ?? "", b.sdpFmtpLine ?? "")
  );
}

function isSameFormat(a: string, b: string): boolean {
  const parameters = (line: string): string =>
    line
      .toLowerCase()
      .split(";")
      .map((one) => one.trim())
      .sort()
      .join(";");
  return parameters(a) === parameters(b);
}

/** For getParameters. */
export function asParameters(codecs: readonly SdpCodec[]): RTCRtpCodecParameters[] {
  return codecs.map((codec) => ({ ...codec }));
}
