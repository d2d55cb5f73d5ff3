/** For unit tests only: a hub in a few lines (the real one is tested in Rust), and people who call through it. */
import { CodedError } from "../backend/types";
import type { Call, CallEnd, CallOptions, RoomEvent } from "../call/call";
import type { CallView, PeerView } from "../call/view";
import { FakeClock, FakeTrust } from "../call/testing";
import type { Event, Participant, Presence, Reply, Request, RingEnd, RoomRef } from "../gen/protocol";
import type { Attempted } from "./attempt";
import { Calling } from "./calling";
import type { AnyCode, AppState } from "./contract";
import { initialState } from "./initial";

/** Stands in for the engine: who is in the room, and whether they are connected. */
export class FakeCall {
  since: number | null = null;
  over = false;
  /** How often it was told that its hub is gone, and that its room is held elsewhere. */
  lost = 0;
  moved = 0;
  /** What the engine would show of the others. */
  peers: PeerView[] = [];
  readonly members = new Set<string>();
  readonly room: RoomRef;
  constructor(
    private readonly options: Pick<CallOptions, "room" | "camera" | "stays" | "hub" | "on">,
    private readonly clock: FakeClock,
  ) {
    this.room = options.room.room;
    for (const { device } of options.room.participants) this.#add(device);
  }
  get size(): number {
    return this.members.size;
  }
  receive(event: RoomEvent): void {
    if (event.type === "room-moved") this.moved++;
    if (event.type === "participant-joined") this.#add(event.participant.device);
    if (event.type === "room-closed" && (event.reason === "ended" || event.reason === "removed"))
      this.end(event.reason);
    if (event.type === "participant-left") {
      this.members.delete(event.device);
      if (this.members.size === 0 && !this.options.stays) this.end("hung-up");
    }
  }
  #add(device: string): void {
    this.members.add(device);
    this.since ??= this.clock.now();
  }
  end(why: CallEnd): void {
    if (this.over) return;
    this.over = true;
    void this.options.hub.leave();
    this.options.on.ended(why);
  }
  hubLost(): void {
    this.lost++;
    if (this.members.size === 0) this.end("link-lost");
  }
  async hangUp(): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.options.hub.leave();
  }
  /** The engine has something to tell. */
  tell(peers: PeerView[]): void {
    this.peers = peers;
    this.options.on.changed();
  }
  setMicrophone(): void {
    this.options.on.changed();
  }
  setCamera(): void {
    this.options.on.changed();
  }
  view(): CallView {
    return {
      since: this.since,
      peers: this.peers,
      microphone: true,
      camera: this.options.camera,
      screen: false,
      screenHint: "detail",
      microphoneProblem: null,
      cameraProblem: null,
      mutedWhileSpeaking: false,
      own: null,
      gestures: { hand: null, reaction: null, asked: null, spotlight: null },
    };
  }
}

export class Someone {
  readonly app: AppState;
  readonly calling: Calling;
  codes: AnyCode[] = [];
  /** Why a screen cannot be shared; null: it can. */
  screenProblem: Error | null = new Error("no screen");
  readonly records: Attempted[] = [];
  readonly remembered: string[] = [];
  readonly sounds: string[] = [];
  readonly calls: FakeCall[] = [];
  learned: (value: unknown) => void = () => undefined;
  held = { microphone: false, camera: false };
  /** Seconds that the person takes to allow the microphone, ms. */
  asking = 0;

  constructor(
    readonly device: string,
    readonly hub: MiniHub,
  ) {
    this.app = { ...initialState("guest", "", { stage: "can", lacks: [] }), phase: "ready" };
    this.app.me = { device, shortId: "", person: { name: device, status: "available", note: "" } };
    const sound = (name: string) => () => void this.sounds.push(name);
    this.calling = new Calling({
      app: this.app,
      clock: hub.clock,
      ready: new Promise((resolve) => (this.learned = resolve)),
      backend: { request: (request) => hub.request(this, request), trust: () => new FakeTrust(device) },
      media: {
        hold: async (_, wanted) => {
          await new Promise<void>((resolve) => hub.clock.after(this.asking, resolve));
          this.held = { ...wanted };
        },
        release: () => {
          this.held = { microphone: false, camera: false };
          return Promise.resolve();
        },
        startScreen: () => (this.screenProblem ? Promise.reject(this.screenProblem) : Promise.resolve()),
        stopScreen: () => undefined,
        setScreenHint: () => undefined,
        problem: () => null,
        track: (kind) => (this.held[kind] ? ({} as MediaStreamTrack) : null),
      },
      sounds: {
        ring: sound("ring"),
        ringback: sound("ringback"),
        busy: sound("busy"),
        knock: sound("knock"),
        ended: sound("ended"),
        stop: sound("stop"),
      },
      iceServers: () => [],
      makeCall: (options) => {
        const call = new FakeCall(options, hub.clock);
        this.calls.push(call);
        return call as unknown as Call;
      },
      notify: (code) => this.codes.push(code),
      withdraw: (codes) => (this.codes = this.codes.filter((code) => !codes.includes(code))),
      standing: (_, { name }) => ({ name, trust: "stranger", blocked: false }),
      remember: ({ device: who }, what) => this.remembered.push(`${who} ${what}`),
      record: (call) => this.records.push(call),
      inCall: () => undefined,
    });
    hub.people.push(this);
  }

  get presence(): Presence {
    const person = { name: this.device, status: "available", note: "" } as const;
    return { device: this.device, person, kind: "install", reach: "here" };
  }

  /** Starts to call; the promise is not waited for. */
  ring(other: Someone, media: "voice" | "video" = "video"): void {
    void this.calling.call({ ...other.presence, key: `${other.device}@`, group: null }, media);
  }
}

export class MiniHub {
  readonly people: Someone[] = [];
  readonly rings = new Map<string, { from: string; to: string }>();
  readonly rooms = new Map<string, Set<string>>();
  /** Of a hub that was restarted: who was in its rooms. */
  readonly kept = new Map<string, Set<string>>();
  readonly log: string[] = [];
  /** ms that a message takes; one way, in order for each direction. */
  delay: () => number = () => 1;
  /** What a request is refused with. */
  refuse: (device: string, type: Request["type"]) => AnyCode | undefined = () => undefined;
  #ids = 0;
  readonly #lastArrival = new Map<string, number>();

  constructor(readonly clock = new FakeClock()) {}

  async request(from: Someone, request: Request): Promise<Reply> {
    await this.#way(`${from.device}>`);
    this.log.push(`${from.device} ${request.type}`);
    let reply: Reply;
    let problem: AnyCode | undefined = this.refuse(from.device, request.type);
    try {
      reply = problem ? { type: "done" } : this.#carryOut(from, request);
    } catch (error) {
      problem = error instanceof CodedError ? error.code : "internal";
      reply = { type: "done" };
    }
    await this.#way(`>${from.device}`);
    if (problem) throw new CodedError(problem);
    return reply;
  }

  tell(device: string, event: Event): void {
    void this.#way(`>${device}`).then(() => {
      this.people.find((one) => one.device === device)?.calling.event(event);
    });
  }

  #way(direction: string): Promise<void> {
    const arrival = Math.max(this.#lastArrival.get(direction) ?? 0, this.clock.now() + this.delay());
    this.#lastArrival.set(direction, arrival);
    return new Promise((resolve) => this.clock.after(arrival - this.clock.now(), resolve));
  }

  #carryOut(from: Someone, request: Request): Reply {
    const me = from.device;
    switch (request.type) {
      case "create-room": {
        const room = `room${++this.#ids}`;
        this.rooms.set(room, new Set([me]));
        return this.#room(room, me);
      }
      case "join": {
        const { room } = request.room;
        const inside = this.rooms.get(room);
        if (!inside) throw new CodedError("room-unknown");
        const participant: Participant = { ...from.presence, media: request.media };
        for (const device of inside) this.tell(device, { type: "participant-joined", room, participant });
        inside.add(me);
        return this.#room(room, me);
      }
      case "return": {
        const { room } = request.room;
        const inside = this.kept.get(room);
        if (!inside?.has(me)) throw new CodedError("room-unknown");
        this.rooms.set(room, (this.rooms.get(room) ?? new Set()).add(me));
        return this.#room(room, me);
      }
      case "leave": {
        const inside = this.rooms.get(request.room);
        if (!inside?.delete(me)) throw new CodedError("not-in-room");
        for (const device of inside)
          this.tell(device, { type: "participant-left", room: request.room, device: me, reason: "left" });
        if (inside.size === 0) this.rooms.delete(request.room);
        return { type: "done" };
      }
      case "ring": {
        const ring = `ring${++this.#ids}`;
        this.rings.set(ring, { from: me, to: request.to });
        const { room, media } = request;
        this.tell(request.to, { type: "ringing", ring, from: from.presence, room, media });
        return { type: "ring", ring };
      }
      case "cancel-ring":
        return this.end(request.ring, { type: "cancelled" });
      case "answer-ring":
        return this.end(request.ring, request.answer as RingEnd);
      case "admit":
      case "set-person":
      case "set-blocked":
      case "signal":
        return { type: "done" };
      case "look-at":
      case "find-room":
      case "wait-for-place":
      case "withdraw":
      case "set-rules":
      case "remove":
      case "hand-over":
      case "take-host":
      case "end-room":
      case "set-addresses":
      case "where-is":
      case "hold-room":
      case "yield-room":
      case "set-whereabouts":
        throw new CodedError("not-allowed");
    }
  }

  end(ring: string, end: RingEnd): Reply {
    const parties = this.rings.get(ring);
    if (!parties) throw new CodedError("ring-unknown");
    this.rings.delete(ring);
    for (const device of [parties.from, parties.to]) this.tell(device, { type: "ring-ended", ring, end });
    return { type: "done" };
  }

  #room(room: string, me: string): Reply {
    const participants = this.people
      .filter(({ device }) => device !== me && this.rooms.get(room)?.has(device))
      .map((one): Participant => ({ ...one.presence, media: "video" }));
    return {
      type: "room",
      room: { hub: { device: "hub", addresses: [] }, room },
      host: me,
      rules: { title: "", door: "knock", capacity: 16 },
      founder: me,
      participants,
      ice_servers: [],
    };
  }
}
