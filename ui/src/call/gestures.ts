/**
 * What people do in a call beside talking: a hand, a reaction, and what the host asks of the others.
 *
 * Invariants: nothing that anybody says unmutes a microphone, and what only the host may say is looked at only when it
 * comes from whom the room's state has as the host. No DOM and no peer connection: words come in and go out.
 */
import { LIMITS, type Control, type DeviceId, type Reaction } from "../gen/protocol";
import type { Clock } from "./clock";

/** In the order in which they are offered. */
export const REACTIONS: readonly Reaction[] = ["thumbs-up", "heart", "laugh", "party", "clap"];

/** A reaction on a tile; each has another id, also the same one again. */
export interface Reacted {
  id: number;
  reaction: Reaction;
}

/** Who, or whose screen, is large for everyone. */
export interface Spotlight {
  device: DeviceId;
  screen: boolean;
}

/** What the host wants of me. muted: done already; unmute: only a question. */
export type Asked =
  { what: "muted"; by: DeviceId; everyone: boolean } | { what: "unmute"; by: DeviceId; everyone: false };

/** Of one participant. */
export interface Gesture {
  /** Up since, ms of the clock; null: down. */
  hand: number | null;
  reaction: Reacted | null;
}

/** My own, and what is for all. */
export interface OwnGestures extends Gesture {
  asked: Asked | null;
  spotlight: Spotlight | null;
}

/**
 * What is worth a word. hand: theirs went up; lowered: mine was taken down by them; spotlight: they are large for
 * everyone now, or their screen; spotlit: I am, or my screen, by them.
 */
export type Told = "hand" | "lowered" | "spotlight" | "spotlight-screen" | "spotlit" | "spotlit-screen";

export interface GesturesOptions {
  clock: Clock;
  me: DeviceId;
  /** Who runs the room, as its state says. */
  host: DeviceId;
  /** To one of them, if their channel is open. */
  say(to: DeviceId, message: Control): void;
  /** Who else is in the call. */
  others(): Iterable<DeviceId>;
  isMuted(): boolean;
  mute(): void;
  /** My hand has changed: my state is to be said. */
  tell(): void;
  changed(): void;
  told(what: Told, device: DeviceId): void;
}

/** How long the word about a muted microphone stays, and the question for it, ms. */
export const MUTED_TIME = 20_000;
export const ASKED_TIME = 60_000;
/** Who puts a hand up and down is spoken of no more often than this, ms. */
export const HAND_GAP = 10_000;
/** Until the others know that I am the host now, ms. */
const KNOWN_AFTER = 1_000;

/** What is kept of one participant. */
interface One {
  raised: number | null;
  /** When they last said that it is down. */
  down: number | null;
  told: number;
  reaction: Reacted | null;
  stop: (() => void) | null;
  reactions: Rate;
  words: Rate;
}

export class Gestures {
  readonly #options: GesturesOptions;
  readonly #others = new Map<DeviceId, One>();
  readonly #own = { reactions: new Rate(LIMITS.MAX_REACTIONS) };
  #host: DeviceId;
  #hand: number | null = null;
  #reaction: Reacted | null = null;
  #stopReaction: (() => void) | null = null;
  #asked: Asked | null = null;
  #stopAsked: (() => void) | null = null;
  #spotlight: Spotlight | null = null;
  /** When one was last taken up, and one that waits for its turn. */
  #lit = -Infinity;
  #next: { by: DeviceId; spotlight: Spotlight | null } | null = null;
  #stopNext: (() => void) | null = null;
  #stopRetelling: (() => void) | null = null;
  #ids = 0;

  constructor(options: GesturesOptions) {
    this.#options = options;
    this.#host = options.host;
  }

  get view(): OwnGestures {
    return { hand: this.#hand, reaction: this.#reaction, asked: this.#asked, spotlight: this.#spotlight };
  }

  of(device: DeviceId): Gesture {
    const one = this.#others.get(device);
    return { hand: one?.raised ?? null, reaction: one?.reaction ?? null };
  }

  // What I do.

  raise(up: boolean): void {
    if (up === (this.#hand !== null)) return;
    this.#hand = up ? this.#options.clock.now() : null;
    this.#options.tell();
  }

  /** @returns whether it was not too soon after many others */
  react(reaction: Reaction): boolean {
    const { clock, changed } = this.#options;
    if (!this.#own.reactions.take(clock.now())) return false;
    this.#toAll({ type: "react", reaction });
    this.#reaction = { id: ++this.#ids, reaction };
    this.#stopReaction?.();
    this.#stopReaction = clock.after(LIMITS.REACTION_TIME, () => {
      this.#reaction = null;
      changed();
    });
    changed();
    return true;
  }

  lowerHand(device: DeviceId): void {
    this.#asHost([device], { type: "lower-hand" });
  }

  /** @param device null: everybody */
  mute(device: DeviceId | null): void {
    this.#asHost(device === null ? this.#options.others() : [device], {
      type: "mute",
      everyone: device === null,
    });
  }

  askUnmute(device: DeviceId): void {
    this.#asHost([device], { type: "ask-unmute" });
  }

  /** @param spotlight null: nobody any more */
  light(spotlight: Spotlight | null): void {
    if (!this.#isMine || same(spotlight, this.#spotlight)) return;
    this.#spotlight = spotlight && { ...spotlight };
    this.#toAll(wordOf(this.#spotlight));
    this.#options.changed();
  }

  /** What the host wants has been read. */
  dismiss(): void {
    this.#ask(null);
  }

  /** My microphone is on: nothing is asked any more. */
  unmuted(): void {
    if (this.#asked) this.#ask(null);
  }

  // What happens in the room.

  hostIs(device: DeviceId): void {
    if (device === this.#host) return;
    this.#host = device;
    this.#stopRetelling?.();
    this.#stopRetelling = null;
    if (!this.#isMine) return;
    // What the one before me said holds; I say it to all once they know me, for some may have missed it.
    if (this.#spotlight && !this.#isHere(this.#spotlight.device)) this.light(null);
    this.#stopRetelling = this.#options.clock.after(KNOWN_AFTER, () => this.#toAll(wordOf(this.#spotlight)));
  }

  /** Their channel is open: whoever comes late is told. */
  opened(device: DeviceId): void {
    if (this.#isMine && this.#spotlight) this.#options.say(device, wordOf(this.#spotlight));
  }

  /** They are out of the call. */
  left(device: DeviceId): void {
    this.#others.get(device)?.stop?.();
    this.#others.delete(device);
    if (this.#isMine && this.#spotlight?.device === device) this.light(null);
  }

  /** Something they said; whatever it is not ours stays without an answer. */
  heard(device: DeviceId, message: Control): void {
    const now = this.#options.clock.now();
    switch (message.type) {
      case "state":
        this.#state(device, message, now);
        break;
      case "react":
        if (REACTIONS.includes(message.reaction) && this.#one(device).reactions.take(now))
          this.#reacted(device, message.reaction);
        break;
      case "lower-hand":
        if (this.#mayAsk(device, now) && this.#hand !== null) {
          this.raise(false);
          this.#options.told("lowered", device);
        }
        break;
      case "mute":
        if (this.#mayAsk(device, now) && !this.#options.isMuted()) {
          this.#options.mute();
          this.#ask({ what: "muted", by: device, everyone: message.everyone === true });
        }
        break;
      case "ask-unmute":
        if (this.#mayAsk(device, now) && this.#options.isMuted())
          this.#ask({ what: "unmute", by: device, everyone: false });
        break;
      case "spotlight":
        if (device === this.#host) this.#lightLater(device, message);
        break;
      default:
        break;
    }
  }

  stop(): void {
    for (const { stop } of this.#others.values()) stop?.();
    for (const stop of [this.#stopReaction, this.#stopAsked, this.#stopNext, this.#stopRetelling]) stop?.();
  }

  get #isMine(): boolean {
    return this.#host === this.#options.me;
  }

  #isHere(device: DeviceId): boolean {
    return device === this.#options.me || [...this.#options.others()].includes(device);
  }

  #one(device: DeviceId): One {
    const known = this.#others.get(device);
    if (known) return known;
    const one: One = {
      raised: null,
      down: null,
      told: -Infinity,
      reaction: null,
      stop: null,
      reactions: new Rate(LIMITS.MAX_REACTIONS),
      words: new Rate(LIMITS.MAX_HOST_WORDS),
    };
    this.#others.set(device, one);
    return one;
  }

  #state(device: DeviceId, said: Extract<Control, { type: "state" }>, now: number): void {
    const one = this.#one(device);
    const age = ageIn(said.hand);
    if (age === null) {
      one.raised = null;
      one.down = now;
    } else if (one.raised === null) {
      one.raised = Math.max(now - age, one.down ?? -Infinity);
      // One that was up before I came is no news.
      if (one.down !== null && now - one.told >= HAND_GAP) {
        one.told = now;
        this.#options.told("hand", device);
      }
    }
    // A share that has ended is large no longer.
    const lit = this.#spotlight;
    if (this.#isMine && lit?.device === device && lit.screen && !said.screen) this.light(null);
  }

  #reacted(device: DeviceId, reaction: Reaction): void {
    const { clock, changed } = this.#options;
    const one = this.#one(device);
    one.stop?.();
    one.reaction = { id: ++this.#ids, reaction };
    one.stop = clock.after(LIMITS.REACTION_TIME, () => {
      one.reaction = null;
      changed();
    });
    changed();
  }

  #mayAsk(device: DeviceId, now: number): boolean {
    return device === this.#host && this.#one(device).words.take(now);
  }

  #ask(asked: Asked | null): void {
    const { clock, changed } = this.#options;
    this.#stopAsked?.();
    this.#stopAsked = null;
    this.#asked = asked;
    if (asked)
      this.#stopAsked = clock.after(asked.what === "muted" ? MUTED_TIME : ASKED_TIME, () => this.#ask(null));
    changed();
  }

  /** At once, but no more often than people can follow; of more, the last one counts. */
  #lightLater(by: DeviceId, { device, screen }: Extract<Control, { type: "spotlight" }>): void {
    if (device !== undefined && (typeof device !== "string" || device.length > MAX_DEVICE)) return;
    const { clock } = this.#options;
    const wait = this.#lit + LIMITS.SPOTLIGHT_PAUSE - clock.now();
    this.#next = { by, spotlight: device === undefined ? null : { device, screen: screen === true } };
    if (wait <= 0) this.#lightNow();
    else this.#stopNext ??= clock.after(wait, () => this.#lightNow());
  }

  #lightNow(): void {
    this.#stopNext?.();
    this.#stopNext = null;
    const next = this.#next;
    this.#next = null;
    if (next?.by !== this.#host || same(next.spotlight, this.#spotlight)) return;
    const { clock, me, told, changed } = this.#options;
    this.#lit = clock.now();
    this.#spotlight = next.spotlight;
    if (next.spotlight) {
      const { device, screen } = next.spotlight;
      if (device === me) told(screen ? "spotlit-screen" : "spotlit", next.by);
      else told(screen ? "spotlight-screen" : "spotlight", device);
    }
    changed();
  }

  #asHost(to: Iterable<DeviceId>, message: Control): void {
    if (!this.#isMine) return;
    for (const device of to) this.#options.say(device, message);
  }

  #toAll(message: Control): void {
    for (const device of this.#options.others()) this.#options.say(device, message);
  }
}

/** No device id is longer, characters. */
const MAX_DEVICE = 64;
const MAX_AGE = 2 ** 32 - 1;

/** How long a hand has been up; null for none, and for one that makes no sense. */
function ageIn(hand: unknown): number | null {
  const isAge = typeof hand === "number" && Number.isInteger(hand) && hand >= 0 && hand <= MAX_AGE;
  return isAge ? hand : null;
}

/** What a hand that is up since `raised` is on the wire. */
export function ageOf(raised: number, now: number): number {
  return Math.min(MAX_AGE, Math.max(0, Math.round(now - raised)));
}

function wordOf(spotlight: Spotlight | null): Control {
  return { type: "spotlight", screen: false, ...spotlight };
}

function same(one: Spotlight | null, other: Spotlight | null): boolean {
  return one?.device === other?.device && one?.screen === other?.screen;
}

/** At most so many in any {@link LIMITS.RATE_WINDOW}. */
class Rate {
  #taken: number[] = [];

  constructor(private readonly most: number) {}

  take(now: number): boolean {
    this.#taken = this.#taken.filter((at) => now - at < LIMITS.RATE_WINDOW);
    if (this.#taken.length >= this.most) return false;
    this.#taken.push(now);
    return true;
  }
}
