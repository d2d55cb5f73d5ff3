/** The room of the call that is on: who runs it, what the host has set, who knocks; and what the host does. */
import { codeOf, type Backend } from "../backend/types";
import type { RoomEvent } from "../call/call";
import type { Sounds } from "../call/sounds";
import {
  LIMITS,
  type DeviceId,
  type Request,
  type RoomId,
  type RoomRules,
  type RoomState,
} from "../gen/protocol";
import type { Comings } from "./comings";
import type { AnyCode, AppState } from "./contract";
import type { Meeting, RulesChange } from "./meeting";
import type { StandingOf } from "./merge";

export interface HostingOptions {
  app: AppState;
  backend: Pick<Backend, "request">;
  sounds: Pick<Sounds, "knock">;
  comings: Comings;
  standing: StandingOf;
  /** I have ended the room for all. */
  ended(): void;
}

export class Hosting {
  #changing: Promise<unknown> = Promise.resolve();
  /** Whom one takes for the host: while a room moves, somebody stands in for a moment, which is not worth a word. */
  #hostTold: DeviceId | null = null;

  constructor(private readonly options: HostingOptions) {}

  /** I am in a room now, and the call is shown. */
  begin({ room, rules, host, founder }: RoomState, stays: boolean): void {
    const { call } = this.options.app;
    if (call) call.meeting = { room, rules, host, founder, knocking: [], stays };
    this.#hostTold = host;
  }

  /** An event of the room that I am in. */
  event(event: RoomEvent): void {
    const meeting = this.#meeting;
    if (!meeting || event.room !== meeting.room.room) return;
    const { comings, standing, sounds } = this.options;
    switch (event.type) {
      case "host-changed":
        if (event.host === meeting.host) return;
        meeting.host = event.host;
        if (!this.#isMe(event.host)) meeting.knocking = [];
        if (event.host === this.#hostTold) return;
        this.#hostTold = event.host;
        if (this.#isMe(event.host)) comings.tell("hosting", event.host, "");
        else comings.tell("host", event.host, this.nameOf(event.host));
        break;
      case "room-moved": {
        // Whoever knocked at the hub of before has to knock anew.
        const { room, rules, host, founder } = event.state;
        Object.assign(meeting, { room, rules, host, founder, knocking: [] });
        break;
      }
      case "rules-changed":
        this.#rulesAre(event.rules);
        break;
      case "knocking": {
        const { device, person, kind } = event.participant;
        const knock = { device, person, kind, standing: standing(device, person) };
        const others = meeting.knocking.filter((one) => one.device !== device);
        // A hub tells of no more; one that does is not believed.
        if (others.length >= LIMITS.MAX_WAITING) return;
        meeting.knocking = [...others, knock];
        sounds.knock();
        break;
      }
      case "knock-ended":
        this.#answered(event.device);
        break;
      default:
        break;
    }
  }

  /** What somebody in the call is called; "" for who is not in it. */
  nameOf(device: DeviceId): string {
    const peer = this.options.app.call?.peers.find((one) => one.device === device);
    return peer ? peer.standing.name : "";
  }

  // Whoever asks is told by the answer; the hub's events go to the others.

  /** One after the other: each sends what the one before has left. */
  setRules(change: RulesChange): Promise<AnyCode | null> {
    const next = this.#changing.then(() => this.#change(change));
    this.#changing = next;
    return next;
  }

  async #change({ password, ...change }: RulesChange): Promise<AnyCode | null> {
    const meeting = this.#meeting;
    if (!meeting) return "not-in-room";
    const { password: before, ...others } = meeting.rules;
    const after = password === undefined ? before : password;
    const rules: RoomRules = {
      ...others,
      ...change,
      ...(typeof after === "string" ? { password: after } : {}),
    };
    return this.#ask(
      (room) => ({ type: "set-rules", room, rules }),
      () => this.#rulesAre(rules),
    );
  }

  admit(device: DeviceId): Promise<AnyCode | null> {
    return this.#ask(
      (room) => ({ type: "admit", room, device }),
      () => this.#answered(device),
    );
  }

  remove(device: DeviceId): Promise<AnyCode | null> {
    return this.#ask(
      (room) => ({ type: "remove", room, device }),
      () => this.#answered(device),
    );
  }

  handOver(to: DeviceId): Promise<AnyCode | null> {
    return this.#ask((room) => ({ type: "hand-over", room, to }));
  }

  takeHost(): Promise<AnyCode | null> {
    return this.#ask((room) => ({ type: "take-host", room }));
  }

  endForAll(): Promise<AnyCode | null> {
    return this.#ask(
      (room) => ({ type: "end-room", room }),
      () => this.options.ended(),
    );
  }

  #rulesAre(rules: RoomRules): void {
    const meeting = this.#meeting;
    if (!meeting) return;
    const before = meeting.rules.door;
    meeting.rules = rules;
    const { door } = rules;
    if ((before === "locked") !== (door === "locked"))
      this.options.comings.tell(door === "locked" ? "locked" : "unlocked", meeting.host, "");
  }

  #answered(device: DeviceId): void {
    const meeting = this.#meeting;
    if (meeting) meeting.knocking = meeting.knocking.filter((one) => one.device !== device);
  }

  get #meeting(): Meeting | null {
    return this.options.app.call?.meeting ?? null;
  }

  #isMe(device: DeviceId): boolean {
    return this.options.app.me?.device === device;
  }

  /** @param done unless I am in another call by then */
  async #ask(request: (room: RoomId) => Request, done?: () => void): Promise<AnyCode | null> {
    const meeting = this.#meeting;
    if (!meeting) return "not-in-room";
    const { room } = meeting.room;
    try {
      await this.options.backend.request(request(room));
    } catch (error) {
      return codeOf(error);
    }
    if (this.#meeting?.room.room === room) done?.();
    return null;
  }
}
