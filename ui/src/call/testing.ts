/**
 * For unit tests only: time that passes when told to, peer connections that keep the rules of signaling, and device
 * keys that refuse what real ones refuse.
 */
import type { Clock } from "./clock";
import type { Description, DeviceKind, ErrorCode, Verification, VerifyStep } from "../gen/protocol";
import type { Environment } from "./environment";
import type { Opened, RoomTrust } from "./trust";

export class FakeClock implements Clock {
  #now = 1_000_000;
  #ids = 0;
  readonly #timers = new Map<number, { at: number; run: () => void; every: number | null }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    return this.#set(ms, run, null);
  }

  every(ms: number, run: () => void): () => void {
    return this.#set(ms, run, ms);
  }

  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass, timer by timer, and what they started finish in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
      if (!next || next[1].at > end) break;
      const [id, timer] = next;
      this.#now = timer.at;
      if (timer.every === null) this.#timers.delete(id);
      else timer.at += timer.every;
      timer.run();
      await settle();
    }
    this.#now = end;
  }

  #set(ms: number, run: () => void, every: number | null): () => void {
    const id = ++this.#ids;
    this.#timers.set(id, { at: this.#now + ms, run, every });
    return () => this.#timers.delete(id);
  }
}

/** Everything that only waits for promises is done after this. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

export class FakeTrack {
  enabled = true;
  readyState: "live" | "ended" = "live";
  contentHint = "";
  onended: (() => void) | null = null;
  stopped = false;
  constructor(
    readonly kind: "audio" | "video",
    readonly label = "",
    readonly settings: MediaTrackSettings = {},
  ) {}
  stop(): void {
    this.stopped = true;
    this.readyState = "ended";
  }
  getSettings(): MediaTrackSettings {
    return this.settings;
  }
  readonly constrained: MediaTrackConstraints[] = [];
  applyConstraints(constraints: MediaTrackConstraints = {}): Promise<void> {
    this.constrained.push(constraints);
    return Promise.resolve();
  }
  /** Pulled out. */
  unplug(): void {
    this.readyState = "ended";
    this.onended?.();
  }
  get asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

class FakeStream {
  constructor(private readonly tracks: MediaStreamTrack[] = []) {}
  getTracks = (): MediaStreamTrack[] => this.tracks;
  getVideoTracks = (): MediaStreamTrack[] => this.tracks.filter(({ kind }) => kind === "video");
  getAudioTracks = (): MediaStreamTrack[] => this.tracks.filter(({ kind }) => kind === "audio");
  addTrack = (track: MediaStreamTrack): void => void this.tracks.push(track);
}

class FakeChannel {
  readyState: RTCDataChannelState = "connecting";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: unknown[] = [];
  constructor(
    readonly label: string,
    readonly options: RTCDataChannelInit,
  ) {}
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
}

interface FakeTransceiver {
  direction: string;
  sender: {
    track: MediaStreamTrack | null;
    streams: unknown[];
    parameters: RTCRtpSendParameters;
    replaceTrack(track: MediaStreamTrack | null): Promise<void>;
    setStreams(...streams: unknown[]): void;
    getParameters(): RTCRtpSendParameters;
    setParameters(parameters: RTCRtpSendParameters): Promise<void>;
  };
  receiver: {
    track: MediaStreamTrack;
    getSynchronizationSources(): { audioLevel: number; timestamp: number }[];
  };
  setCodecPreferences(codecs: RTCRtpCodec[]): void;
}

function transceiver(kind: "audio" | "video", direction: string, streams: unknown[]): FakeTransceiver {
  return {
    direction,
    sender: {
      track: null,
      streams,
      parameters: { encodings: [{}] } as unknown as RTCRtpSendParameters,
      replaceTrack(track) {
        this.track = track;
        return Promise.resolve();
      },
      setStreams(...now) {
        this.streams = now;
      },
      getParameters() {
        return structuredClone(this.parameters);
      },
      setParameters(parameters) {
        this.parameters = parameters;
        return Promise.resolve();
      },
    },
    receiver: { track: new FakeTrack(kind).asTrack, getSynchronizationSources: () => [] },
    setCodecPreferences: () => undefined,
  };
}

/** Keeps the state machine of W3C WebRTC 1.0, section 4.3.2: what is called out of turn is rejected. */
export class FakeConnection {
  static made: FakeConnection[] = [];
  signalingState: RTCSignalingState = "stable";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: { type: string; sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  ontrack: ((event: { transceiver: unknown }) => void) | null = null;
  readonly transceivers: FakeTransceiver[] = [];
  readonly channels: FakeChannel[] = [];
  readonly candidates: { candidate: string; usernameFragment?: string }[] = [];
  #ufrag = 0;

  constructor(readonly configuration: RTCConfiguration = {}) {
    FakeConnection.made.push(this);
  }

  createDataChannel(label: string, options: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, options);
    this.channels.push(channel);
    return channel;
  }

  addTransceiver(kind: "audio" | "video", init: RTCRtpTransceiverInit): FakeTransceiver {
    const made = transceiver(kind, init.direction ?? "sendrecv", init.streams ?? []);
    this.transceivers.push(made);
    return made;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    if (options?.iceRestart || this.#ufrag === 0) this.#ufrag++;
    return Promise.resolve({ type: "offer", sdp: this.#sdp("offer") });
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    if (this.signalingState !== "have-remote-offer") return Promise.reject(new Error("no offer"));
    this.#ufrag++;
    return Promise.resolve({ type: "answer", sdp: this.#sdp("answer") });
  }

  setLocalDescription(description: { type: string; sdp: string }): Promise<void> {
    if (description.type === "rollback" && this.signalingState === "have-local-offer") {
      this.signalingState = "stable";
      return Promise.resolve();
    }
    const from = description.type === "offer" ? ["stable", "have-local-offer"] : ["have-remote-offer"];
    if (!from.includes(this.signalingState)) return Promise.reject(new Error("wrong state"));
    this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
    this.localDescription = description;
    return Promise.resolve();
  }

  setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    const from = description.type === "offer" ? ["stable", "have-remote-offer"] : ["have-local-offer"];
    if (!from.includes(this.signalingState)) return Promise.reject(new Error("wrong state"));
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
    this.remoteDescription = description;
    if (this.transceivers.length === 0)
      for (const [, kind] of description.sdp.matchAll(/^m=(audio|video)/gm))
        this.transceivers.push(transceiver(kind as "audio" | "video", "recvonly", []));
    return Promise.resolve();
  }

  addIceCandidate(candidate: { candidate: string; usernameFragment?: string }): Promise<void> {
    if (!this.remoteDescription) return Promise.reject(new Error("no remote description"));
    this.candidates.push(candidate);
    return Promise.resolve();
  }

  getStats(): Promise<Map<string, unknown>> {
    return Promise.resolve(new Map());
  }

  close(): void {
    this.connectionState = "closed";
    this.signalingState = "closed";
  }

  /** As ICE and DTLS would. */
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  open(): void {
    for (const channel of this.channels) {
      channel.readyState = "open";
      channel.onopen?.();
    }
  }

  find(candidate: string, usernameFragment: string): void {
    this.onicecandidate?.({
      candidate: { toJSON: () => ({ candidate, sdpMid: "0", sdpMLineIndex: 0, usernameFragment }) },
    });
  }

  hear(message: unknown): void {
    this.channels[0]?.onmessage?.({ data: JSON.stringify(message) });
  }

  #sdp(type: string): string {
    const lines = ["audio", "video", "video", "audio"].map((kind) => `m=${kind} 9 UDP/TLS/RTP/SAVPF 111`);
    const head = ["v=0", `s=${type}`, `a=ice-ufrag:${type}${this.#ufrag}`, "a=fingerprint:sha-256 AA"];
    return [...head, ...lines, ""].join("\r\n");
  }
}

export function fakeEnvironment(clock = new FakeClock()): Environment & { clock: FakeClock } {
  return {
    clock,
    connection: (configuration) => new FakeConnection(configuration) as unknown as RTCPeerConnection,
    stream: (tracks) => new FakeStream(tracks) as unknown as MediaStream,
    codecs: () => null,
  };
}

export function coded(code: ErrorCode): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * A device key whose signatures are what they cover, in clear: nobody here makes one in another's name, and everything
 * that is altered shows.
 */
export class FakeTrust implements RoomTrust {
  /** Those of kind `transient` are refused. */
  refusesTransient = false;
  /** What it fails with instead of looking at anything. */
  broken: ErrorCode | null = null;
  /** Every description that it was asked about, and what became of it. */
  readonly log: string[] = [];
  steps: VerifyStep[] = [];
  answer: (step: VerifyStep) => Verification = () => ({ stage: { type: "waiting" }, say: [] });
  /** Of what it sealed last. */
  sequence = 0;
  readonly #seen = new Map<string, number>();
  readonly #offered = new Map<string, string>();
  readonly #opened = new Map<string, string>();

  constructor(
    readonly device: string,
    readonly room = "room",
    readonly kind: DeviceKind = "install",
  ) {}

  async seal(to: string, description: Description): Promise<Description> {
    await this.#work();
    const seal = { key: this.device, kind: this.kind, sequence: ++this.sequence };
    const answers = description.type === "answer" ? (this.#opened.get(to) ?? "") : "";
    const signature = this.#signature(this.device, to, answers, description, seal);
    if (description.type === "offer") this.#offered.set(to, signature);
    return { ...description, seal: { ...seal, signature } };
  }

  async open(from: string, description: Description): Promise<Opened> {
    await this.#work();
    const code = this.#check(from, description);
    this.log.push(`${description.type} ${description.round} ${code ?? "good"}`);
    if (code) throw coded(code);
    return { description, kind: description.seal?.kind ?? "install" };
  }

  async verify(_: string, step: VerifyStep): Promise<Verification> {
    await this.#work();
    this.steps.push(step);
    return this.answer(step);
  }

  #check(from: string, description: Description): ErrorCode | null {
    const { seal } = description;
    if (!seal) return "description-unsigned";
    const answers = description.type === "answer" ? (this.#offered.get(from) ?? "") : "";
    if (seal.signature !== this.#signature(from, this.device, answers, description, seal))
      return "description-forged";
    if (seal.sequence <= (this.#seen.get(from) ?? 0)) return "description-replayed";
    this.#seen.set(from, seal.sequence);
    if (!description.sdp.includes("a=fingerprint:sha-256")) return "fingerprint-weak";
    if (seal.kind === "transient" && this.refusesTransient) return "unverified-refused";
    this.#opened.set(from, seal.signature);
    return null;
  }

  #signature(
    from: string,
    to: string,
    answers: string,
    { type, round, sdp }: Description,
    { key, kind, sequence }: { key: string; kind: DeviceKind; sequence: number },
  ): string {
    return JSON.stringify([this.room, from, key, kind, to, sequence, type, round, sdp, answers]);
  }

  /** A node's word takes its time. */
  async #work(): Promise<void> {
    await Promise.resolve();
    if (this.broken) throw coded(this.broken);
  }
}
