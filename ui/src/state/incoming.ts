/** Who rings me: shown, answered, or told 'busy'. */
import type { Clock } from "../call/clock";
import type { Sounds } from "../call/sounds";
import { LIMITS, type DeviceId, type Media, type Presence, type Request } from "../gen/protocol";
import type { RingAnswer } from "../gen/protocol";
import type { RingEnd, RingId, RoomRef } from "../gen/protocol";
import type { Attempted } from "./attempt";
import type { AppState } from "./contract";

/** A ring, and the room it leads to. */
export interface Ringing {
  ring: RingId;
  from: Presence;
  room: RoomRef;
  media: Media;
}

export class IncomingRings {
  readonly #rooms = new Map<RingId, RoomRef>();
  /** Rings of whom I ring myself, unseen unless my own ring fails. */
  #crossing: Ringing[] = [];

  constructor(
    private readonly options: {
      app: AppState;
      clock: Clock;
      sounds: Pick<Sounds, "ring" | "stop">;
      /** For what is only polite to say; never rejects. */
      say(request: Request): Promise<void>;
      record(call: Attempted): void;
    },
  ) {}

  show({ ring, from, room, media }: Ringing): void {
    const { app, clock, sounds } = this.options;
    if (this.#rooms.has(ring)) return;
    this.#rooms.set(ring, room);
    app.incoming.push({ ring, from, media, since: clock.now() });
    sounds.ring();
  }

  /** Takes a shown ring out of the list, to accept it. */
  take(ring: RingId): Ringing | null {
    const shown = this.options.app.incoming.find((one) => one.ring === ring);
    const room = this.#rooms.get(ring);
    if (!shown || !room) return null;
    this.#forget(ring);
    return { ring, from: shown.from, room, media: shown.media };
  }

  async decline(ring: RingId, message?: string): Promise<void> {
    const shown = this.options.app.incoming.find((one) => one.ring === ring);
    if (!shown) return;
    this.#forget(ring);
    const said = [...(message?.trim() ?? "")].slice(0, LIMITS.MAX_ANSWER_CHARS).join("");
    const answer: RingAnswer & RingEnd = said ? { type: "declined", message: said } : { type: "declined" };
    this.#record(shown.from, shown.media, shown.since, answer);
    await this.options.say({ type: "answer-ring", ring, answer });
  }

  async answerBusy({ ring, from, media }: Pick<Ringing, "ring" | "from" | "media">): Promise<void> {
    this.#record(from, media, this.options.clock.now(), { type: "busy" });
    await this.options.say({ type: "answer-ring", ring, answer: { type: "busy" } });
  }

  /** Blocked while they ring: no answer, so that it ends there as if nobody were here. */
  silence(device: DeviceId): void {
    this.#crossing = this.#crossing.filter(({ from }) => from.device !== device);
    for (const one of this.options.app.incoming.filter(({ from }) => from.device === device))
      this.#forget(one.ring);
  }

  /** One cannot talk in two rooms: whoever else still rings is told so. */
  allBusy(): void {
    for (const one of [...this.options.app.incoming]) {
      this.#forget(one.ring);
      void this.answerBusy(one);
    }
  }

  /** Whether it was one of these. */
  ended(ring: RingId, end: RingEnd): boolean {
    this.#crossing = this.#crossing.filter((one) => one.ring !== ring);
    const shown = this.options.app.incoming.find((one) => one.ring === ring);
    if (!shown) return false;
    this.#forget(ring);
    // 'accepted' without a word of mine: another window of mine took it.
    if (end.type !== "accepted") this.#record(shown.from, shown.media, shown.since, end);
    return true;
  }

  /** They ring me while I ring them, and will give up theirs. */
  cross(ringing: Ringing): void {
    this.#crossing = [...this.#crossing.slice(-3), ringing];
  }

  /** My own ring came to nothing: theirs, which crossed it, is seen now. */
  uncross(): void {
    const crossing = this.#crossing;
    this.#crossing = [];
    for (const one of crossing) this.show(one);
  }

  clear(): void {
    const { app, sounds } = this.options;
    if (app.incoming.length > 0) sounds.stop();
    app.incoming = [];
    this.#rooms.clear();
    this.#crossing = [];
  }

  #forget(ring: RingId): void {
    const { app, sounds } = this.options;
    this.#rooms.delete(ring);
    app.incoming = app.incoming.filter((one) => one.ring !== ring);
    if (app.incoming.length === 0) sounds.stop();
  }

  #record(from: Presence, media: Media, at: number, end: RingEnd): void {
    this.options.record({ with: from, media, outgoing: false, at, end, seconds: 0 });
  }
}
