/** Chat between the people of a call: what views see of it, and may ask for. Gone with the call. */
import { Chat, type ChatLine, type Unsaid } from "../call/chat/chat";
import type { Channel } from "../call/files/link";
import type { Clock } from "../call/clock";
import type { ChatReaction, DeviceId } from "../gen/protocol";
import type { AppState } from "./contract";

export type { ChatLine, Unsaid } from "../call/chat/chat";

export interface ChatState {
  /** In the order of their times. */
  lines: ChatLine[];
  /** Of others, while the panel was closed. */
  unread: number;
  /** What was just said while the panel was closed. */
  latest: { id: number; from: DeviceId; name: string; text: string } | null;
  /** When I came, ms since 1970. */
  since: number;
  /** The oldest are no longer kept. */
  cut: boolean;
}

export interface ChatActions {
  /** Says it to everybody in the call. Null, or why not. */
  send(text: string): Unsaid | null;
  /** Reacts to a message, or no longer does. */
  react(line: Pick<ChatLine, "from" | "id">, reaction: ChatReaction, on: boolean): Unsaid | null;
  /** The chat is being looked at, or no longer. */
  setOpen(open: boolean): void;
}

export const NO_CHAT: ChatState = { lines: [], unread: 0, latest: null, since: 0, cut: false };

export interface ChattingOptions {
  app: Pick<AppState, "chat" | "me" | "call">;
  clock: Clock;
}

export class Chatting implements ChatActions {
  readonly #chat: Chat;
  #isOpen = false;
  #count = 0;

  constructor(private readonly options: ChattingOptions) {
    const { app, clock } = options;
    this.#chat = new Chat({
      clock,
      me: () => app.me?.device ?? "",
      nameOf: (device) => this.#nameOf(device),
      changed: () => {
        app.chat.lines = this.#chat.view();
        app.chat.cut = this.#chat.cut;
      },
      came: ({ from, name, text }, live) => {
        if (this.#isOpen) return;
        app.chat.unread++;
        if (live) app.chat.latest = { id: ++this.#count, from, name, text };
      },
    });
  }

  /** A new call. @param present who is in it already, the longest first */
  begin(present: readonly DeviceId[]): void {
    this.#chat.begin(present);
    this.#isOpen = false;
    this.options.app.chat = { ...NO_CHAT, since: this.options.clock.now() };
  }

  end(): void {
    this.#chat.end();
    this.#isOpen = false;
    this.options.app.chat = { ...NO_CHAT };
  }

  attach(device: DeviceId, channel: Channel): void {
    this.#chat.attach(device, channel);
  }

  send(text: string): Unsaid | null {
    return this.#chat.send(text);
  }

  react(line: Pick<ChatLine, "from" | "id">, reaction: ChatReaction, on: boolean): Unsaid | null {
    return this.#chat.react(line.from, line.id, reaction, on);
  }

  setOpen(open: boolean): void {
    this.#isOpen = open;
    if (open) Object.assign(this.options.app.chat, { unread: 0, latest: null });
  }

  /** What they call themselves: what I call them is nobody else's. */
  #nameOf(device: DeviceId): string {
    const { me, call } = this.options.app;
    if (device === me?.device) return me.person.name;
    return call?.peers.find((peer) => peer.device === device)?.person.name ?? "";
  }
}
