/**
 * One peer connection to one participant. The newcomer offers, four lanes and the data channels from the start; after
 * that only an ICE restart offers again, always by the same side, so offers never collide (RFC 8829).
 *
 * Every description is sealed before it is sent, and nothing reaches `setRemoteDescription` that the device key has not
 * opened, by whichever way it came: {@link Peer.#applyRemote} is the only place that calls it.
 */
import { LIMITS, type DeviceKind, type ErrorCode } from "../gen/protocol";
import type { Candidate, Control, Description, DeviceId, IceServer, Signal } from "../gen/protocol";
import { Adapting, PACE, apply } from "./adapting";
import { Candidates } from "./candidates";
import { inOrder } from "./codecs";
import { LANES, kindOf, type Environment, type Lane } from "./environment";
import { ageOf } from "./gestures";
import { Healing } from "./healing";
import { refusalOf, type Checked, type PeerTrust } from "./trust";
import { Verifying } from "./verifying";
import { Wanting } from "./wanting";

export type RemoteState = Omit<Extract<Control, { type: "state" }>, "type">;
/** What I send; `raised`: my hand is up since, ms of the clock. */
export type LocalState = Omit<RemoteState, "hand"> & { raised?: number };

/** The data channels, with the ids both sides agree on beforehand. */
const CHANNELS = ["control", "chat", "files"] as const;
/** What every engine takes in one message, bytes (RFC 8841, section 6.1). */
const MIN_MESSAGE = 65_536;
/** How long a goodbye may take to leave the machine, ms. */
const BYE_TIME = 150;
/** How long the engine takes to know the line, ms. */
const FRESH_TIME = 5_000;
/** The round of a connection's first offer. */
const FIRST_ROUND = 0;

export interface PeerOptions {
  device: DeviceId;
  /** True for the newcomer. */
  offers: boolean;
  iceServers: readonly IceServer[];
  environment: Environment;
  tracks: ReadonlyMap<Lane, MediaStreamTrack>;
  local: LocalState;
  /** The device key's word, bound to this participant. */
  trust: PeerTrust;
  /** The channels beside `control`, once; and what the other side takes in one message, in bytes. */
  channels?(channels: Record<"chat" | "files", RTCDataChannel>, maxMessage: () => number): void;
  /** Through the hub. */
  send(signal: Signal): void;
  on: {
    /** Connection, streams or the other's state have changed. */
    changed(): void;
    /** They hung up. */
    bye(): void;
    /** No way to them for too long. */
    lost(): void;
    /** A description was not to be used: somebody may be in the middle. Nothing more is done for this connection. */
    refused(code: ErrorCode): void;
    /** They can be spoken to on `control`. */
    opened?(): void;
    /** They said something that is not the connection's own business. */
    heard?(message: Control): void;
  };
}

/** So long an offer waits for its answer before another takes its place, ms: longer than most outages. */
export const OFFER_FOR = 20_000;
/** An answered restart has so long to come to something before another begins, ms. */
export const ANSWER_TIME = 2_000;

export class Peer {
  readonly device: DeviceId;
  connection: "connecting" | "connected" | "reconnecting" | "lost" = "connecting";
  /** What they say they send; null until they say it. */
  remote: RemoteState | null = null;
  /** Their voice and camera, their screen and its sound; null until the lanes exist. */
  media: MediaStream | null = null;
  screenMedia: MediaStream | null = null;
  /** What sort of device they are, signed by their key; null until a description of theirs was good. */
  kind: DeviceKind | null = null;
  /** Comparing the short code with them. */
  readonly verifying: Verifying;
  /** Asks for their pictures. */
  readonly wanting: Wanting;

  readonly #options: PeerOptions;
  readonly #pc: RTCPeerConnection;
  readonly #healing: Healing;
  readonly #candidates = new Candidates();
  readonly #lanes = new Map<Lane, RTCRtpTransceiver>();
  readonly #tracks: Map<Lane, MediaStreamTrack>;
  readonly #control: RTCDataChannel;
  #local: LocalState;
  /** Offering: the round of the latest offer. Answering: that of the latest offer that was good. */
  #round = -1;
  /** My offer or answer of this round, sealed, and the candidates found since: so that they can be sent again. */
  #mine: Description | null = null;
  #candidatesFound: Signal[] = [];
  #offeredAt = -Infinity;
  #answeredAt = -Infinity;
  /** What came last, good or not, and what was good last: so that a copy by the other way is known. */
  #latest: Description | null = null;
  /** The offer that began this connection, if it was theirs. */
  #first: Description | null = null;
  #good: Description | null = null;
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  #fresh = true;
  #stopGrowing: (() => void) | null = null;
  readonly #adapting = new Adapting();
  readonly #set = new Map<Lane, string>();
  #tuning: (() => void) | null = null;
  #tuned = -Infinity;

  constructor(options: PeerOptions) {
    this.device = options.device;
    this.#options = options;
    this.#local = options.local;
    this.#tracks = new Map(options.tracks);
    const { environment } = options;
    this.#pc = environment.connection({ iceServers: [...options.iceServers], bundlePolicy: "max-bundle" });
    const [control, chat, files] = CHANNELS.map((label, id) =>
      this.#pc.createDataChannel(label, { negotiated: true, id, ordered: true }),
    );
    this.#control = control as RTCDataChannel;
    if (chat && files)
      options.channels?.({ chat, files }, () => this.#pc.sctp?.maxMessageSize ?? MIN_MESSAGE);
    this.#control.onopen = () => {
      this.#sayState();
      this.wanting.tell();
      this.#options.on.opened?.();
    };
    this.#control.onmessage = (event: MessageEvent<unknown>) => this.#heard(event.data);
    this.verifying = new Verifying({
      clock: environment.clock,
      step: (step) => options.trust.verify(step),
      say: (verify) => this.#say({ type: "verify", verify }),
      changed: () => options.on.changed(),
    });
    this.wanting = new Wanting(environment.clock, (want) => this.#say(want));
    this.#healing = new Healing(environment.clock, {
      restart: () => this.#restart(),
      lost: () => {
        this.connection = "lost";
        this.#options.on.lost();
      },
    });
    this.#pc.onconnectionstatechange = () => this.#connectionChanged();
    this.#pc.onicecandidate = ({ candidate }) => this.#found(candidate);
    this.#pc.ontrack = ({ transceiver }) => this.#came(transceiver);
    if (options.offers) {
      this.#addLanes();
      this.#enqueue(() => this.#offer(false));
    }
  }

  /** A signal of theirs, by whichever way it came. */
  receive(signal: Signal): void {
    switch (signal.type) {
      case "description":
        this.#described(signal.description);
        break;
      case "candidate":
        if (signal.candidate) this.#addCandidate(signal.candidate);
        break;
      case "offer-wanted":
        // Of the whole connection; the call sees to it.
        break;
      case "restart-wanted":
        if (this.#options.offers) this.#healing.wanted();
        break;
    }
  }

  /** I have offered, and they are not connected yet. */
  get isNew(): boolean {
    return this.#options.offers && this.connection === "connecting";
  }

  /** Whether a signal is the first offer of a connection that is not this one. */
  beginsAnew(signal: Signal): boolean {
    if (signal.type !== "description" || signal.description.type !== "offer" || this.isNew) return false;
    const { description } = signal;
    const known = [this.#first, this.#latest, this.#good].some((one) => one && isCopy(one, description));
    return description.round === FIRST_ROUND && !known && (this.#options.offers || this.#first !== null);
  }

  /** Sends `track` on `lane` from now on; null sends nothing. Never a renegotiation. */
  async setTrack(lane: Lane, track: MediaStreamTrack | null): Promise<void> {
    if (track) this.#tracks.set(lane, track);
    else this.#tracks.delete(lane);
    await this.#lanes.get(lane)?.sender.replaceTrack(track);
    this.#tuneSoon();
  }

  /** How many are in the call beside me, whom the machine and the line are shared with. */
  setOthers(others: number): void {
    if (this.#adapting.others === others) return;
    this.#adapting.others = others;
    this.#tuneSoon();
  }

  setLocal(local: LocalState): void {
    this.#local = local;
    this.#sayState();
  }

  /** The network or the hub seems to be back. */
  nudge(): void {
    this.#healing.nudge();
  }

  /** Whether both sides can do 1080p. */
  get fullHd(): boolean {
    return this.#local.full_hd && (this.remote?.full_hd ?? false);
  }

  /** Also what the pictures sent go by. */
  async stats(): Promise<RTCStatsReport> {
    const report = await this.#pc.getStats();
    const { starved } = this.#adapting;
    const carries = this.#pc.connectionState === "connected";
    this.#adapting.looked(report, this.#options.environment.clock.now(), carries);
    if (this.#adapting.starved !== starved) this.#sayState();
    this.#tuneSoon();
    return report;
  }

  /** How loud their voice is, 0 to 1, as the engine plays it now; to be asked a few times a second. */
  level(): number {
    const sources = this.#lanes.get("voice")?.receiver.getSynchronizationSources() ?? [];
    this.#healing.heard(Math.max(0, ...sources.map((source) => source.timestamp)));
    return Math.max(0, ...sources.map((source) => source.audioLevel ?? 0));
  }

  /** Hangs up. Their side is told on the data channel, which is given a moment to do it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#healing.stop();
    this.verifying.stop();
    this.wanting.stop();
    this.#stopGrowing?.();
    this.#tuning?.();
    this.#pc.onconnectionstatechange = this.#pc.onicecandidate = this.#pc.ontrack = null;
    for (const { sender } of this.#lanes.values()) void sender.replaceTrack(null).catch(() => undefined);
    if (this.#say({ type: "bye" })) this.#options.environment.clock.after(BYE_TIME, () => this.#pc.close());
    else this.#pc.close();
  }

  /** One thing after the other: descriptions must not overtake each other. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#closed) return;
      try {
        await work();
      } catch {
        // A round that does not work out is followed by another; without any the call is lost in time.
        if (!this.#closed && this.connection !== "connected") this.#healing.state("failed");
      }
    });
  }

  #addLanes(): void {
    const { environment } = this.#options;
    const own = environment.stream();
    const ownScreen = environment.stream();
    for (const lane of LANES) {
      const transceiver = this.#pc.addTransceiver(kindOf(lane), {
        direction: "sendrecv",
        streams: [streamOf(lane) === "media" ? own : ownScreen],
      });
      this.#prefer(lane, transceiver);
      this.#lanes.set(lane, transceiver);
    }
  }

  /** The offer has made the transceivers, one a line: they become our lanes, in the same order. */
  #adoptLanes(): void {
    if (this.#lanes.size > 0) return;
    const transceivers = this.#pc.getTransceivers();
    const own = this.#options.environment.stream();
    const ownScreen = this.#options.environment.stream();
    LANES.forEach((lane, index) => {
      const transceiver = transceivers[index];
      if (transceiver?.receiver.track.kind !== kindOf(lane)) throw new Error("not our four lanes");
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams(streamOf(lane) === "media" ? own : ownScreen);
      this.#prefer(lane, transceiver);
      this.#lanes.set(lane, transceiver);
      this.#came(transceiver);
    });
  }

  async #attachTracks(): Promise<void> {
    for (const [lane, { sender }] of this.#lanes) {
      const track = this.#tracks.get(lane) ?? null;
      if (sender.track !== track) await sender.replaceTrack(track);
    }
  }

  #prefer(lane: Lane, transceiver: RTCRtpTransceiver): void {
    const { environment } = this.#options;
    const receivable = environment.codecs("receive", kindOf(lane));
    const sendable = environment.codecs("send", kindOf(lane));
    if (!receivable || !sendable) return;
    try {
      transceiver.setCodecPreferences(inOrder(receivable, sendable, kindOf(lane)));
    } catch {
      // An engine that wants its own order keeps it.
    }
  }

  async #offer(restart: boolean): Promise<void> {
    await this.#attachTracks();
    const offer = await this.#pc.createOffer({ iceRestart: restart });
    this.#offeredAt = this.#options.environment.clock.now();
    await this.#sendSealed({ type: "offer", sdp: offer.sdp ?? "", round: ++this.#round });
  }

  /**
   * One restart at a time: Firefox fails for good where another begins before one that was answered has come to
   * something, on either side. So an offer without an answer is sent again as it is, and an answer gets its time.
   */
  async #offerRestart(): Promise<void> {
    const now = this.#options.environment.clock.now();
    if (this.#pc.signalingState === "have-local-offer") {
      if (this.#mine && now - this.#offeredAt < OFFER_FOR) {
        this.#sendAgain(this.#mine);
        return;
      }
      await this.#pc.setLocalDescription({ type: "rollback" });
    } else if (now - this.#answeredAt < ANSWER_TIME) return;
    await this.#offer(true);
  }

  /** The way to the key takes no time of its own: the engine takes the description and gathers meanwhile. */
  async #sendSealed(description: Description): Promise<void> {
    const { type, sdp } = description;
    this.#mine = null;
    this.#candidatesFound = [];
    const [sealed] = await Promise.all([
      this.#options.trust.seal(description),
      this.#pc.setLocalDescription({ type, sdp }),
    ]);
    this.#mine = sealed;
    if (!this.#closed) this.#sendDescription(sealed);
  }

  #sendAgain(description: Description): void {
    this.#sendDescription(description);
    for (const candidate of this.#candidatesFound) this.#both(candidate);
  }

  #described(description: Description): void {
    if (description.type === (this.#options.offers ? "offer" : "answer")) return;
    // Late: a newer round has been offered, or was good.
    if (description.round < this.#round) return;
    if ([this.#latest, this.#good].some((one) => one && isCopy(one, description))) {
      // They offer again what was answered: the answer was lost, or is still on its way.
      if (this.#mine?.type === "answer" && this.#mine.round === description.round)
        this.#sendAgain(this.#mine);
      return;
    }
    this.#latest = description;
    if (description.type === "offer") this.#first ??= description;
    this.#enqueue(() =>
      this.#options.offers ? this.#takeAnswer(description) : this.#takeOffer(description),
    );
  }

  async #takeAnswer(description: Description): Promise<void> {
    // Answers an offer that another one has replaced since.
    if (description.round < this.#round) return;
    const checked = await this.#open(description);
    if (!checked || description.round !== this.#round || this.#pc.signalingState !== "have-local-offer")
      return;
    await this.#applyRemote(checked);
    this.#answeredAt = this.#options.environment.clock.now();
    await this.#tune();
  }

  async #takeOffer(description: Description): Promise<void> {
    const checked = await this.#open(description);
    if (!checked || description.round <= this.#round) return;
    this.#round = description.round;
    this.#mine = null;
    await this.#applyRemote(checked);
    this.#adoptLanes();
    await this.#attachTracks();
    const answer = await this.#pc.createAnswer();
    await this.#sendSealed({ type: "answer", sdp: answer.sdp ?? "", round: description.round });
    await this.#tune();
  }

  /** Null for what is not to be used. Fails closed, except for a late copy of what a good one has followed. */
  async #open(description: Description): Promise<Checked | null> {
    try {
      const checked = await this.#options.trust.open(description);
      if (this.#closed) return null;
      this.#good = description;
      const isFirst = this.kind === null;
      this.kind = checked.kind;
      if (isFirst) this.#options.on.changed();
      return checked;
    } catch (error) {
      const code = refusalOf(error);
      if (code === null) {
        // Nobody could look at it, so its copy may still be looked at.
        if (this.#latest === description) this.#latest = null;
        throw error;
      }
      const isLateCopy = code === "description-replayed" && this.kind !== null;
      if (!isLateCopy && !this.#closed) this.#options.on.refused(code);
      return null;
    }
  }

  async #applyRemote(checked: Checked): Promise<void> {
    await this.#pc.setRemoteDescription(checked.init);
    for (const candidate of this.#candidates.described(checked.sdp)) await this.#tryCandidate(candidate);
  }

  #addCandidate(candidate: Candidate): void {
    // Behind the description that may be waiting in the queue.
    this.#enqueue(async () => {
      if (this.#candidates.admit(candidate)) await this.#tryCandidate(candidate);
    });
  }

  async #tryCandidate(candidate: Candidate): Promise<void> {
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch {
      // One that this engine cannot use (another family, an old round) costs nothing.
    }
  }

  /** Bitrates, sizes and priorities, once there is something negotiated to set them on. */
  async #tune(): Promise<void> {
    this.#tuned = this.#options.environment.clock.now();
    for (const [lane, { sender }] of this.#lanes) {
      const wanted = this.#adapting.encoding(lane, sender.track, this.fullHd, this.#fresh);
      const text = JSON.stringify(wanted);
      if (this.#set.get(lane) !== text && (await apply(sender, wanted))) this.#set.set(lane, text);
    }
  }

  /** At once, but no more often than a machine bears. */
  #tuneSoon(): void {
    // Before anything is negotiated there is nothing to set.
    if (this.#tuning || this.#tuned === -Infinity) return;
    const { clock } = this.#options.environment;
    this.#tuning = clock.after(Math.max(0, this.#tuned + PACE - clock.now()), () => {
      this.#tuning = null;
      this.#enqueue(() => this.#tune());
    });
  }

  #restart(): void {
    if (this.#options.offers) this.#enqueue(() => this.#offerRestart());
    else this.#both({ type: "restart-wanted" });
  }

  #connectionChanged(): void {
    const state = this.#pc.connectionState;
    this.#healing.state(state);
    if (state === "connected") {
      if (this.connection === "connecting") this.#grow();
      this.connection = "connected";
      this.#answeredAt = -Infinity;
    } else if ((state === "disconnected" || state === "failed") && this.connection === "connected")
      this.connection = "reconnecting";
    this.#options.on.changed();
  }

  /** The line is known after a while: from then on the picture may shrink with it. */
  #grow(): void {
    this.#stopGrowing = this.#options.environment.clock.after(FRESH_TIME, () => {
      this.#fresh = false;
      this.#enqueue(() => this.#tune());
    });
  }

  #found(candidate: RTCIceCandidate | null): void {
    const found = candidate && fromEngine(candidate);
    // Some engines end with an empty candidate before the null.
    if (found?.candidate === "") return;
    const signal: Signal = found ? { type: "candidate", candidate: found } : { type: "candidate" };
    this.#candidatesFound.push(signal);
    if (this.#round > 0) this.#both(signal);
    else this.#options.send(signal);
  }

  #came(transceiver: RTCRtpTransceiver): void {
    const lane = LANES.find((name) => this.#lanes.get(name) === transceiver);
    if (!lane) return;
    const stream = (this[streamOf(lane)] ??= this.#options.environment.stream());
    const { track } = transceiver.receiver;
    if (!stream.getTracks().includes(track)) stream.addTrack(track);
    this.#options.on.changed();
  }

  /** The first round needs the hub; later ones also take the data channel, so that a call heals without a hub. */
  #sendDescription(description: Description): void {
    this.#both({ type: "description", description });
  }

  #both(signal: Signal): void {
    this.#options.send(signal);
    this.#say({ type: "signal", signal });
  }

  #sayState(): void {
    // A camera that rests is told like one that is off: better than a picture that stands still.
    const camera = this.#local.camera && !this.#adapting.starved;
    const { raised, ...local } = this.#local;
    const hand = raised === undefined ? {} : { hand: ageOf(raised, this.#options.environment.clock.now()) };
    this.#say({ type: "state", ...local, camera, ...hand });
  }

  /** Says it on `control`. */
  say(message: Control): void {
    this.#say(message);
  }

  #say(message: Control): boolean {
    if (this.#control.readyState !== "open") return false;
    try {
      this.#control.send(JSON.stringify(message));
      return true;
    } catch {
      return false;
    }
  }

  #heard(data: unknown): void {
    if (this.#closed || typeof data !== "string" || data.length > LIMITS.MAX_MESSAGE_BYTES) return;
    let message: Control;
    try {
      const read: unknown = JSON.parse(data);
      if (typeof read !== "object" || read === null) return;
      message = read as Control;
    } catch {
      return;
    }
    if (message.type === "bye") this.#options.on.bye();
    else if (message.type === "signal") this.receive(message.signal);
    else if (message.type === "want") {
      if (this.#adapting.heard(message)) this.#tuneSoon();
    } else if (message.type === "verify") this.verifying.heard(message.verify);
    else if (message.type === "state") {
      const was = this.fullHd;
      this.remote = message;
      if (this.fullHd !== was) this.#enqueue(() => this.#tune());
      this.#options.on.heard?.(message);
      this.#options.on.changed();
    } else this.#options.on.heard?.(message);
  }
}

/** Voice and camera share a stream, and so do a screen and its sound: what shares a stream is played in step. */
function streamOf(lane: Lane): "media" | "screenMedia" {
  return lane === "voice" || lane === "camera" ? "media" : "screenMedia";
}

/** The same description once more: each is sent by two ways, and offers may be sent again. */
function isCopy(one: Description, other: Description): boolean {
  const [a, b] = [one.seal, other.seal];
  return (
    one.round === other.round &&
    one.sdp === other.sdp &&
    a?.signature === b?.signature &&
    a?.sequence === b?.sequence &&
    a?.key === b?.key &&
    a?.kind === b?.kind
  );
}

function fromEngine(found: RTCIceCandidate): Candidate {
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = found.toJSON();
  return {
    candidate: candidate ?? "",
    ...(typeof sdpMid === "string" ? { sdpMid } : {}),
    ...(typeof sdpMLineIndex === "number" ? { sdpMLineIndex } : {}),
    ...(typeof usernameFragment === "string" ? { usernameFragment } : {}),
  };
}
