/** One data channel `chat`, as long as it is open: what is said and heard on it, and what is still to be answered. */
import { LIMITS, type ChatMessage } from "../../gen/protocol";
import type { Channel } from "../files/link";
import { Bucket } from "./bucket";
import type { Reacted } from "./log";
import { read } from "./wire";

/** How often one connection is told what was said. */
const MAX_ANSWERS = 4;
/** What may pile up while a line is broken comes at once when it heals. */
const AT_ONCE =
  LIMITS.MAX_CHAT_AT_ONCE + LIMITS.MAX_CHAT_PER_SECOND * Math.ceil(LIMITS.CALL_LOST_AFTER / 1000);

/** What I have asked for, and how much of it may still come. */
export interface Asked {
  all: boolean;
  messages: number;
  reactions: number;
  /** Their own reactions, so far. */
  own: Reacted[];
}

export interface LinkEvents {
  opened(): void;
  closed(): void;
  message(message: ChatMessage): void;
}

export class ChatLink {
  readonly asked: Asked[] = [];
  readonly #bucket = new Bucket(AT_ONCE, LIMITS.MAX_CHAT_PER_SECOND);
  readonly #heard: [string, (event: Event) => void][];
  #answers = 0;
  #isOver = false;

  constructor(
    private readonly channel: Channel,
    private readonly on: LinkEvents,
  ) {
    this.#heard = [
      ["open", () => on.opened()],
      ["close", () => this.close()],
      ["message", (event) => this.#message((event as MessageEvent<unknown>).data)],
    ];
    for (const [type, heard] of this.#heard) channel.addEventListener(type, heard);
    if (channel.readyState === "open") queueMicrotask(() => !this.#isOver && on.opened());
  }

  get isOpen(): boolean {
    return !this.#isOver && this.channel.readyState === "open";
  }

  /** Whether it is on its way. */
  say(message: ChatMessage): boolean {
    if (!this.isOpen) return false;
    try {
      this.channel.send(JSON.stringify(message));
      return true;
    } catch {
      // Closing, or its buffer is full: what was not said is asked for on the next connection.
      return false;
    }
  }

  ask(all: boolean): void {
    const { MAX_CHAT_HISTORY: messages, MAX_CHAT_REACTIONS: reactions } = LIMITS;
    if (this.say({ type: "history-wanted", all })) this.asked.push({ all, messages, reactions, own: [] });
  }

  /** Whether they may say one thing more now. */
  mayTalk(now: number): boolean {
    return this.#bucket.take(now);
  }

  /** Whether they may be told once more. */
  mayAsk(): boolean {
    return ++this.#answers <= MAX_ANSWERS;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const [type, heard] of this.#heard) this.channel.removeEventListener(type, heard);
    this.on.closed();
  }

  #message(data: unknown): void {
    if (this.#isOver || typeof data !== "string") return;
    const message = read(data);
    if (message) this.on.message(message);
  }
}
