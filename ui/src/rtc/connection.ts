/** What a connection is made of, behind `RTCPeerConnection`: its state, and the native side's events. */
import { binding, type Mortal } from "./binding";
import { RTCIceCandidate } from "./candidate";
import { OperationsChain } from "./chain";
import { Channels, type ChannelOwner } from "./channel";
import { onWire, type Checked } from "./configuration";
import type { Description } from "./description";
import { queueTask, RTCPeerConnectionIceEvent } from "./events";
import type { Line, Pc } from "./numbers";
import { isNegotiationNeeded } from "./negotiation-needed";
import type { Owner } from "./owner";
import type { Receiving } from "./receiver";
import type { Section } from "./sdp";
import type { Media, Session } from "./seam";
import type { Sending } from "./sender";
import { collect } from "./stats";
import type { RTCStatsReport } from "./stats-report";
import { Transceiving, type TransceiverInit } from "./transceiver";
import { connectionState, Transports, type RTCDtlsTransport } from "./transports";
import type {
  Codec,
  DtlsState,
  Event as NativeEvent,
  Gathering,
  IceState,
  LineId,
  Reply,
  Request,
} from "./wire";

/** What createOffer or createAnswer made. */
export interface Created {
  sdp: string;
  /** Of which it was made. */
  asked: string;
  lines: { transceiver: Transceiving; at: LineId }[];
}

/** What the native side says of a line before its transceiver has it. */
interface LineNews {
  codec?: Codec | null;
  bitrate?: number;
}

export class Connection implements Owner, ChannelOwner, Mortal {
  readonly pc: Pc;
  readonly session: Session;
  readonly media: Media;
  readonly chain: OperationsChain;
  readonly channels: Channels;
  readonly transports: Transports;
  configuration: Checked;
  isClosed = false;
  transceivers: Transceiving[] = [];
  signalingState: RTCSignalingState = "stable";
  connectionState: RTCPeerConnectionState = "new";
  currentLocal: Description | null = null;
  pendingLocal: Description | null = null;
  currentRemote: Description | null = null;
  pendingRemote: Description | null = null;
  lastOffer: Created | null = null;
  lastAnswer: Created | null = null;
  /** ICE credentials that restartIce wants replaced. */
  readonly credentialsToReplace = new Set<string>();
  /** Local descriptions that are being set: candidates wait, for their event comes after it. */
  settingLocal = 0;
  remoteCandidates: RTCIceCandidate[] = [];
  /** Theirs, by their ids, for good. */
  readonly remoteStreams = new Map<string, MediaStream>();
  /** The id of what they give no name. */
  readonly unnamedStream = crypto.randomUUID() as string;
  readonly #localCandidates: RTCIceCandidate[] = [];
  readonly #news = new Map<Line, LineNews>();
  /** Also those of transceivers that are gone. */
  readonly #senders = new WeakSet<object>();
  /** Of gathering, in order. */
  #waiting: NativeEvent[] = [];
  #isTelling = false;
  /** Of the native side, which goes on when an offer is rolled back. */
  #gathered: Gathering = "new";
  #isNeeded = false;
  /** The chain was not empty when it was to be looked at. */
  #looksWhenEmpty = false;
  #stop: (() => void)[] = [];

  constructor(
    readonly target: EventTarget,
    configuration: Checked,
  ) {
    const { session, media, open } = binding();
    this.session = session;
    this.media = media;
    this.configuration = configuration;
    this.pc = session.nextPc();
    this.chain = new OperationsChain(
      () => this.isClosed,
      () => {
        if (!this.#looksWhenEmpty) return;
        this.#looksWhenEmpty = false;
        this.updateNegotiationNeeded();
      },
    );
    this.channels = new Channels(target);
    this.transports = new Transports({
      local: () => [...this.#localCandidates] as unknown as globalThis.RTCIceCandidate[],
      remote: () => [...this.remoteCandidates] as unknown as globalThis.RTCIceCandidate[],
      parameters: (side) => {
        const section = this.#described(side)?.sections.find(({ ufrag }) => ufrag !== "");
        return section ? { usernameFragment: section.ufrag, password: section.password } : null;
      },
    });
    this.#stop = [
      session.listen(this.pc, (event) => this.#handle(event)),
      session.listenData(this.pc, (key, data) => this.channels.came(key, data)),
    ];
    open.add(this);
    this.request({ type: "open", pc: this.pc, configuration: onWire(configuration) }).catch(() =>
      this.#fail("the native side did not open it"),
    );
  }

  request(request: Request): Promise<Reply> {
    return this.session.request(request);
  }

  get isConnected(): boolean {
    return this.connectionState === "connected" || this.connectionState === "disconnected";
  }

  get transport(): RTCDtlsTransport {
    return this.transports.dtlsTransport;
  }

  get maxMessageSize(): number {
    return this.transports.maxMessageSize;
  }

  get buffered(): number {
    return [...this.channels].reduce((sum, { buffered }) => sum + buffered, 0);
  }

  localSection(line: Line | null): Section | null {
    return this.#described("local")?.section(line) ?? null;
  }

  remoteSection(line: Line | null): Section | null {
    return this.#described("remote")?.section(line) ?? null;
  }

  closed(channel: Parameters<Channels["remove"]>[0]): void {
    this.channels.remove(channel);
  }

  getStats(of: Sending | Receiving | null): Promise<RTCStatsReport> {
    return collect(this, of);
  }

  addTransceiver(init: TransceiverInit): Transceiving {
    const one = new Transceiving(this, init);
    this.transceivers.push(one);
    this.#senders.add(one.sending.api);
    return one;
  }

  nameTrack(track: MediaStreamTrack | null): string {
    const isTaken = this.transceivers.some(({ sending }) => sending.trackId === track?.id);
    return track && !isTaken ? track.id : crypto.randomUUID();
  }

  isOurs(sender: object): boolean {
    return this.#senders.has(sender);
  }

  /** With its m-line: what was said of the line meanwhile holds. */
  associate(transceiver: Transceiving, { line, mid }: LineId): void {
    if (transceiver.line === line && transceiver.mid === mid) return;
    transceiver.associate(line, mid);
    const news = this.#news.get(line);
    if (news?.codec !== undefined) transceiver.sending.setCodec(news.codec);
    if (news?.bitrate !== undefined) transceiver.sending.setTarget(news.bitrate);
  }

  /** "Update the negotiation-needed flag" (section 4.7.3). */
  updateNegotiationNeeded(): void {
    if (!this.chain.isEmpty) {
      this.#looksWhenEmpty = true;
      return;
    }
    queueTask(() => {
      if (this.isClosed) return;
      if (!this.chain.isEmpty) {
        this.#looksWhenEmpty = true;
        return;
      }
      if (this.signalingState !== "stable") return;
      if (!isNegotiationNeeded(this)) {
        this.#isNeeded = false;
        return;
      }
      if (this.#isNeeded) return;
      this.#isNeeded = true;
      this.#fire("negotiationneeded");
    });
  }

  /** A round has come to its end: what is needed is looked at afresh. */
  forgetNegotiationNeeded(): void {
    this.#isNeeded = false;
    this.updateNegotiationNeeded();
  }

  setSignalingState(state: RTCSignalingState): void {
    if (this.signalingState === state) return;
    this.signalingState = state;
    this.#fire("signalingstatechange");
  }

  /** Candidates that were found while a description was being set. */
  release(): void {
    this.settingLocal -= 1;
    if (this.settingLocal > 0) return;
    const waiting = this.#waiting;
    const told = waiting.flatMap((event) => (event.type === "gathering" ? [event.state] : []));
    // What was begun for an offer that was rolled back is of use for this description.
    const isResumed =
      this.#described("local") !== null &&
      this.transports.gathering === "new" &&
      this.#gathered !== "new" &&
      told[0] !== "gathering";
    if (isResumed) {
      waiting.unshift({ type: "gathering", state: "gathering" });
      if (this.#gathered === "complete" && !told.includes("complete"))
        waiting.push({ type: "gathering", state: "complete" });
    }
    this.#tellFound();
  }

  /** What is found is told in tasks of their own (sections 5.6.2 and 5.6.4), so that a page can wait for each. */
  #tellFound(): void {
    if (this.#isTelling || this.settingLocal > 0 || this.isClosed) return;
    const local = this.#described("local");
    // A candidate waits for a description.
    if (!local) this.#waiting = this.#waiting.filter(({ type }) => type === "candidate");
    const event = local && this.#waiting.shift();
    if (!event) return;
    if (event.type === "gathering") this.#setGathering(event.state);
    else if (event.type === "candidate" && event.candidate) {
      const { candidate, mid, line, ufrag } = event.candidate;
      const usernameFragment = ufrag || local.ufrag;
      this.#found({ candidate, sdpMid: mid, sdpMLineIndex: line, usernameFragment });
    }
    if (this.#waiting.length === 0) return;
    this.#isTelling = true;
    queueTask(() => {
      this.#isTelling = false;
      this.#tellFound();
    });
  }

  /** The first offer was rolled back: there is nothing to gather for (section 5.6.2). */
  forgetGathering(): void {
    queueTask(() => {
      if (!this.isClosed && !this.#described("local")) this.#changeGathering("new");
    });
  }

  /** An answer has left lines, or none: without any there are no transports (section 4.3.3). */
  setIdle(isIdle: boolean): void {
    if (isIdle) {
      // What was found and not told yet is for nothing.
      this.#waiting = [];
      this.#gathered = "new";
      this.#changeGathering("new");
    }
    if (this.transports.isIdle === isIdle) return;
    this.transports.isIdle = isIdle;
    if (this.#computeConnectionState()) this.#connectionChanged();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.signalingState = "closed";
    for (const stop of this.#stop) stop();
    binding().open.delete(this);
    for (const one of this.transceivers) one.stop();
    this.channels.abandon();
    this.transports.setSctp("closed");
    this.transports.dtls = "closed";
    this.transports.ice = "closed";
    this.connectionState = "closed";
    this.request({ type: "close", pc: this.pc }).catch(() => undefined);
  }

  /** The native side is gone: as if the network had died for good. */
  lost(): void {
    if (!this.isClosed) this.#fail("the native side is gone");
  }

  #fail(message: string): void {
    this.#setIce("failed");
    this.#setDtls("failed");
    this.channels.failed(message);
  }

  #described(side: "local" | "remote"): Description | null {
    return side === "local"
      ? (this.pendingLocal ?? this.currentLocal)
      : (this.pendingRemote ?? this.currentRemote);
  }

  #fire(type: string): void {
    this.target.dispatchEvent(new Event(type));
  }

  #handle(event: NativeEvent): void {
    if (this.isClosed) return;
    switch (event.type) {
      case "gathering":
        this.#gathered = event.state;
        this.#waiting.push(event);
        this.#tellFound();
        break;
      case "candidate":
        this.#waiting.push(event);
        this.#tellFound();
        break;
      case "ice":
        this.#setIce(event.state);
        break;
      case "pair":
        this.transports.setPair({ local: event.local, remote: event.remote });
        break;
      case "dtls":
        this.#setDtls(event.state);
        break;
      case "send-codec":
        this.#news.set(event.line, { ...this.#news.get(event.line), codec: event.codec });
        this.#on(event.line)?.sending.setCodec(event.codec);
        break;
      case "target":
        this.#news.set(event.line, { ...this.#news.get(event.line), bitrate: event.bitrate });
        this.#on(event.line)?.sending.setTarget(event.bitrate);
        break;
      case "came":
        this.#on(event.line)?.receiving.came();
        break;
      case "keyframe-wanted":
        this.#on(event.line)?.sending.video?.wantKeyframe();
        break;
      case "heard":
        this.#on(event.line)?.receiving.heard(event);
        break;
      case "failed":
        this.#fail(event.message);
        break;
      case "channel-open":
      case "channel":
        this.transports.setSctp("connected");
        this.channels.handle(this, event);
        break;
      default:
        this.channels.handle(this, event);
    }
  }

  #on(line: Line): Transceiving | null {
    return this.transceivers.find((one) => one.line === line) ?? null;
  }

  /** Our candidates belong to the description of their ICE generation. */
  #found(init: RTCIceCandidateInit): void {
    const candidate = new RTCIceCandidate(init);
    for (const description of [this.pendingLocal, this.currentLocal]) {
      if (description && description.ufrag === init.usernameFragment)
        description.add(init.sdpMLineIndex ?? 0, candidate.candidate);
    }
    if (candidate.candidate !== "") this.#localCandidates.push(candidate);
    this.#fireCandidate(candidate);
  }

  #fireCandidate(candidate: RTCIceCandidate | null): void {
    const init = { candidate: candidate as unknown as globalThis.RTCIceCandidate | null };
    this.target.dispatchEvent(new RTCPeerConnectionIceEvent("icecandidate", init));
  }

  #setGathering(state: Gathering): void {
    const { transports } = this;
    if (transports.gathering === state) return;
    if (state === "complete") {
      // The end of this generation (RFC 8838, section 14).
      const local = this.#described("local");
      const at = Math.max(0, local?.sections.findIndex(({ isRejected }) => !isRejected) ?? 0);
      this.#found({
        candidate: "",
        sdpMid: local?.sections[at]?.mid ?? null,
        sdpMLineIndex: at,
        usernameFragment: local?.ufrag || null,
      });
    }
    // The end of a generation and the end of all come in two tasks (section 5.6.2).
    if (state !== "complete") this.#changeGathering(state);
    else
      queueTask(() => {
        if (this.#described("local")) this.#changeGathering(state);
      });
  }

  #changeGathering(state: Gathering): void {
    const { transports } = this;
    if (this.isClosed || transports.gathering === state) return;
    transports.gathering = state;
    transports.iceTransport.dispatchEvent(new Event("gatheringstatechange"));
    this.#fire("icegatheringstatechange");
    if (state === "complete" && !this.isClosed) this.#fireCandidate(null);
  }

  /** In the order of section 5.6.2: the transport, the connection's ICE, the connection. */
  #setIce(state: IceState): void {
    if (this.transports.ice === state) return;
    this.transports.ice = state;
    const hasChanged = this.#computeConnectionState();
    this.transports.iceTransport.dispatchEvent(new Event("statechange"));
    this.#fire("iceconnectionstatechange");
    if (hasChanged) this.#connectionChanged();
  }

  #setDtls(state: DtlsState): void {
    if (this.transports.dtls === state) return;
    this.transports.dtls = state;
    const hasChanged = this.#computeConnectionState();
    this.transports.dtlsTransport.dispatchEvent(new Event("statechange"));
    if (hasChanged) this.#connectionChanged();
    if (state === "closed") for (const { receiving } of this.transceivers) receiving.left();
    if (state !== "closed" && state !== "failed") return;
    this.transports.setSctp("closed");
    this.channels.failed("the transport is closed");
  }

  #computeConnectionState(): boolean {
    const state = connectionState(this.isClosed, this.transports);
    const hasChanged = state !== this.connectionState;
    this.connectionState = state;
    return hasChanged;
  }

  #connectionChanged(): void {
    if (this.isClosed) return;
    if (this.connectionState === "connected") for (const one of this.transceivers) one.update();
    this.#fire("connectionstatechange");
  }
}
