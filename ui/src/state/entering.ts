/**
 * The way into a room that was found: look at it, then join, knock, or wait for a place. At most one at a time; it
 * may go on while I talk in another room.
 */
import { codeOf, type Backend } from "../backend/types";
import type { Clock } from "../call/clock";
import type { Sounds } from "../call/sounds";
import type { Event, Media, Request, RoomRef } from "../gen/protocol";
import type { AnyCode, AppState } from "./contract";
import type { Entering as EnteringState } from "./meeting";

/** How long it is heard that there is a place, ms. */
const HEARD = 15_000;

export interface EnteringOptions {
  app: AppState;
  backend: Pick<Backend, "request">;
  clock: Clock;
  sounds: Pick<Sounds, "ring" | "stop">;
  /** Goes into a room: null when in it, "knocking", or the code why not. */
  meet(request: Extract<Request, { type: "join" }>): Promise<AnyCode | "knocking" | null>;
  isBusy(): boolean;
}

export class Entering {
  #password: string | undefined;
  #silence: (() => void) | null = null;

  constructor(private readonly options: EnteringOptions) {}

  async enter(room: RoomRef): Promise<void> {
    await this.leave();
    this.#password = undefined;
    this.options.app.entering = {
      room,
      stage: "looking",
      summary: null,
      problem: null,
      media: "video",
      admitted: false,
    };
    await this.#look();
  }

  async join(media: Media, password?: string): Promise<void> {
    const before = this.#at("ready", "welcome");
    if (!before) return;
    if (password !== undefined) this.#password = password === "" ? undefined : password;
    before.media = media;
    await this.#go(before);
  }

  async waitForPlace(): Promise<void> {
    const entering = this.#at("ready");
    if (!entering) return;
    this.#set(entering, "waiting");
    try {
      await this.options.backend.request({ type: "wait-for-place", room: entering.room });
    } catch (error) {
      if (this.#is(entering)) this.#set(entering, "ready", codeOf(error));
    }
  }

  async withdraw(): Promise<void> {
    const entering = this.#at("knocking", "waiting", "welcome");
    if (!entering) return;
    const asked = entering.stage !== "welcome";
    this.#set(entering, "looking");
    if (asked) await this.#withdraw(entering.room);
    await this.#look();
  }

  async leave(): Promise<void> {
    const { app } = this.options;
    const entering = app.entering;
    this.#quiet();
    app.entering = null;
    if (entering?.stage === "knocking" || entering?.stage === "waiting") await this.#withdraw(entering.room);
  }

  event(event: Event): void {
    const { app, clock, sounds } = this.options;
    const entering = app.entering;
    if (!entering || !("room" in event) || event.room !== entering.room.room) return;
    switch (event.type) {
      case "let-in":
        if (entering.stage !== "knocking") return;
        entering.admitted = true;
        void this.#go(entering);
        break;
      case "room-has-place":
        if (entering.stage !== "waiting") return;
        this.#set(entering, "welcome");
        if (entering.summary) entering.summary.present = Math.max(0, entering.summary.capacity - 1);
        // A call that is on is not rung through.
        if (this.options.isBusy()) return;
        sounds.ring();
        this.#silence = clock.after(HEARD, () => this.#quiet());
        break;
      case "room-closed":
        if (!["knocking", "waiting", "welcome"].includes(entering.stage)) return;
        this.#quiet();
        if (event.reason === "removed") this.#set(entering, "over", "not-let-in");
        else if (event.reason === "ended") this.#set(entering, "over", "room-ended");
        else this.#set(entering, "over", "link-lost");
        break;
      default:
        break;
    }
  }

  /** A new place at the hub: what waited there is forgotten. */
  placeLost(): void {
    const entering = this.#at("knocking", "waiting");
    if (entering) this.#set(entering, "ready", "link-lost");
  }

  async #go(entering: EnteringState): Promise<void> {
    this.#quiet();
    if (this.options.isBusy()) {
      this.#set(entering, "welcome");
      return;
    }
    this.#set(entering, "going");
    const { room, media } = entering;
    const password = this.#password === undefined ? {} : { password: this.#password };
    const result = await this.options.meet({ type: "join", room, media, ...password });
    if (!this.#is(entering)) return;
    if (result === null) this.options.app.entering = null;
    else if (result === "knocking") this.#set(entering, "knocking");
    else {
      if (result === "password-wrong") this.#password = undefined;
      this.#set(entering, result === "room-unknown" || result === "room-removed" ? "over" : "ready", result);
    }
  }

  async #look(): Promise<void> {
    const entering = this.#at("looking");
    if (!entering) return;
    try {
      const reply = await this.options.backend.request({ type: "look-at", room: entering.room });
      if (!this.#is(entering)) return;
      if (reply.type !== "summary") {
        this.#set(entering, "over", "internal");
        return;
      }
      const { title, door, has_password, capacity, present } = reply;
      entering.summary = { title, door, has_password, capacity, present };
      this.#set(entering, "ready", present >= capacity ? "room-full" : null);
    } catch (error) {
      if (this.#is(entering)) this.#set(entering, "over", codeOf(error));
    }
  }

  async #withdraw({ room }: RoomRef): Promise<void> {
    try {
      await this.options.backend.request({ type: "withdraw", room });
    } catch {
      // Let in or refused meanwhile, or the link is gone: nothing waits there any more.
    }
  }

  #quiet(): void {
    if (!this.#silence) return;
    this.#silence();
    this.#silence = null;
    // Somebody's ring is not mine to end.
    if (this.options.app.incoming.length === 0) this.options.sounds.stop();
  }

  #is(entering: EnteringState): boolean {
    return this.options.app.entering === entering;
  }

  #at(...stages: EnteringState["stage"][]): EnteringState | null {
    const { entering } = this.options.app;
    return entering && stages.includes(entering.stage) ? entering : null;
  }

  #set(
    entering: EnteringState,
    stage: EnteringState["stage"],
    problem: EnteringState["problem"] = null,
  ): void {
    entering.stage = stage;
    entering.problem = problem;
  }
}
