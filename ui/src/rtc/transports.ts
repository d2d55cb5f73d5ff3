/** The one transport of a bundled connection: ICE, DTLS and SCTP (W3C WebRTC 1.0, sections 5.5, 5.6 and 6.1). */
import { guard, KEY, withHandlers } from "./events";
import { candidatePair, isSamePair, type CandidatePair, type Pair } from "./selected-pair";
import type { DtlsState, Gathering, IceState } from "./wire";

/** Not in every version of TypeScript's own types. */
export interface IceParameters {
  usernameFragment: string;
  password: string;
}

/** What ICE knows of both sides. */
export interface IceKnowledge {
  local(): RTCIceCandidate[];
  remote(): RTCIceCandidate[];
  parameters(side: "local" | "remote"): IceParameters | null;
}

export class RTCIceTransport extends EventTarget {
  declare onstatechange: ((event: Event) => unknown) | null;
  declare ongatheringstatechange: ((event: Event) => unknown) | null;
  declare onselectedcandidatepairchange: ((event: Event) => unknown) | null;
  readonly #inner: Transports;

  constructor(key: unknown, inner: Transports) {
    guard(key);
    super();
    this.#inner = inner;
  }

  get role(): RTCIceRole {
    return this.#inner.role;
  }
  get component(): RTCIceComponent {
    return "rtp";
  }
  get state(): RTCIceTransportState {
    return this.#inner.ice;
  }
  get gatheringState(): RTCIceGathererState {
    return this.#inner.gathering;
  }
  getLocalCandidates(): RTCIceCandidate[] {
    return this.#inner.knowledge.local();
  }
  getRemoteCandidates(): RTCIceCandidate[] {
    return this.#inner.knowledge.remote();
  }
  getSelectedCandidatePair(): CandidatePair | null {
    const { pair, knowledge } = this.#inner;
    return pair && candidatePair(pair, { local: knowledge.local(), remote: knowledge.remote() });
  }
  getLocalParameters(): IceParameters | null {
    return this.#inner.knowledge.parameters("local");
  }
  getRemoteParameters(): IceParameters | null {
    return this.#inner.knowledge.parameters("remote");
  }
}
withHandlers(RTCIceTransport, ["statechange", "gatheringstatechange", "selectedcandidatepairchange"]);

export class RTCDtlsTransport extends EventTarget {
  declare onstatechange: ((event: Event) => unknown) | null;
  declare onerror: ((event: Event) => unknown) | null;
  readonly #inner: Transports;

  constructor(key: unknown, inner: Transports) {
    guard(key);
    super();
    this.#inner = inner;
  }

  get iceTransport(): RTCIceTransport {
    return this.#inner.iceTransport;
  }
  get state(): RTCDtlsTransportState {
    return this.#inner.dtls;
  }
  /** Theirs stays on the native side. */
  getRemoteCertificates(): ArrayBuffer[] {
    return [];
  }
}
withHandlers(RTCDtlsTransport, ["statechange", "error"]);

export class RTCSctpTransport extends EventTarget {
  declare onstatechange: ((event: Event) => unknown) | null;
  readonly #inner: Transports;

  constructor(key: unknown, inner: Transports) {
    guard(key);
    super();
    this.#inner = inner;
  }

  get transport(): RTCDtlsTransport {
    return this.#inner.dtlsTransport;
  }
  get state(): RTCSctpTransportState {
    return this.#inner.sctp;
  }
  get maxMessageSize(): number {
    return this.#inner.maxMessageSize;
  }
  get maxChannels(): number | null {
    return this.#inner.sctp === "connected" ? MAX_CHANNELS : null;
  }
}
withHandlers(RTCSctpTransport, ["statechange"]);

/** Stream ids 0 to 65534 (RFC 8832, section 6). */
export const MAX_CHANNELS = 65535;
/** What the native side takes in one message, bytes. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** Where they name no size (RFC 8841, section 6.1). */
const UNNAMED_MESSAGE_BYTES = 64 * 1024;

/** The states behind the three. */
export class Transports {
  ice: IceState = "new";
  dtls: DtlsState = "new";
  gathering: Gathering = "new";
  /** No line that was agreed has a use for it. */
  isIdle = false;
  role: RTCIceRole | "unknown" = "unknown";
  /** DTLS's part, once it was agreed on. */
  isClient: boolean | null = null;
  pair: Pair | null = null;
  sctp: RTCSctpTransportState = "connecting";
  maxMessageSize = UNNAMED_MESSAGE_BYTES;
  readonly iceTransport: RTCIceTransport;
  readonly dtlsTransport: RTCDtlsTransport;
  /** Null until data channels were agreed. */
  sctpTransport: RTCSctpTransport | null = null;

  constructor(readonly knowledge: IceKnowledge) {
    this.iceTransport = new RTCIceTransport(KEY, this);
    this.dtlsTransport = new RTCDtlsTransport(KEY, this);
  }

  setPair(pair: Pair): void {
    if (isSamePair(this.pair, pair)) return;
    this.pair = pair;
    this.iceTransport.dispatchEvent(new Event("selectedcandidatepairchange"));
  }

  openSctp(): void {
    this.sctpTransport ??= new RTCSctpTransport(KEY, this);
  }

  /** @param theirs `a=max-message-size`: null when they name none, 0 for any */
  agreeOnSize(theirs: number | null): void {
    const most = theirs ?? UNNAMED_MESSAGE_BYTES;
    this.maxMessageSize = most === 0 ? MAX_MESSAGE_BYTES : Math.min(most, MAX_MESSAGE_BYTES);
  }

  setSctp(state: RTCSctpTransportState): void {
    if (!this.sctpTransport || this.sctp === state || this.sctp === "closed") return;
    this.sctp = state;
    this.sctpTransport.dispatchEvent(new Event("statechange"));
  }
}

/** W3C WebRTC 1.0, section 4.3.3, for one transport. */
export function connectionState(
  isClosed: boolean,
  { ice, dtls, isIdle }: { ice: IceState; dtls: DtlsState; isIdle: boolean },
): RTCPeerConnectionState {
  if (isClosed) return "closed";
  if (isIdle) return "new";
  if (ice === "failed" || dtls === "failed") return "failed";
  if (ice === "disconnected") return "disconnected";
  const isNew = (state: string): boolean => state === "new" || state === "closed";
  if (isNew(ice) && isNew(dtls)) return "new";
  const isThrough = ["connected", "completed", "closed"].includes(ice);
  return isThrough && (dtls === "connected" || dtls === "closed") ? "connected" : "connecting";
}
