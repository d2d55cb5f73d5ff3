/** For unit tests only: time that passes when told to, and peer connections that keep the rules of signaling. */
import type { Clock } from "./clock";
import type { Environment } from "./environment";

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
  applyConstraints(): Promise<void> {
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
  receiver: { track: MediaStreamTrack; getSynchronizationSources(): { audioLevel: number }[] };
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
    return ["v=0", `s=${type}`, `a=ice-ufrag:${type}${this.#ufrag}`, ...lines, ""].join("\r\n");
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
