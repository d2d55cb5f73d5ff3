/**
 * Descriptions: made, set and taken back (W3C WebRTC 1.0, section 4.4.1; RFC 8829). The native side writes and reads
 * the text; this side has the transceivers, and the order of things that a page sees.
 */
import type { Connection, Created } from "./connection";
import { Description } from "./description";
import { failure, notSupported } from "./errors";
import { queueTask, RTCTrackEvent } from "./events";
import type { Receiving } from "./receiver";
import { receives, reversed, sends } from "./sdp";
import { addTo, remoteStream, removeFrom, type Pair } from "./streams";
import type { Transceiving } from "./transceiver";
import type { Direction, RemoteMedia, SdpType } from "./wire";

/** How often a description is made anew because the page changes what is in it meanwhile. */
const TRIES = 8;

/** Of each transceiver before the round, for a rollback. */
interface Before {
  mid: string | null;
  line: number | null;
  firedDirection: Direction | null;
  currentDirection: Direction | null;
  streams: MediaStream[];
}

/** What the page is told at the end of a round. */
interface Told {
  muted: Receiving[];
  removed: Pair[];
  added: Pair[];
  tracks: { transceiver: Transceiving; streams: MediaStream[] }[];
}

export class Negotiation {
  #before = new Map<Transceiving, Before>();

  constructor(private readonly connection: Connection) {}

  async createOffer(iceRestart: boolean): Promise<string> {
    const { connection } = this;
    if (!["stable", "have-local-offer"].includes(connection.signalingState))
      throw failure("InvalidStateError", `no offer in ${connection.signalingState}`);
    connection.lastOffer = await this.#create("create-offer", iceRestart);
    return connection.lastOffer.sdp;
  }

  async createAnswer(): Promise<string> {
    const { connection } = this;
    if (!["have-remote-offer", "have-local-pranswer"].includes(connection.signalingState))
      throw failure("InvalidStateError", `no answer in ${connection.signalingState}`);
    connection.lastAnswer = await this.#create("create-answer", false);
    return connection.lastAnswer.sdp;
  }

  /** @param type null: the one that the state wants */
  async setLocal(type: RTCSdpType | null, sdp: string): Promise<void> {
    const { connection } = this;
    const { signalingState: state } = connection;
    const kind = type ?? (state === "stable" || state === "have-local-offer" ? "offer" : "answer");
    if (kind === "pranswer") throw notSupported("pranswer");
    if (kind === "rollback") return this.#rollBack("have-local-offer");
    const isPossible =
      kind === "offer" ? ["stable", "have-local-offer"].includes(state) : state === "have-remote-offer";
    const last = kind === "offer" ? connection.lastOffer : connection.lastAnswer;
    // Looked at before the state, as section 4.4.1.4 has it.
    if (sdp !== "" && sdp !== last?.sdp)
      throw failure("InvalidModificationError", "not the description that was made last");
    if (!isPossible) throw failure("InvalidStateError", `no local ${kind} in ${state}`);
    const created = last ?? (await this.#make(kind));
    const description = new Description(kind, created.sdp);
    connection.settingLocal += 1;
    try {
      await connection.request({ type: "set-local", pc: connection.pc, kind });
      if (connection.isClosed) return;
      this.#applyLocal(description, created);
    } finally {
      // Candidates follow the description: after the caller's promise.
      queueTask(() => connection.release());
    }
  }

  async setRemote(type: RTCSdpType, sdp: string): Promise<void> {
    const { connection } = this;
    if (type === "pranswer") throw notSupported("pranswer");
    if (type === "rollback") return this.#rollBack("have-remote-offer");
    // Perfect negotiation: the polite side takes its own offer back.
    if (type === "offer" && connection.signalingState === "have-local-offer")
      await this.#rollBack("have-local-offer");
    const { signalingState: state } = connection;
    const isPossible =
      type === "offer" ? ["stable", "have-remote-offer"].includes(state) : state === "have-local-offer";
    if (!isPossible) throw failure("InvalidStateError", `no remote ${type} in ${state}`);
    const description = new Description(type, sdp);
    const reply = await connection.request({ type: "set-remote", pc: connection.pc, kind: type, sdp });
    if (connection.isClosed) return;
    this.#applyRemote(description, reply.type === "remote" ? reply.media : []);
  }

  async #make(kind: SdpType): Promise<Created> {
    const { connection } = this;
    const made =
      kind === "offer"
        ? await this.#create("create-offer", connection.credentialsToReplace.size > 0)
        : await this.#create("create-answer", false);
    if (kind === "offer") connection.lastOffer = made;
    else connection.lastAnswer = made;
    return made;
  }

  async #create(type: "create-offer" | "create-answer", iceRestart: boolean): Promise<Created> {
    const { connection } = this;
    for (let left = TRIES; ; left -= 1) {
      const inside = connection.transceivers.filter((one) => !one.isStopping || one.mid !== null);
      const transceivers = inside.map((one) => one.wanted);
      const asked = JSON.stringify(transceivers);
      const { pc } = connection;
      const reply = await connection.request(
        type === "create-offer"
          ? {
              type,
              pc,
              transceivers,
              ice_restart: iceRestart || connection.credentialsToReplace.size > 0,
            }
          : { type, pc, transceivers },
      );
      if (reply.type !== "description") throw failure("OperationError", "no description came");
      const now = connection.transceivers.filter((one) => !one.isStopping || one.mid !== null);
      if (left > 1 && JSON.stringify(now.map((one) => one.wanted)) !== asked) continue;
      return {
        sdp: reply.sdp,
        lines: reply.lines.flatMap((at, index) => {
          const transceiver = inside[index];
          return at && transceiver ? [{ transceiver, at }] : [];
        }),
      };
    }
  }

  #applyLocal(description: Description, created: Created): void {
    const { connection } = this;
    const told: Told = { muted: [], removed: [], added: [], tracks: [] };
    if (description.type === "offer") {
      this.#remember();
      connection.pendingLocal = description;
      if (connection.transports.role === "unknown") connection.transports.role = "controlling";
    } else {
      connection.currentLocal = description;
      connection.currentRemote = connection.pendingRemote;
      connection.pendingLocal = connection.pendingRemote = null;
    }
    for (const { transceiver, at } of created.lines) {
      if (!transceiver.isStopped) connection.associate(transceiver, at);
    }
    // Those that no other side ever knew of need no round.
    this.#drop((one) => one.isStopping && one.mid === null);
    const credentials = description.credentials;
    if (credentials.every((one) => !connection.credentialsToReplace.has(one)))
      connection.credentialsToReplace.clear();
    if (description.type === "answer") {
      for (const one of [...connection.transceivers]) {
        const section = description.section(one.mid);
        if (!section) continue;
        if (section.isRejected) this.#stop(one, told);
        else {
          if (!receives(section.direction) && receives(one.firedDirection)) this.#lose(one, told);
          one.setCurrentDirection(section.direction);
        }
      }
      this.#settle(description);
    }
    this.#finish(description.type === "offer" ? "have-local-offer" : "stable", told);
  }

  #applyRemote(description: Description, media: readonly RemoteMedia[]): void {
    const { connection } = this;
    const told: Told = { muted: [], removed: [], added: [], tracks: [] };
    if (connection.pendingRemote?.ufrag !== description.ufrag) connection.remoteCandidates = [];
    if (description.type === "offer") {
      this.#remember();
      connection.pendingRemote = description;
      if (connection.transports.role === "unknown") connection.transports.role = "controlled";
    } else {
      connection.currentRemote = description;
      connection.currentLocal = connection.pendingLocal;
      connection.pendingLocal = connection.pendingRemote = null;
    }
    for (const one of media) this.#takeMedia(one, description.type, told);
    if (description.type === "answer") this.#settle(description);
    this.#finish(description.type === "offer" ? "have-remote-offer" : "stable", told);
  }

  #takeMedia(media: RemoteMedia, type: SdpType, told: Told): void {
    const { connection } = this;
    let transceiver = connection.transceivers.find((one) => one.mid === media.mid);
    if (media.direction === "stopped") {
      if (transceiver && type === "answer") this.#stop(transceiver, told);
      else if (transceiver) {
        this.#lose(transceiver, told);
        transceiver.stopMedia();
      }
      return;
    }
    const direction = reversed(media.direction);
    if (!transceiver) {
      if (type === "answer") return;
      // RFC 8829, section 5.10: one that addTrack made takes what they can receive.
      transceiver = connection.transceivers.find(
        (one) =>
          sends(direction) && one.isByTrack && one.mid === null && one.kind === media.kind && !one.isStopping,
      );
      transceiver ??= connection.addTransceiver({
        kind: media.kind,
        track: null,
        direction: "recvonly",
        streams: [],
        encoding: { active: true, priority: "low", networkPriority: "low" },
        isByTrack: false,
        remoteTrackId: media.track,
      });
      connection.associate(transceiver, media);
    }
    transceiver.hasTransport = true;
    if (receives(direction)) {
      this.#setStreams(transceiver, media.streams, told);
      if (!receives(transceiver.firedDirection))
        told.tracks.push({ transceiver, streams: [...transceiver.receiving.streams] });
    } else if (receives(transceiver.firedDirection)) this.#lose(transceiver, told);
    if (type === "answer") transceiver.setCurrentDirection(direction);
    else transceiver.firedDirection = direction;
  }

  /** "Set the associated remote streams" (section 4.4.1.5). */
  #setStreams(transceiver: Transceiving, ids: readonly string[], told: Told): void {
    const { receiving } = transceiver;
    const { track } = receiving;
    const streams = [...new Set(ids)].map((id) => this.#remoteStream(id, told));
    for (const stream of receiving.streams)
      if (!streams.includes(stream)) told.removed.push({ stream, track });
    for (const stream of streams) if (!receiving.streams.includes(stream)) told.added.push({ stream, track });
    receiving.streams = streams;
  }

  #remoteStream(id: string, told: Told): MediaStream {
    const all = this.connection.transceivers.flatMap(({ receiving }) => receiving.streams);
    const known = [...all, ...told.added.map(({ stream }) => stream)].find((stream) => stream.id === id);
    return known ?? remoteStream(id);
  }

  /** "Process the removal of a remote track". */
  #lose(transceiver: Transceiving, told: Told): void {
    this.#setStreams(transceiver, [], told);
    told.muted.push(transceiver.receiving);
  }

  #stop(transceiver: Transceiving, told: Told): void {
    this.#lose(transceiver, told);
    transceiver.stop();
    this.#drop((one) => one === transceiver);
  }

  #drop(which: (one: Transceiving) => boolean): void {
    const { connection } = this;
    for (const one of connection.transceivers) if (which(one)) one.stop();
    connection.transceivers = connection.transceivers.filter((one) => !one.isStopped);
  }

  /** An answer of either side: channels have a way, and ids. */
  #settle(answer: Description): void {
    const { connection } = this;
    connection.lastOffer = connection.lastAnswer = null;
    this.#before.clear();
    const remote = connection.currentRemote?.application;
    if (!answer.application || !remote) return;
    connection.transports.agreeOnSctp(remote.maxMessageSize);
    // Who answers `active` is the client (RFC 8842, section 5.3).
    const isLocal = answer === connection.currentLocal;
    const isClient = (answer.application.setup === "active") === isLocal;
    connection.channels.assignIds(isClient);
  }

  #finish(state: RTCSignalingState, told: Told): void {
    const { connection } = this;
    if (state === "stable") connection.forgetNegotiationNeeded();
    connection.setSignalingState(state);
    if (connection.isClosed) return;
    for (const receiving of told.muted) receiving.mute();
    for (const pair of told.removed) removeFrom(pair);
    for (const pair of told.added) addTo(pair);
    for (const { transceiver, streams } of told.tracks) {
      if (connection.isClosed) return;
      connection.target.dispatchEvent(
        new RTCTrackEvent("track", {
          track: transceiver.receiving.track,
          receiver: transceiver.receiving.api as unknown as RTCRtpReceiver,
          transceiver: transceiver.api as unknown as RTCRtpTransceiver,
          streams,
        }),
      );
    }
  }

  #remember(): void {
    const { connection } = this;
    if (connection.signalingState !== "stable") return;
    this.#before = new Map(
      connection.transceivers.map((one) => [
        one,
        {
          mid: one.mid,
          line: one.line,
          firedDirection: one.firedDirection,
          currentDirection: one.currentDirection,
          streams: [...one.receiving.streams],
        },
      ]),
    );
  }

  async #rollBack(from: RTCSignalingState): Promise<void> {
    const { connection } = this;
    if (connection.signalingState !== from)
      throw failure("InvalidStateError", `nothing to roll back in ${connection.signalingState}`);
    await connection.request({ type: "rollback", pc: connection.pc });
    if (connection.isClosed) return;
    const told: Told = { muted: [], removed: [], added: [], tracks: [] };
    connection.pendingLocal = connection.pendingRemote = null;
    connection.lastOffer = connection.lastAnswer = null;
    for (const one of [...connection.transceivers]) {
      const before = this.#before.get(one);
      const wasReceiving = receives(before?.firedDirection ?? null);
      if (receives(one.firedDirection) && !wasReceiving) this.#lose(one, told);
      if (before && before.mid !== null) {
        one.firedDirection = before.firedDirection;
        continue;
      }
      one.firedDirection = null;
      one.dissociate();
      // Made by the offer, and the page has put nothing into it.
      if (from === "have-remote-offer" && !before && !one.isByTrack && !one.isReused)
        this.#drop((other) => other === one);
    }
    this.#before.clear();
    this.#finish("stable", told);
  }
}
