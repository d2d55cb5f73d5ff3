/**
 * The chat of one call: what I say goes to everybody, what they say is kept until the call ends. Who comes late asks
 * somebody what was said, and each author for their own words; so does everybody on every new connection, so that
 * nothing is missing and nothing is there twice. Knows no view framework, and writes nothing down.
 */
import { LIMITS, type ChatMessage, type ChatReaction, type DeviceId } from "../../gen/protocol";
import { encode } from "../../trust/base32";
import type { Clock } from "../clock";
import type { Channel } from "../files/link";
import { Bucket } from "./bucket";
import { ChatLink, type Asked } from "./link";
import { Log, keyOf, type Line, type Reacted } from "./log";
import { chars, clean } from "./text";
import { parts } from "./wire";

/** How far a clock may be off before ours is used, ms. */
const CLOCK_OFF = 60_000;
/** How much of a difference is the way, ms. */
const ON_THE_WAY = 2_000;
/** Who has been in the call longest may need so long to be connected, after the first who is, ms. */
const FIRST_MAY_TAKE = 1_000;

/** Why something was not said. */
export type Unsaid = "empty" | "too-long" | "too-fast";

/** One message, as views see it. */
export interface ChatLine extends Line {
  key: string;
  isOwn: boolean;
  /** Who reacts how, those who reacted first before the others. */
  reactions: { reaction: ChatReaction; devices: DeviceId[]; isOwn: boolean }[];
  /** Of mine: who was connected once and has not been told yet. */
  waiting: DeviceId[];
}

export interface ChatOptions {
  clock: Clock;
  me(): DeviceId;
  /** What somebody calls themselves. */
  nameOf(device: DeviceId): string;
  /** Something is different; said once a turn. */
  changed(): void;
  /** Something of others has come; `live`: it was said just now. */
  came(line: Line, live: boolean): void;
}

export class Chat {
  readonly #links = new Map<DeviceId, ChatLink>();
  #log = new Log();
  readonly #met = new Set<DeviceId>();
  /** Whose own word on everything is known. */
  readonly #synced = new Set<DeviceId>();
  /** Of my messages: who was told. */
  readonly #sent = new Map<string, Set<DeviceId>>();
  #pace = new Bucket(LIMITS.MAX_CHAT_AT_ONCE, LIMITS.MAX_CHAT_PER_SECOND);
  /** Who may be asked what was said, in this order; empty once it is known. */
  #tellers: DeviceId[] = [];
  #stopAsking: (() => void) | null = null;
  /** Somebody was asked, and is waited for. */
  #isAsking = false;
  #isTelling = false;

  constructor(private readonly options: ChatOptions) {}

  get cut(): boolean {
    return this.#log.cut;
  }

  /** A new call. @param present who is in it already, the longest first */
  begin(present: readonly DeviceId[]): void {
    this.end();
    this.#tellers = [...present];
  }

  /** Everything is forgotten. */
  end(): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const link of links) link.close();
    this.#log = new Log();
    this.#pace = new Bucket(LIMITS.MAX_CHAT_AT_ONCE, LIMITS.MAX_CHAT_PER_SECOND);
    for (const one of [this.#met, this.#synced, this.#sent]) one.clear();
    this.#known();
    this.#tell();
  }

  /** There is a connection to `device`; an older one is over. */
  attach(device: DeviceId, channel: Channel): void {
    this.#links.get(device)?.close();
    const isCurrent = (): boolean => this.#links.get(device) === link;
    const link: ChatLink = new ChatLink(channel, {
      opened: () => isCurrent() && this.#opened(device, link),
      closed: () => {
        if (isCurrent()) this.#links.delete(device);
      },
      message: (message) => isCurrent() && this.#heard(device, link, message),
    });
    this.#links.set(device, link);
  }

  /** Null, or why it was not said. */
  send(words: string): Unsaid | null {
    const text = clean(words);
    if (text === "") return "empty";
    if (chars(text) > LIMITS.MAX_CHAT_CHARS) return "too-long";
    const now = this.options.clock.now();
    if (!this.#pace.take(now)) return "too-fast";
    const from = this.options.me();
    const id = encode(crypto.getRandomValues(new Uint8Array(16)));
    this.#log.add({ from, id, name: this.options.nameOf(from), text, at: now, told: null });
    this.#sent.set(keyOf(from, id), this.#sayToAll({ type: "text", id, text, at: now }));
    this.#tell();
    return null;
  }

  /** Null, or why it was not said. */
  react(author: DeviceId, id: string, reaction: ChatReaction, on: boolean): Unsaid | null {
    if (!this.#log.has(author, id)) return null;
    if (!this.#pace.take(this.options.clock.now())) return "too-fast";
    this.#log.react({ from: this.options.me(), author, id, reaction, told: null }, on);
    this.#sayToAll({ type: "react", author, id, reaction, on });
    this.#tell();
    return null;
  }

  view(): ChatLine[] {
    const me = this.options.me();
    const reacted = new Map<string, Map<ChatReaction, DeviceId[]>>();
    for (const { author, id, reaction, from } of this.#log.reactions()) {
      const key = keyOf(author, id);
      const to = reacted.get(key) ?? new Map<ChatReaction, DeviceId[]>();
      reacted.set(key, to.set(reaction, [...(to.get(reaction) ?? []), from]));
    }
    return this.#log.lines().map((line) => {
      const key = keyOf(line.from, line.id);
      const sent = this.#sent.get(key);
      const to = [...(reacted.get(key) ?? [])];
      return {
        ...line,
        key,
        isOwn: line.from === me,
        reactions: to.map(([reaction, devices]) => ({ reaction, devices, isOwn: devices.includes(me) })),
        waiting: sent ? [...this.#met].filter((device) => !sent.has(device)) : [],
      };
    });
  }

  #sayToAll(message: ChatMessage): Set<DeviceId> {
    const heard = [...this.#links].filter(([, link]) => link.say(message));
    return new Set(heard.map(([device]) => device));
  }

  #opened(device: DeviceId, link: ChatLink): void {
    const again = this.#met.has(device);
    this.#met.add(device);
    if (this.#tellers[0] === device && !this.#isAsking) {
      this.#askNext();
      return;
    }
    link.ask(again);
    if (this.#tellers.length > 0)
      this.#stopAsking ??= this.options.clock.after(FIRST_MAY_TAKE, () => this.#askNext());
  }

  /** The next of those who may know and are connected; the others keep their place. */
  #askNext(): void {
    this.#stopAsking?.();
    this.#stopAsking = null;
    const next = this.#tellers.find((device) => this.#links.get(device)?.isOpen);
    this.#isAsking = next !== undefined;
    if (next === undefined) return;
    this.#tellers = this.#tellers.filter((device) => device !== next);
    this.#links.get(next)?.ask(true);
    this.#waitForAnswer();
  }

  #waitForAnswer(): void {
    this.#stopAsking?.();
    this.#stopAsking = this.options.clock.after(LIMITS.CHAT_ANSWER_TIME, () => this.#askNext());
  }

  #heard(device: DeviceId, link: ChatLink, message: ChatMessage): void {
    const now = this.options.clock.now();
    switch (message.type) {
      case "text": {
        if (!link.mayTalk(now)) return;
        const { id, text, at } = message;
        this.#add({
          from: device,
          id,
          name: this.options.nameOf(device),
          text,
          at: Math.abs(at - now) <= CLOCK_OFF ? at : now,
          told: null,
        });
        break;
      }
      case "react":
        if (!link.mayTalk(now)) return;
        this.#log.react({ ...message, from: device, told: null }, message.on);
        break;
      case "history-wanted":
        if (link.mayAsk()) this.#answer(device, link, message.all);
        break;
      case "history": {
        const asked = link.asked[0];
        if (!asked) return;
        this.#told(device, asked, message);
        if (message.last) {
          link.asked.shift();
          this.#synced.add(device);
          this.#log.setReactions(device, asked.own);
          if (asked.all) this.#known();
        } else if (asked.all && this.#isAsking) this.#waitForAnswer();
        break;
      }
    }
    this.#tell();
  }

  /** Nobody else has to be asked. */
  #known(): void {
    this.#tellers = [];
    this.#isAsking = false;
    this.#stopAsking?.();
    this.#stopAsking = null;
  }

  #add(line: Line, live = true): void {
    if (this.#log.add(line) === "new" && line.from !== this.options.me()) this.options.came(line, live);
  }

  #told(device: DeviceId, asked: Asked, part: Extract<ChatMessage, { type: "history" }>): void {
    const now = this.options.clock.now();
    const off = now - part.now;
    const here = (at: number): number =>
      Math.min(now, Math.max(0, Math.abs(off) > ON_THE_WAY ? at + off : at));
    const teller = { by: device, name: this.options.nameOf(device) };
    for (const { id, from, name, text, at } of part.messages) {
      if (asked.messages-- <= 0) break;
      if (from === device) this.#add({ id, from, name: teller.name, text, at: here(at), told: null }, false);
      else if (asked.all) this.#add({ id, from, name, text, at: here(at), told: teller }, false);
    }
    for (const one of part.reactions) {
      if (asked.reactions-- <= 0) break;
      if (one.from === device) asked.own.push({ ...one, told: null });
      else if (asked.all && !this.#synced.has(one.from)) this.#log.react({ ...one, told: device }, true);
    }
  }

  /** Of my own words, and of everybody's; never as mine what others say that I have said. */
  #answer(device: DeviceId, link: ChatLink, all: boolean): void {
    const me = this.options.me();
    const lines = this.#log.lines().filter(({ from, told }) => all || (from === me && told === null));
    const mine = (one: Reacted): boolean => one.from === me && one.told === null;
    const reactions = this.#log.reactions().filter((one) => all || mine(one));
    // Nobody is told their own, and what others only say of me is no word of mine.
    const messages = lines.filter(({ from, told }) => from !== me || told === null);
    const answer = parts(
      this.options.clock.now(),
      messages.map(({ id, from, name, text, at }) => ({ id, from, name, text, at })),
      reactions
        .filter((one) => one.from !== me || one.told === null)
        .sort((one, other) => Number(mine(other)) - Number(mine(one)))
        .slice(0, LIMITS.MAX_CHAT_REACTIONS)
        .map(({ from, author, id, reaction }) => ({ from, author, id, reaction })),
    );
    if (!answer.every((part) => link.say(part))) return;
    for (const { from, id } of messages) if (from === me) this.#sent.get(keyOf(from, id))?.add(device);
  }

  /** Views hear of it once a turn. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.options.changed();
    });
  }
}
