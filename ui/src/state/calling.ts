/**
 * Rings and the call, from the first click to the summary. At most one attempt at a time: while there is one,
 * whoever else rings is told 'busy'. Knows no view framework: `app` is plain or reactive, as it is given.
 */
import { CodedError, codeOf, type Backend } from "../backend/types";
import type { Call, CallEnd, CallOptions, RoomEvent } from "../call/call";
import type { Clock } from "../call/clock";
import type { Sounds } from "../call/sounds";
import type { PeerView } from "../call/view";
import { LIMITS, type DeviceId, type Event, type IceServer, type Media, type Person } from "../gen/protocol";
import type { Presence, Request } from "../gen/protocol";
import type { RingEnd, RingId, RoomRef, RoomRules, RoomState, Standing } from "../gen/protocol";
import {
  empty,
  endOf,
  expecting,
  ringEndOf,
  type Attempt,
  type Attempted,
  type End,
  type Remembering,
} from "./attempt";
import { Comings } from "./comings";
import type { AnyCode, AppState, PersonEntry } from "./contract";
import { EarlyEvents } from "./early";
import { Hosting } from "./hosting";
import { IncomingRings, type Ringing } from "./incoming";
import { Inviting, type InvitedTo } from "./inviting";
import { mergeCall, type StandingOf } from "./merge";
import { Sending, type SendingMedia } from "./sending";

/** Who accepted must come in, ms: they are asked for the microphone first, and people read dialogs slowly. */
const COMING_TIME = 30_000;
/** From the open microphone to the word that it rings there, ms: the dialling, and a little for the way. */
const RING_TIME = LIMITS.DIAL_TIMEOUT + 200;

/** A call that others can be rung into: whoever was not asked knocks. */
const AD_HOC: RoomRules = { title: "", door: "knock", capacity: LIMITS.MAX_PARTICIPANTS };

export interface CallingOptions {
  app: AppState;
  backend: Pick<Backend, "request" | "trust">;
  media: SendingMedia;
  sounds: Pick<Sounds, "ring" | "ringback" | "busy" | "ended" | "knock" | "stop">;
  clock: Clock;
  /** When it is known whether calls can be made here. */
  ready: Promise<unknown>;
  /** My own ICE servers. */
  iceServers(): readonly IceServer[];
  makeCall(
    options: Pick<CallOptions, "room" | "iceServers" | "camera" | "stays" | "hub" | "trust" | "on">,
  ): Call;
  notify(code: AnyCode, name?: string): void;
  withdraw(codes: readonly AnyCode[]): void;
  /** What my memory says of somebody. */
  standing: StandingOf;
  /** For a memory where no node has one. */
  remember(peer: PeerView, what: Remembering): void;
  /** For a history where no node keeps one. */
  record(call: Attempted): void;
  /** Busy with a call now, or no longer. */
  inCall(on: boolean): void;
}

export class Calling {
  #attempt: Attempt | null = null;
  readonly #early = new EarlyEvents();
  readonly #incoming: IncomingRings;
  /** Who is rung into the call that is on. */
  readonly inviting: Inviting;
  /** The room of the call that is on. */
  readonly hosting: Hosting;
  readonly #comings: Comings;
  /** Microphone, camera and screen of the call that is on. */
  readonly sending: Sending;
  #stopWaiting: (() => void) | null = null;

  constructor(private readonly options: CallingOptions) {
    const { app, clock, sounds, record } = options;
    this.#incoming = new IncomingRings({ app, clock, sounds, record, say: (request) => this.#say(request) });
    const { backend, media, notify, withdraw } = options;
    this.inviting = new Inviting({ app, backend, notify, room: () => this.#invitedTo() });
    this.#comings = new Comings({ app, now: () => clock.now() });
    const { standing } = options;
    this.hosting = new Hosting({
      app,
      backend,
      sounds,
      comings: this.#comings,
      standing,
      ended: () => {
        if (this.#attempt) this.#finish(this.#attempt, null, { byHost: true });
      },
    });
    this.sending = new Sending({ media, notify, withdraw, attempt: () => this.#attempt });
  }

  get current(): Call | null {
    return this.#attempt?.call ?? null;
  }

  get isBusy(): boolean {
    return this.#attempt !== null;
  }

  // What the person does.

  async call(to: PersonEntry, media: Media): Promise<void> {
    if (this.#isChecking()) await this.options.ready;
    if (this.#attempt || !this.#canCall()) return;
    const { app, backend, clock } = this.options;
    // They were quicker by a moment: to call them is to accept.
    const theirs = app.incoming.find(({ from }) => from.device === to.device);
    if (theirs) {
      await this.accept(theirs.ring, media);
      return;
    }
    this.#incoming.allBusy();
    const attempt = this.#begin(to, media, true, null);
    app.outgoing = { to, media, since: clock.now(), stage: "dialling" };
    let tooLong = (): void => undefined;
    try {
      await this.options.media.hold("call", { microphone: true, camera: media === "video" });
      if (attempt.over) return;
      // A link that is just being tried again may keep a ring for long; a person who calls shall know now.
      tooLong = clock.after(RING_TIME, () => {
        this.#finish(attempt, { type: "failed", code: "unreachable" });
      });
      const via = to.via === undefined ? {} : { via: to.via };
      const room = await this.#room({ type: "create-room", ...via, rules: AD_HOC, media });
      if (attempt.over) {
        await this.#leave(room.room);
        return;
      }
      this.#enter(attempt, room);
      await backend.request({ type: "admit", room: room.room.room, device: to.device });
      const reply = await backend.request({ type: "ring", to: to.device, room: room.room, media });
      if (reply.type !== "ring") throw new CodedError("internal");
      if (attempt.over) await this.#say({ type: "cancel-ring", ring: reply.ring });
      else this.#rings(attempt, reply.ring);
    } catch (error) {
      this.#finish(attempt, { type: "failed", code: codeOf(error) });
    } finally {
      tooLong();
    }
  }

  async cancelRing(): Promise<void> {
    const attempt = this.#attempt;
    if (!attempt?.outgoing) return;
    this.#finish(attempt, { type: "cancelled" }, { tell: false });
    if (attempt.ring) await this.#say({ type: "cancel-ring", ring: attempt.ring });
  }

  async accept(ring: RingId, media: Media): Promise<void> {
    if (this.#isChecking()) await this.options.ready;
    if (this.#attempt || !this.#canCall()) return;
    const ringing = this.#incoming.take(ring);
    if (!ringing) return;
    this.#incoming.allBusy();
    await this.#join({ ...ringing, media });
  }

  /**
   * Goes into a room that goes on with nobody else in it: one's own, or one that was found. Resolves to null when in
   * it, to "knocking" when its host is asked, or to the code why not.
   */
  async meet(
    request: Extract<Request, { type: "create-room" | "join" }>,
  ): Promise<AnyCode | "knocking" | null> {
    if (this.#isChecking()) await this.options.ready;
    if (this.#attempt) return "internal";
    if (this.options.app.ability.stage !== "can") return "webrtc-missing";
    const { backend, media } = this.options;
    this.#incoming.allBusy();
    const attempt = this.#begin(null, request.media, false, null);
    let result: AnyCode | "knocking";
    try {
      await media.hold("call", { microphone: true, camera: request.media === "video" });
      if (attempt.over) return null;
      const reply = await backend.request(request);
      if (reply.type === "room") {
        attempt.accepted = true;
        if (attempt.over) await this.#leave(reply.room);
        else this.#enter(attempt, reply);
        return null;
      }
      result = reply.type === "knocking" ? "knocking" : "internal";
      if (attempt.over && request.type === "join")
        await this.#say({ type: "withdraw", room: request.room.room });
    } catch (error) {
      result = codeOf(error);
    }
    if (!attempt.over) {
      this.#drop(attempt);
      void media.release("call");
      this.options.inCall(false);
    }
    return result;
  }

  /** They are blocked now: what rings falls silent, and they are told nothing. */
  silence(device: DeviceId): void {
    this.#incoming.silence(device);
  }

  decline(ring: RingId, message?: string): Promise<void> {
    return this.#incoming.decline(ring, message);
  }

  async hangUp(): Promise<void> {
    const attempt = this.#attempt;
    if (!attempt) return;
    if (attempt.outgoing && !attempt.accepted) {
      await this.cancelRing();
      return;
    }
    if (attempt.accepted) {
      this.#finish(attempt, null);
      return;
    }
    this.#finish(attempt, { type: "declined" }, { tell: false });
    if (attempt.ring)
      await this.#say({ type: "answer-ring", ring: attempt.ring, answer: { type: "declined" } });
  }

  // What the backend tells.

  event(event: Event): void {
    switch (event.type) {
      case "ringing":
        this.#ringing(event);
        break;
      case "ring-ended":
        if (!this.#incoming.ended(event.ring, event.end) && !this.inviting.ended(event.ring, event.end))
          this.#ringEnded(event.ring, event.end);
        break;
      case "participant-joined":
      case "participant-returned":
      case "room-moved":
      case "participant-changed":
      case "participant-left":
      case "host-changed":
      case "rules-changed":
      case "knocking":
      case "knock-ended":
      case "let-in":
      case "room-has-place":
      case "signal":
        this.#roomEvent(event);
        break;
      case "room-closed":
        // A server that restarts knows the room when it is back; a node says it of a room that is lost.
        if (event.reason !== "hub-gone" || this.options.app.surface !== "guest") this.#roomEvent(event);
        break;
      case "person-here":
      case "person-gone":
      case "rooms-changed":
        break;
      // Between hubs and nodes.
      case "room-yielded":
      case "room-sought":
      case "room-empty":
      case "participant-silent":
        break;
    }
  }

  /** A new place at the hub: the rings of before are gone, perhaps the room; who is connected talks on. */
  placeLost(): void {
    this.#incoming.clear();
    const attempt = this.#attempt;
    const rings = attempt?.outgoing && !attempt.accepted;
    if (attempt?.call && !rings) void this.#comeBack(attempt, attempt.call);
    else if (attempt) this.#finish(attempt, { type: "failed", code: "link-lost" });
  }

  /** The page goes: say goodbye while one can. */
  leaveNow(): void {
    void this.#attempt?.call?.hangUp().catch(() => undefined);
  }

  // How it goes on inside.

  #isChecking(): boolean {
    return this.options.app.ability.stage === "checking";
  }

  #canCall(): boolean {
    if (this.options.app.ability.stage === "can") return true;
    this.options.notify("webrtc-missing");
    return false;
  }

  #begin(presence: Presence | null, media: Media, outgoing: boolean, ring: RingId | null): Attempt {
    const { app, clock } = this.options;
    const entry = app.people.find((one) => one.device === presence?.device && one.via === presence.via);
    const attempt: Attempt = {
      with: presence,
      entryKey: entry?.key ?? null,
      media,
      outgoing,
      ring,
      at: clock.now(),
      accepted: false,
      call: null,
      camera: media === "video",
      over: false,
      learned: new Map(),
    };
    this.#attempt = attempt;
    app.summary = null;
    this.options.inCall(true);
    return attempt;
  }

  /** It rings there, unless the ring has ended already. */
  #rings(attempt: Attempt, ring: RingId): void {
    attempt.ring = ring;
    const ended = this.#early.takeRingEnd(ring);
    if (ended) this.#ringEnded(ring, ended);
    else if (this.options.app.outgoing && !attempt.accepted) {
      this.options.app.outgoing.stage = "ringing";
      this.options.sounds.ringback();
    }
  }

  #ringing(ringing: Ringing): void {
    const attempt = this.#attempt;
    const { me } = this.options.app;
    if (!attempt) this.#incoming.show(ringing);
    else if (!me || !attempt.outgoing || attempt.accepted || attempt.with?.device !== ringing.from.device)
      void this.#incoming.answerBusy(ringing);
    // Both ring each other: the larger device id gives up its own ring and takes the other's.
    else if (me.device > ringing.from.device) void this.#takeTheirs(attempt, ringing);
    else this.#incoming.cross(ringing);
  }

  async #takeTheirs(mine: Attempt, theirs: Ringing): Promise<void> {
    this.#drop(mine);
    if (mine.ring) void this.#say({ type: "cancel-ring", ring: mine.ring });
    await this.#join({ ...theirs, media: mine.media });
  }

  /** @param theirs with the media that I come in with */
  async #join(theirs: Ringing): Promise<void> {
    const { app, backend, media } = this.options;
    const attempt = this.#begin(theirs.from, theirs.media, false, theirs.ring);
    app.outgoing = null;
    app.call = expecting(theirs.from, theirs.media, this.#standingOf(theirs.from));
    try {
      await media.hold("call", { microphone: true, camera: theirs.media === "video" });
      if (attempt.over) return;
      attempt.accepted = true;
      await backend.request({ type: "answer-ring", ring: theirs.ring, answer: { type: "accepted" } });
      const room = await this.#room({ type: "join", room: theirs.room, media: theirs.media });
      if (!attempt.over && room.participants.length > 0) {
        this.#enter(attempt, room);
        return;
      }
      this.#finish(attempt, { type: "gone" });
      await this.#leave(room.room);
    } catch (error) {
      const code = codeOf(error);
      // They gave up while I was on my way.
      const late = code === "ring-unknown" || code === "room-unknown";
      attempt.accepted &&= !late;
      this.#finish(attempt, late ? { type: "cancelled" } : { type: "failed", code });
    }
  }

  async #room(request: Request): Promise<RoomState> {
    const reply = await this.options.backend.request(request);
    if (reply.type !== "room") throw new CodedError("internal");
    return reply;
  }

  #enter(attempt: Attempt, room: RoomState): void {
    const { app, backend } = this.options;
    const id = room.room.room;
    const call = this.options.makeCall({
      room,
      iceServers: this.options.iceServers(),
      camera: attempt.camera,
      stays: attempt.with === null,
      trust: backend.trust(originOf(room)),
      hub: {
        signal: async (to, signal) => void (await backend.request({ type: "signal", room: id, to, signal })),
        leave: () => this.#leave(room.room),
      },
      on: {
        changed: () => this.#changed(attempt),
        gone: ({ device, person }, why) => this.#gone(device, person, why),
        told: (what, device) => this.#comings.tell(what, device, this.hosting.nameOf(device)),
        ended: (why) => this.#finish(attempt, endOf(why, call.since !== null), { byHost: why === "ended" }),
      },
    });
    attempt.call = call;
    app.call ??= empty(attempt.media, attempt.with ? (attempt.with.via ?? null) : this.#listOf(room.room));
    this.hosting.begin(room, attempt.with === null);
    this.#changed(attempt);
    for (const event of this.#early.takeRoom(id)) this.#roomEvent(event);
  }

  #changed({ over, call, learned }: Attempt): void {
    const { app, standing, remember } = this.options;
    if (over || !call || !app.call) return;
    const view = call.view();
    for (const peer of view.peers) {
      const before = learned.get(peer.device);
      const now = learnedOf(peer);
      if (now) learned.set(peer.device, now);
      if (now && !before) remember(peer, "met");
      if (now && now !== "met" && now !== before) remember(peer, now);
    }
    mergeCall(app.call, view, standing);
  }

  /** Only once they talk: who is called first answers first. */
  #invitedTo(): InvitedTo | null {
    const attempt = this.#attempt;
    return attempt?.call && attempt.accepted ? { room: attempt.call.room, media: attempt.media } : null;
  }

  /** A server that was restarted knows the rooms of before, and who was in them. */
  async #comeBack(attempt: Attempt, call: Call): Promise<void> {
    try {
      const state = await this.#room({ type: "return", room: call.room, media: attempt.media });
      if (attempt.over) await this.#leave(state.room);
      else this.#roomEvent({ type: "room-moved", room: state.room.room, state });
    } catch {
      if (!attempt.over) call.hubLost();
    }
  }

  #standingOf({ device, person }: Presence): Standing {
    return this.options.standing(device, person);
  }

  #roomEvent(event: RoomEvent): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const { call } = attempt;
    if (!call) {
      // Of the room that is just being made or entered: told before the answer is read.
      this.#early.keepRoom(event);
      return;
    }
    if (call.room.room !== event.room) return;
    this.hosting.event(event);
    if (event.type === "participant-joined") {
      const { device, person } = event.participant;
      // Of whom I called, or who called me, one sees it.
      if (call.size > 0 || !attempt.with)
        this.#comings.tell("joined", device, this.options.standing(device, person).name);
    }
    if (event.type === "participant-joined" || event.type === "participant-returned") {
      this.#stopWaiting?.();
      this.#stopWaiting = null;
      attempt.accepted = true;
      this.options.sounds.stop();
      this.options.app.outgoing = null;
      this.inviting.came(event.participant.device);
    }
    const leaving = event.type === "participant-left" ? this.hosting.nameOf(event.device) : "";
    call.receive(event);
    // After what the engine says of it: the room knows why.
    if (event.type === "participant-left" && event.reason === "removed")
      this.#comings.tell("removed", event.device, leaving);
  }

  #gone(device: DeviceId, person: Person, why: CallEnd): void {
    const name = this.options.standing(device, person).name;
    if (why === "hung-up") this.#comings.tell("left", device, name);
    else this.#comings.tell(typeof why === "object" ? "refused" : "lost", device, name);
  }

  /** The server whose list the people of a room are in; null: those on this network. */
  #listOf({ hub }: RoomRef): DeviceId | null {
    const server = this.options.app.node?.server;
    return server?.type === "connected" && server.hub === hub.device ? hub.device : null;
  }

  #ringEnded(ring: RingId, end: RingEnd): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    if (attempt.ring !== ring) {
      if (attempt.ring === null) this.#early.keepRingEnd(ring, end);
    } else if (attempt.outgoing) this.#mineEnded(attempt, end);
    // Theirs, which I am about to accept: they gave up, or another window of mine was quicker.
    else if (!attempt.accepted)
      this.#finish(attempt, end, { tell: end.type !== "accepted", record: end.type !== "accepted" });
  }

  #mineEnded(attempt: Attempt, end: RingEnd): void {
    if (end.type !== "accepted") {
      this.#finish(attempt, end);
      return;
    }
    attempt.accepted = true;
    this.options.sounds.stop();
    if (attempt.call && attempt.call.size > 0) return;
    this.#stopWaiting?.();
    this.#stopWaiting = this.options.clock.after(COMING_TIME, () => {
      this.#finish(attempt, { type: "failed", code: "call-lost" });
    });
  }

  /** Ends an attempt exactly once: frees everything, and says how it was. */
  #finish(attempt: Attempt, end: End, { tell = true, record = true, byHost = false } = {}): void {
    if (attempt.over) return;
    const { app, clock, media, sounds } = this.options;
    const meeting = app.call?.meeting ?? null;
    const host = meeting && meeting.host !== app.me?.device ? this.hosting.nameOf(meeting.host) : null;
    const since = attempt.call?.since ?? null;
    const seconds = since === null ? 0 : Math.max(1, Math.round((clock.now() - since) / 1000));
    this.#drop(attempt);
    this.inviting.clear();
    this.#comings.clear();
    app.call = null;
    app.outgoing = null;
    void media.release("call");
    this.options.inCall(false);
    if (end?.type === "busy") sounds.busy();
    else if (since !== null) sounds.ended();
    const { entryKey, with: who, media: how, outgoing, at } = attempt;
    // Nothing to say of a call that I left before it began.
    if (tell && (end !== null || since !== null || (byHost && host !== null)))
      app.summary = {
        name: who ? this.#standingOf(who).name : (host ?? ""),
        device: who?.device ?? meeting?.host ?? "",
        media: how,
        seconds,
        // Cancelled by them, while I was on my way in.
        end: end?.type === "cancelled" && !outgoing ? { type: "gone" } : end,
        entryKey: app.people.some(({ key }) => key === entryKey) ? entryKey : null,
        ...(meeting && (!who || byHost)
          ? { meeting: { title: meeting.rules.title, host, ended: byHost } }
          : {}),
      };
    if (record && who)
      this.options.record({ with: who, media: how, outgoing, at, end: ringEndOf(end, attempt), seconds });
    this.#incoming.uncross();
  }

  /** Leaves the attempt's room and forgets it; the media stays held. */
  #drop(attempt: Attempt): void {
    attempt.over = true;
    this.#attempt = null;
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    this.#early.clear();
    this.options.sounds.stop();
    void attempt.call?.hangUp().catch(() => undefined);
  }

  async #leave(room: RoomRef): Promise<void> {
    await this.#say({ type: "leave", room: room.room });
  }

  /** For what is only polite to say: a link that is gone has said it already. */
  async #say(request: Request): Promise<void> {
    try {
      await this.options.backend.request(request);
    } catch {
      // Nothing would be done differently.
    }
  }
}

/** What is sealed names the hub that the room was made at, wherever it is held. */
function originOf({ room, origin }: RoomState): RoomRef {
  return origin === undefined ? room : { ...room, hub: { ...room.hub, device: origin } };
}

function learnedOf({ sealed, verification }: PeerView): Remembering | null {
  const stage = verification?.stage.type;
  if (stage === "verified" || stage === "mismatch") return stage;
  return sealed ? "met" : null;
}
