/** What a transceiver and its ends know of their connection. */
import type { OperationsChain } from "./chain";
import type { Line, Pc } from "./numbers";
import type { Receiving } from "./receiver";
import type { Section } from "./sdp";
import type { Media, Session } from "./seam";
import type { Sending } from "./sender";
import type { RTCStatsReport } from "./stats-report";
import type { RTCDtlsTransport } from "./transports";

export interface Owner {
  readonly pc: Pc;
  readonly session: Session;
  readonly media: Media;
  readonly isClosed: boolean;
  /** Media flows: ICE and DTLS are through. */
  readonly isConnected: boolean;
  readonly chain: OperationsChain;
  readonly transport: RTCDtlsTransport;
  /** Of `a=msid`: the track's own, unless another sender has it (RFC 8830, section 2). */
  nameTrack(track: MediaStreamTrack | null): string;
  /** Something that an offer says has changed (W3C WebRTC 1.0, section 4.7.3). */
  updateNegotiationNeeded(): void;
  /** Of one end, or of all. */
  getStats(of: Sending | Receiving | null): Promise<RTCStatsReport>;
  /** m-sections of the descriptions that hold. */
  localSection(line: Line | null): Section | null;
  remoteSection(line: Line | null): Section | null;
}
