/**
 * Descriptions: made, set and taken back (W3C WebRTC 1.0, section 4.4.1; RFC 8829). The native side writes and reads
 * the text; this side has the transceivers, and the order of things that a page sees.
 */
import { needAcceptable } from "./acceptable";
import type { Connection, Created } from "./connection";
import { Description } from "./description";
import { failure, notSupported } from "./errors";
import { queueTask } from "./events";
import { initialEncoding } from "./parameters";
import { RemoteTracks } from "./remote-tracks";
import { receives, reversed, sends } from "./sdp";
import type { Transceiving } from "./transceiver";
import type { RTCSctpTransport } from "./transports";
import type { Direction, RemoteMedia, Request, SdpType, Transceiver } from "./wire";

/** How often a description is made anew because the page changes what is in it meanwhile. */
const TRIES = 8;
/** Of a round without m-lines, which the native side does not know. */
const EMPTY = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

/** Of each transceiver before the round, for a rollback. */
interface Before {
  mid: string | null;
  line: number | null;
  hasTransport: boolean;
  firedDirection: Direction | null;
  streams: MediaStream[];
}

export class Negotiation {
  #before = new Map<Transceiving, Before>();
  #sctpBefore: RTCSctpTransport | null = null;

  constructor(private readonly connection: Connection) {}

  async createOffer(iceRestart: boolean): Promise<string> {
    const { connection } = this;
    if (!["stable", "have-local-offer"].includes(connection.signalingState))
      throw failure("InvalidStateError", `no offer in ${connection.signalingState}`);
    connection.lastOffer = await this.#create("offer", iceRestart);
    return connection.lastOffer.sdp;
  }

  async createAnswer(): Promise<string> {
    const { connection } = this;
    if (connection.signalingState !== "have-remote-offer")
      throw failure("InvalidStateError", `no answer in ${connection.signalingState}`);
    connection.lastAnswer = await this.#create("answer", false);
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
    if (!isPossible) throw failure("InvalidStateError", `no local ${kind} in ${state}`);
    const last = kind === "offer" ? connection.lastOffer : connection.lastAnswer;
    if (sdp !== "" && sdp !== last?.sdp)
      throw failure("InvalidModificationError", "not the description that was made last");
    const isFresh = last !== null && (sdp !== "" || last.asked === this.#asked(kind));
    const created = isFresh ? last : await this.#create(kind, false);
    const description = new Description(kind, created.sdp);
    connection.settingLocal += 1;
    try {
      await this.#ask({ type: "set-local", pc: connection.pc, kind }, description);
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
    needAcceptable(description, type === "answer" ? connection.pendingLocal : null);
    const { pc } = connection;
    const reply = await this.#ask({ type: "set-remote", pc, kind: type, sdp }, description);
    if (connection.isClosed) return;
    // The native side has dropped the answer that it had made before; an offer only with the next answer.
    connection.lastAnswer = null;
    this.#applyRemote(description, reply?.type === "remote" ? reply.media : []);
  }

  /** Null where there is nothing for the native side to do. */
  async #ask(
    request: Request,
    description: Description | null,
  ): Promise<Awaited<ReturnType<Connection["request"]>> | null> {
    if (description?.sections.length === 0) {
      await new Promise<void>((resolve) => queueTask(resolve));
      return null;
    }
    return this.connection.request(request);
  }

  #inside(type: SdpType): [Transceiving, Transceiver][] {
    return this.connection.transceivers
      .filter((one) => !one.isStopping || one.mid !== null)
      .map((one) => [one, one.wanted(type)]);
  }

  #asked(type: SdpType): string {
    const { channels, credentialsToReplace } = this.connection;
    const wanted = this.#inside(type).map(([, one]) => one);
    return JSON.stringify([wanted, channels.isWanted, [...credentialsToReplace]]);
  }

  async #create(type: SdpType, iceRestart: boolean): Promise<Created> {
    const { connection } = this;
    const { pc } = connection;
    for (let left = TRIES; ; left -= 1) {
      const asked = this.#asked(type);
      const inside = this.#inside(type);
      const transceivers = inside.map(([, one]) => one);
      const isEmpty =
        type === "offer"
          ? inside.length === 0 && !connection.channels.isWanted && !connection.currentLocal?.sections.length
          : connection.pendingRemote?.sections.length === 0;
      if (isEmpty) {
        await new Promise<void>((resolve) => queueTask(resolve));
        if (this.#asked(type) !== asked) continue;
        return { sdp: EMPTY, asked, lines: [] };
      }
      const restart = iceRestart || connection.credentialsToReplace.size > 0;
      const reply = await connection.request(
        type === "offer"
          ? { type: "create-offer", pc, transceivers, ice_restart: restart }
          : { type: "create-answer", pc, transceivers },
      );
      if (reply.type !== "description") throw failure("OperationError", "no description came");
      if (left > 1 && this.#asked(type) !== asked) continue;
      const lines = reply.lines.flatMap((at, index) => {
        const transceiver = inside[index]?.[0];
        return at && transceiver ? [{ transceiver, at }] : [];
      });
      const made = { sdp: reply.sdp, asked, lines };
      if (type === "offer") connection.lastOffer = made;
      else {
        connection.lastAnswer = made;
        // The native side cannot keep it any longer.
        connection.lastOffer = null;
      }
      return made;
    }
  }

  #applyLocal(description: Description, created: Created): void {
    const { connection } = this;
    const { transports } = connection;
    const tracks = new RemoteTracks(connection);
    if (description.type === "offer") {
      this.#remember();
      connection.pendingLocal = description;
      if (transports.role === "unknown") transports.role = "controlling";
      if (description.application) transports.openSctp();
    } else {
      connection.currentLocal = description;
      connection.currentRemote = connection.pendingRemote;
      connection.pendingLocal = connection.pendingRemote = null;
    }
    for (const { transceiver, at } of created.lines) {
      if (transceiver.isStopped) continue;
      connection.associate(transceiver, at);
      transceiver.hasTransport = true;
    }
    // Those that no other side ever knew of need no round.
    this.#remove((one) => one.isStopping && one.mid === null);
    if (description.type === "answer") {
      for (const one of [...connection.transceivers]) {
        const section = description.section(one.line);
        if (!section) continue;
        if (section.isRejected) this.#end(one, tracks);
        else {
          if (!receives(section.direction) && receives(one.firedDirection)) tracks.lose(one);
          one.setCurrentDirection(section.direction);
        }
      }
      this.#settle(description);
    }
    this.#finish(description.type === "offer" ? "have-local-offer" : "stable", tracks);
  }

  #applyRemote(description: Description, media: readonly RemoteMedia[]): void {
    const { connection } = this;
    const { transports } = connection;
    const tracks = new RemoteTracks(connection);
    const before = connection.pendingRemote ?? connection.currentRemote;
    if (before?.ufrag !== description.ufrag) connection.remoteCandidates = [];
    if (description.type === "offer") {
      this.#remember();
      connection.pendingRemote = description;
      if (transports.role === "unknown") transports.role = "controlled";
      if (description.application) transports.openSctp();
    } else {
      connection.currentRemote = description;
      connection.currentLocal = connection.pendingLocal;
      connection.pendingLocal = connection.pendingRemote = null;
    }
    for (const one of media) this.#takeMedia(one, description, tracks);
    if (description.type === "answer") this.#settle(description);
    this.#finish(description.type === "offer" ? "have-remote-offer" : "stable", tracks);
  }

  #takeMedia(media: RemoteMedia, description: Description, tracks: RemoteTracks): void {
    const { connection } = this;
    const isAnswer = description.type === "answer";
    const known = connection.transceivers.find((one) => one.line === media.line && one.mid !== null);
    if (media.direction === "stopped") {
      if (known && isAnswer) this.#end(known, tracks);
      else if (known) {
        // Gone when this side has answered.
        tracks.lose(known);
        known.stop();
      }
      return;
    }
    if (!known && isAnswer) return;
    const direction = reversed(media.direction);
    const transceiver = known ?? this.#adopt(media, direction);
    if (receives(direction)) {
      // Who says nothing of streams means one for all (RFC 8829, section 5.10).
      const hasMsid = description.section(media.line)?.hasMsid ?? false;
      const ids = hasMsid || media.streams.length > 0 ? media.streams : [connection.unnamedStream];
      const told = description.section(media.line)?.streams ?? [];
      const hasMore = tracks.setStreams(transceiver, tracks.streams(ids.length > 0 ? ids : told));
      if (hasMore || !receives(transceiver.firedDirection)) tracks.gain(transceiver);
    } else if (receives(transceiver.firedDirection)) tracks.lose(transceiver);
    if (isAnswer) transceiver.setCurrentDirection(direction);
    else transceiver.firedDirection = direction;
  }

  /** RFC 8829, section 5.10: one that addTrack made takes what they can receive; else a new one. */
  #adopt(media: RemoteMedia, direction: Direction): Transceiving {
    const { connection } = this;
    const waiting = connection.transceivers.find(
      (one) =>
        sends(direction) && one.isByTrack && one.mid === null && one.kind === media.kind && !one.isStopping,
    );
    const transceiver =
      waiting ??
      connection.addTransceiver({
        kind: media.kind,
        track: null,
        direction: "recvonly",
        streams: [],
        encoding: initialEncoding(undefined, media.kind),
        isByTrack: false,
      });
    connection.associate(transceiver, media);
    return transceiver;
  }

  /** Rejected by an answer: for good. */
  #end(transceiver: Transceiving, tracks: RemoteTracks): void {
    tracks.lose(transceiver);
    this.#remove((one) => one === transceiver);
  }

  #remove(which: (one: Transceiving) => boolean): void {
    const { connection } = this;
    const gone = connection.transceivers.filter(which);
    connection.transceivers = connection.transceivers.filter((one) => !gone.includes(one));
    for (const one of gone) {
      one.stop();
      one.dissociate();
    }
  }

  /** An answer of either side: channels have a way, and ids. */
  #settle(answer: Description): void {
    const { connection } = this;
    const { credentialsToReplace, currentLocal } = connection;
    connection.lastOffer = connection.lastAnswer = null;
    this.#before.clear();
    if (currentLocal?.credentials.every((one) => !credentialsToReplace.has(one)))
      credentialsToReplace.clear();
    const { sections } = answer;
    connection.setIdle(sections.length > 0 && sections.every(({ isRejected }) => isRejected));
    const remote = connection.currentRemote?.application;
    // Who answers `active` is the client (RFC 8842, section 5.3).
    const setup = answer.sections.find((one) => !one.isRejected)?.setup;
    if (setup !== undefined)
      connection.transports.isClient ??= (setup === "active") === (answer === currentLocal);
    if (!answer.application || !remote) {
      connection.transports.sctpTransport = this.#sctpBefore;
      return;
    }
    connection.transports.openSctp();
    connection.transports.agreeOnSize(remote.maxMessageSize);
    connection.channels.assignIds(connection.transports.isClient ?? false);
  }

  #finish(state: RTCSignalingState, tracks: RemoteTracks): void {
    const { connection } = this;
    if (state === "stable") connection.forgetNegotiationNeeded();
    connection.setSignalingState(state);
    if (!connection.isClosed) tracks.tell();
  }

  #remember(): void {
    const { connection } = this;
    if (connection.signalingState !== "stable") return;
    this.#sctpBefore = connection.transports.sctpTransport;
    this.#before = new Map(
      connection.transceivers.map((one) => [
        one,
        {
          mid: one.mid,
          line: one.line,
          hasTransport: one.hasTransport,
          firedDirection: one.firedDirection,
          streams: [...one.receiving.streams],
        },
      ]),
    );
  }

  async #rollBack(from: RTCSignalingState): Promise<void> {
    const { connection } = this;
    if (connection.signalingState !== from)
      throw failure("InvalidStateError", `nothing to roll back in ${connection.signalingState}`);
    await this.#ask(
      { type: "rollback", pc: connection.pc },
      from === "have-local-offer" ? connection.pendingLocal : connection.pendingRemote,
    );
    if (connection.isClosed) return;
    const tracks = new RemoteTracks(connection);
    connection.pendingLocal = connection.pendingRemote = null;
    connection.lastAnswer = null;
    // Good for who sets its very text; else there is a newer one to be had, with what was gathered since.
    if (connection.lastOffer) connection.lastOffer = { ...connection.lastOffer, asked: "" };
    connection.transports.sctpTransport = this.#sctpBefore;
    for (const one of [...connection.transceivers]) {
      const before = this.#before.get(one);
      const isReceiving = receives(one.firedDirection);
      if (receives(before?.firedDirection ?? null) && !one.isStopped) {
        if (tracks.setStreams(one, before?.streams ?? []) || !isReceiving) tracks.gain(one);
        one.update();
      } else if (isReceiving) tracks.lose(one);
      one.firedDirection = before?.firedDirection ?? null;
      if (before && before.mid !== null) continue;
      one.dissociate();
      if (from !== "have-remote-offer" || before || one.isByTrack) continue;
      // Made by the offer: it goes with it, unless addTrack has put something into it.
      if (one.isReused) one.isByTrack = true;
      else this.#remove((other) => other === one);
    }
    this.#before.clear();
    if (!connection.currentLocal) connection.forgetGathering();
    this.#finish("stable", tracks);
  }
}
