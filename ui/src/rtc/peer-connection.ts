/** RTCPeerConnection (W3C WebRTC 1.0, section 4.4), upon the native side that {@link bind} names. */
import { addCandidate } from "./add-candidate";
import { checkedChannel, type RTCDataChannel } from "./channel";
import { checked, copied, onWire } from "./configuration";
import { Connection } from "./connection";
import type { RTCSessionDescription } from "./description";
import { failure, notSupported, oneOf } from "./errors";
import { withHandlers } from "./events";
import { Negotiation } from "./negotiation";
import { initialEncoding } from "./parameters";
import type { RTCRtpReceiver } from "./receiver";
import { receives } from "./sdp";
import { idsOf, type RTCRtpSender } from "./sender";
import type { RTCStatsReport } from "./stats-report";
import { directionOf, type RTCRtpTransceiver, type Transceiving } from "./transceiver";
import { MAX_CHANNELS, type RTCSctpTransport } from "./transports";
import type { Direction, Kind } from "./wire";

type Callback<T> = (value: T) => void;

const SDP_TYPES: readonly RTCSdpType[] = ["offer", "pranswer", "answer", "rollback"];

export class PeerConnection extends EventTarget {
  declare onnegotiationneeded: ((event: Event) => unknown) | null;
  declare onicecandidate: ((event: RTCPeerConnectionIceEvent) => unknown) | null;
  declare onicecandidateerror: ((event: Event) => unknown) | null;
  declare onsignalingstatechange: ((event: Event) => unknown) | null;
  declare oniceconnectionstatechange: ((event: Event) => unknown) | null;
  declare onicegatheringstatechange: ((event: Event) => unknown) | null;
  declare onconnectionstatechange: ((event: Event) => unknown) | null;
  declare ontrack: ((event: RTCTrackEvent) => unknown) | null;
  declare ondatachannel: ((event: RTCDataChannelEvent) => unknown) | null;

  readonly #inner: Connection;
  readonly #negotiation: Negotiation;

  constructor(configuration: RTCConfiguration = {}) {
    super();
    const wanted = checked(configuration);
    if (wanted.rtcpMuxPolicy !== "require") throw notSupported("rtcpMuxPolicy negotiate");
    this.#inner = new Connection(this, wanted);
    this.#negotiation = new Negotiation(this.#inner);
  }

  static async generateCertificate(_algorithm: AlgorithmIdentifier): Promise<RTCCertificate> {
    throw notSupported("generateCertificate");
  }

  get localDescription(): RTCSessionDescription | null {
    return (this.#inner.pendingLocal ?? this.#inner.currentLocal)?.shown ?? null;
  }
  get currentLocalDescription(): RTCSessionDescription | null {
    return this.#inner.currentLocal?.shown ?? null;
  }
  get pendingLocalDescription(): RTCSessionDescription | null {
    return this.#inner.pendingLocal?.shown ?? null;
  }
  get remoteDescription(): RTCSessionDescription | null {
    return (this.#inner.pendingRemote ?? this.#inner.currentRemote)?.shown ?? null;
  }
  get currentRemoteDescription(): RTCSessionDescription | null {
    return this.#inner.currentRemote?.shown ?? null;
  }
  get pendingRemoteDescription(): RTCSessionDescription | null {
    return this.#inner.pendingRemote?.shown ?? null;
  }
  get signalingState(): RTCSignalingState {
    return this.#inner.signalingState;
  }
  get iceGatheringState(): RTCIceGatheringState {
    return this.#inner.transports.gathering;
  }
  get iceConnectionState(): RTCIceConnectionState {
    return this.#inner.transports.ice;
  }
  get connectionState(): RTCPeerConnectionState {
    return this.#inner.connectionState;
  }
  /** Null before a remote description. */
  get canTrickleIceCandidates(): boolean | null {
    const remote = this.#inner.pendingRemote ?? this.#inner.currentRemote;
    return remote ? /^a=ice-options:.*\btrickle\b/m.test(remote.sdp) : null;
  }
  get sctp(): RTCSctpTransport | null {
    return this.#inner.transports.sctpTransport;
  }
  get peerIdentity(): Promise<never> {
    return Promise.reject(notSupported("peerIdentity"));
  }
  get idpLoginUrl(): null {
    return null;
  }

  getConfiguration(): RTCConfiguration {
    return copied(this.#inner.configuration);
  }

  setConfiguration(configuration: RTCConfiguration = {}): void {
    const inner = this.#inner;
    this.#needsOpen();
    const next = checked(configuration);
    const { bundlePolicy, iceCandidatePoolSize } = inner.configuration;
    if (next.rtcpMuxPolicy !== "require") throw failure("InvalidModificationError", "rtcpMuxPolicy is set");
    if (next.bundlePolicy !== bundlePolicy) throw failure("InvalidModificationError", "bundlePolicy is set");
    const isLocalSet = inner.pendingLocal !== null || inner.currentLocal !== null;
    if (isLocalSet && next.iceCandidatePoolSize !== iceCandidatePoolSize)
      throw failure("InvalidModificationError", "candidates were gathered already");
    inner.configuration = next;
    inner
      .request({ type: "set-configuration", pc: inner.pc, configuration: onWire(next) })
      .catch(() => undefined);
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit>;
  createOffer(
    success: Callback<RTCSessionDescriptionInit>,
    failed: Callback<DOMException>,
    options?: RTCOfferOptions,
  ): Promise<void>;
  async createOffer(
    first?: RTCOfferOptions | Callback<RTCSessionDescriptionInit>,
    failed?: Callback<DOMException>,
    options?: RTCOfferOptions,
  ): Promise<RTCSessionDescriptionInit | void> {
    if (typeof first === "function")
      return legacy(this.createOffer(options), first as Callback<RTCSessionDescriptionInit>, failed);
    const { iceRestart, offerToReceiveAudio, offerToReceiveVideo } = first ?? {};
    this.#needsOpen();
    this.#offerToReceive("audio", offerToReceiveAudio);
    this.#offerToReceive("video", offerToReceiveVideo);
    const sdp = await this.#inner.chain.add(() => this.#negotiation.createOffer(iceRestart ?? false));
    return { type: "offer", sdp };
  }

  createAnswer(options?: RTCAnswerOptions): Promise<RTCSessionDescriptionInit>;
  createAnswer(success: Callback<RTCSessionDescriptionInit>, failed: Callback<DOMException>): Promise<void>;
  async createAnswer(
    first?: RTCAnswerOptions | Callback<RTCSessionDescriptionInit>,
    failed?: Callback<DOMException>,
  ): Promise<RTCSessionDescriptionInit | void> {
    if (typeof first === "function")
      return legacy(this.createAnswer(), first as Callback<RTCSessionDescriptionInit>, failed);
    const sdp = await this.#inner.chain.add(() => this.#negotiation.createAnswer());
    return { type: "answer", sdp };
  }

  async setLocalDescription(
    description?: RTCLocalSessionDescriptionInit,
    success?: Callback<void>,
    failed?: Callback<DOMException>,
  ): Promise<void> {
    if (typeof success === "function") return legacy(this.setLocalDescription(description), success, failed);
    const type = description?.type === undefined ? null : oneOf(description.type, SDP_TYPES, "RTCSdpType");
    const sdp = String(description?.sdp ?? "");
    return this.#inner.chain.add(() => this.#negotiation.setLocal(type, sdp));
  }

  async setRemoteDescription(
    description: RTCSessionDescriptionInit,
    success?: Callback<void>,
    failed?: Callback<DOMException>,
  ): Promise<void> {
    if (typeof success === "function") return legacy(this.setRemoteDescription(description), success, failed);
    const type = oneOf(description?.type, SDP_TYPES, "RTCSdpType");
    const sdp = String(description.sdp ?? "");
    return this.#inner.chain.add(() => this.#negotiation.setRemote(type, sdp));
  }

  async addIceCandidate(
    candidate?: RTCIceCandidateInit | null,
    success?: Callback<void>,
    failed?: Callback<DOMException>,
  ): Promise<void> {
    if (typeof success === "function") return legacy(this.addIceCandidate(candidate), success, failed);
    return addCandidate(this.#inner, candidate ?? {});
  }

  restartIce(): void {
    const inner = this.#inner;
    if (inner.isClosed) return;
    for (const description of [inner.currentLocal, inner.pendingLocal]) {
      for (const one of description?.credentials ?? []) inner.credentialsToReplace.add(one);
    }
    inner.updateNegotiationNeeded();
  }

  getSenders(): RTCRtpSender[] {
    return this.#alive().map(({ sending }) => sending.api);
  }
  getReceivers(): RTCRtpReceiver[] {
    return this.#alive().map(({ receiving }) => receiving.api);
  }
  getTransceivers(): RTCRtpTransceiver[] {
    return this.#inner.transceivers.map(({ api }) => api);
  }

  addTransceiver(
    trackOrKind: MediaStreamTrack | string,
    init: RTCRtpTransceiverInit = {},
  ): RTCRtpTransceiver {
    const track = trackOrKind instanceof MediaStreamTrack ? trackOrKind : null;
    const kind = kindOf(track ? track.kind : trackOrKind);
    const direction = directionOf(init.direction);
    const streams = [...(init.streams ?? [])];
    idsOf(streams);
    const encoding = initialEncoding(init.sendEncodings, kind);
    this.#needsOpen();
    const made = this.#inner.addTransceiver({
      kind,
      track,
      direction,
      streams,
      encoding,
      isByTrack: false,
    });
    this.#inner.updateNegotiationNeeded();
    return made.api;
  }

  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender {
    const inner = this.#inner;
    if (!(track instanceof MediaStreamTrack)) throw new TypeError("not a MediaStreamTrack");
    const kind = kindOf(track.kind);
    const ids = idsOf(streams);
    this.#needsOpen();
    const alive = this.#alive();
    if (alive.some(({ sending }) => sending.track === track))
      throw failure("InvalidAccessError", "the track is being sent already");
    const free = alive.find(
      (one) => one.kind === kind && !one.isStopping && !one.hasSent && one.sending.track === null,
    );
    if (free) {
      free.isReused = true;
      free.sending.track = track;
      free.sending.streams = ids;
      free.direction = withSending(free.direction, true);
    }
    const one =
      free ??
      inner.addTransceiver({
        kind,
        track,
        direction: "sendrecv",
        streams,
        encoding: initialEncoding(undefined, kind),
        isByTrack: true,
      });
    inner.updateNegotiationNeeded();
    return one.sending.api;
  }

  removeTrack(sender: RTCRtpSender): void {
    const inner = this.#inner;
    if (typeof sender !== "object" || sender === null) throw new TypeError("not a sender");
    this.#needsOpen();
    if (!inner.isOurs(sender)) throw failure("InvalidAccessError", "a sender of another connection");
    const one = inner.transceivers.find(({ sending }) => sending.api === sender);
    if (!one || one.isStopping || one.sending.track === null) return;
    one.sending.track = null;
    one.direction = withSending(one.direction, false);
    inner.updateNegotiationNeeded();
  }

  createDataChannel(label: string, init: RTCDataChannelInit = {}): RTCDataChannel {
    const inner = this.#inner;
    if (arguments.length === 0) throw new TypeError("a channel has a label");
    const wanted = checkedChannel(label, init);
    this.#needsOpen();
    const id = wanted.negotiated;
    if (id !== null && (inner.channels.isTaken(id) || id >= MAX_CHANNELS))
      throw failure("OperationError", "the id is taken");
    const isFirst = !inner.channels.isWanted;
    const channel = inner.channels.create(inner, wanted);
    inner
      .request({ type: "open-channel", pc: inner.pc, channel: channel.init })
      .catch(() => channel.failed("it could not be opened"));
    if (isFirst) inner.updateNegotiationNeeded();
    return channel.api;
  }

  async getStats(selector: MediaStreamTrack | null = null): Promise<RTCStatsReport> {
    const inner = this.#inner;
    if (selector === null) return inner.getStats(null);
    if (!(selector instanceof MediaStreamTrack)) throw new TypeError("not a MediaStreamTrack");
    const found = this.#alive()
      .flatMap(({ sending, receiving }) => [sending, receiving])
      .filter(({ track }) => track === selector);
    const [one] = found;
    if (!one || found.length > 1) throw failure("InvalidAccessError", "not one sender or receiver of it");
    return inner.getStats(one);
  }

  setIdentityProvider(): void {
    throw notSupported("setIdentityProvider");
  }

  close(): void {
    this.#inner.close();
  }

  #alive(): Transceiving[] {
    return this.#inner.transceivers.filter(({ isStopped }) => !isStopped);
  }

  #needsOpen(): void {
    if (this.#inner.isClosed) throw failure("InvalidStateError", "the connection is closed");
  }

  /** The old options (section 4.4.3.2). */
  #offerToReceive(kind: Kind, wanted: boolean | undefined): void {
    if (wanted === undefined) return;
    const ofKind = this.#alive().filter((one) => one.kind === kind && !one.isStopping);
    if (!wanted) {
      for (const one of ofKind) {
        if (one.direction === "sendrecv") one.direction = "sendonly";
        else if (one.direction === "recvonly") one.direction = "inactive";
      }
    } else if (!ofKind.some(({ direction }) => receives(direction)))
      this.addTransceiver(kind, { direction: "recvonly" });
  }
}
withHandlers(PeerConnection, [
  "negotiationneeded",
  "icecandidate",
  "icecandidateerror",
  "signalingstatechange",
  "iceconnectionstatechange",
  "icegatheringstatechange",
  "connectionstatechange",
  "track",
  "datachannel",
]);

/** @throws TypeError */
function kindOf(kind: unknown): Kind {
  return oneOf(kind, ["audio", "video"], "kind of track");
}

function withSending(direction: Direction, isSending: boolean): Direction {
  if (isSending) {
    if (direction === "recvonly") return "sendrecv";
    return direction === "inactive" ? "sendonly" : direction;
  }
  if (direction === "sendrecv") return "recvonly";
  return direction === "sendonly" ? "inactive" : direction;
}

/** The methods of old, which take callbacks (section 4.4.3.1). */
async function legacy<T>(
  result: Promise<T>,
  success: Callback<T>,
  failed: Callback<DOMException> | undefined,
): Promise<void> {
  result.then(success, (error: unknown) => failed?.(error as DOMException));
}
