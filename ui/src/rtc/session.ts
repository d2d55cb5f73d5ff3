/** The socket to the native side, seen from the page. It opens when it is needed, and again after it was lost. */
import type { ChannelKey, Event, Line, Pc, Reply, Request, SourceId, ToPage } from "./numbers";
import type { Session } from "./seam";
import type { SoundLink, Way } from "./sound/link";
import { Ring } from "./sound/ring";
import type { WorkerLink } from "./worker/link";
import type { ToWorker } from "./worker/messages";

interface Pending {
  resolve(reply: Reply): void;
  reject(error: DOMException): void;
}

/** Ids of the page; those above are the Worker's. */
const LAST_ID = 0x7fff_ffff;

/** Messages that wait for a ticket; more than that no page sends in that time. */
const MAX_HELD = 1_000;

type Stage = "idle" | "asking" | "connecting" | "open";

export class PageSession implements Session, SoundLink {
  readonly #link: WorkerLink;
  readonly #ticket: () => Promise<string>;
  readonly #events = new Map<Pc, (event: Event) => void>();
  readonly #data = new Map<Pc, (channel: ChannelKey, data: string | ArrayBuffer) => void>();
  readonly #pending = new Map<number, Pending>();
  /** What waits for a ticket. */
  #held: ToWorker[] = [];
  #opening: { resolve(): void; reject(error: DOMException): void }[] = [];
  #stage: Stage = "idle";
  #life = 0;
  #id = 0;
  #pc = 0;
  #source = 0;
  onlost: (() => void) | null = null;

  /** @param ticket the URL of a socket, good for one opening */
  constructor(link: WorkerLink, ticket: () => Promise<string>) {
    this.#link = link;
    this.#ticket = ticket;
    link.on("connected", ({ life }) => this.#connected(life));
    link.on("lost", ({ life }) => this.#lost(life));
    link.on("message", ({ message }) => this.#heard(message));
    link.on("data", ({ pc, channel, data }) => this.#data.get(pc)?.(channel, data));
  }

  /** Resolves when the socket is open. Rejects with InvalidStateError. */
  connect(): Promise<void> {
    if (this.#stage === "open") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#opening.push({ resolve, reject });
      if (this.#stage === "idle") void this.#connect();
    });
  }

  request(request: Request): Promise<Reply> {
    if (this.#stage === "idle") {
      // What was opened there is gone with the socket; only what is new can be.
      if (request.type !== "open" && request.type !== "open-source") return Promise.reject(closed());
      void this.#connect();
    }
    this.#id = this.#id === LAST_ID ? 1 : this.#id + 1;
    const id = this.#id;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#post({ type: "request", message: { id, request } });
    });
  }

  listen(pc: Pc, on: (event: Event) => void): () => void {
    this.#events.set(pc, on);
    return () => this.#events.delete(pc);
  }

  listenData(pc: Pc, on: (channel: ChannelKey, data: string | ArrayBuffer) => void): () => void {
    this.#data.set(pc, on);
    return () => this.#data.delete(pc);
  }

  sendData(pc: Pc, channel: ChannelKey, data: string | Uint8Array): void {
    this.#post({ type: "data", pc, channel, data });
  }

  nextPc(): Pc {
    return ++this.#pc;
  }

  nextSource(): SourceId {
    return ++this.#source;
  }

  openSource(source: SourceId): Way {
    const [port1, memory, port] = newWay();
    this.#post({ type: "capture", source, port, memory });
    return { port: port1, memory };
  }

  openPlay(pc: Pc, line: Line): Way {
    const [port1, memory, port] = newWay();
    this.#post({ type: "play", pc, line, port, memory });
    return { port: port1, memory };
  }

  #post(message: ToWorker): void {
    if (this.#stage === "asking") {
      if (this.#held.push(message) > MAX_HELD) this.#lost(this.#life);
    } else this.#link.post(message, "port" in message ? [message.port] : []);
  }

  async #connect(): Promise<void> {
    this.#stage = "asking";
    const life = ++this.#life;
    let url: string;
    try {
      url = await this.#ticket();
    } catch {
      this.#lost(life);
      return;
    }
    if (life !== this.#life || this.#stage !== "asking") return;
    this.#stage = "connecting";
    this.#link.post({ type: "connect", life, url });
    for (const message of this.#held.splice(0)) this.#post(message);
  }

  #connected(life: number): void {
    if (life !== this.#life) return;
    this.#stage = "open";
    for (const { resolve } of this.#opening.splice(0)) resolve();
  }

  #lost(life: number): void {
    if (life !== this.#life || this.#stage === "idle") return;
    this.#stage = "idle";
    this.#held = [];
    for (const { reject } of this.#opening.splice(0)) reject(closed());
    for (const { reject } of this.#pending.values()) reject(closed());
    this.#pending.clear();
    this.onlost?.();
  }

  #heard(message: ToPage): void {
    if (message.type === "event") {
      this.#events.get(message.pc)?.(message.event);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === "reply") pending?.resolve(message.reply);
    else {
      const name = message.fault === "Closed" ? "InvalidStateError" : message.fault;
      pending?.reject(new DOMException(message.message, name));
    }
  }
}

/** One end, what both have, the other end. */
function newWay(): [MessagePort, SharedArrayBuffer | null, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, Ring.memory(), port2];
}

function closed(): DOMException {
  return new DOMException("the native side is gone", "InvalidStateError");
}
