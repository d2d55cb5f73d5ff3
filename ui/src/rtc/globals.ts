/** The names that a page finds, once there is a native side. */
import { bind } from "./binding";
import { RTCIceCandidate } from "./candidate";
import { RTCDataChannel } from "./channel";
import { RTCSessionDescription } from "./description";
import { RTCError, RTCErrorEvent } from "./errors";
import {
  guard,
  RTCDataChannelEvent,
  RTCPeerConnectionIceErrorEvent,
  RTCPeerConnectionIceEvent,
  RTCTrackEvent,
} from "./events";
import { PeerConnection } from "./peer-connection";
import { RTCRtpReceiver } from "./receiver";
import type { Media, Session } from "./seam";
import { RTCRtpSender } from "./sender";
import { RTCStatsReport } from "./stats-report";
import { RTCRtpTransceiver } from "./transceiver";
import { RTCDtlsTransport, RTCIceTransport, RTCSctpTransport } from "./transports";

/** Certificates of the page's own are not built: nobody gets one. */
export class RTCCertificate {
  constructor(key?: unknown) {
    guard(key);
  }
  get expires(): number {
    return 0;
  }
  getFingerprints(): RTCDtlsFingerprint[] {
    return [];
  }
}

const CLASSES = {
  RTCPeerConnection: PeerConnection,
  RTCSessionDescription,
  RTCIceCandidate,
  RTCRtpSender,
  RTCRtpReceiver,
  RTCRtpTransceiver,
  RTCDataChannel,
  RTCDtlsTransport,
  RTCIceTransport,
  RTCSctpTransport,
  RTCStatsReport,
  RTCCertificate,
  RTCError,
  RTCErrorEvent,
  RTCPeerConnectionIceEvent,
  RTCPeerConnectionIceErrorEvent,
  RTCTrackEvent,
  RTCDataChannelEvent,
};

/**
 * The W3C's interfaces by their names, upon `session` and `media`: to be put on globalThis. Once a page.
 */
export function globals(session: Session, media: Media): typeof CLASSES {
  bind(session, media);
  return CLASSES;
}

for (const [name, of] of Object.entries(CLASSES)) {
  // A bundler may have renamed it.
  Object.defineProperty(of, "name", { configurable: true, value: name });
  Object.defineProperty(of.prototype, Symbol.toStringTag, { configurable: true, value: name });
  for (const [member, { enumerable, configurable }] of Object.entries(
    Object.getOwnPropertyDescriptors(of.prototype),
  )) {
    // Web IDL's members are enumerable, those of a class are not.
    if (member !== "constructor" && !enumerable && configurable)
      Object.defineProperty(of.prototype, member, { enumerable: true });
  }
}
