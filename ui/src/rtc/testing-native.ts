/**
 * For unit tests only: the native side in memory. It keeps the wire's rules, writes and reads real descriptions, and
 * joins two connections when each has the other's description and a candidate. Everything comes as a task, in order.
 */
import type { ChannelKey, Pc } from "./numbers";
import type { Session } from "./seam";
import { NativePeer } from "./testing-peer";
import type { Event, Fault, Reply, Request } from "./wire";

/** Node's. */
declare function setImmediate(run: () => void): void;

export class Refusal extends Error {
  constructor(readonly fault: Fault) {
    super(fault);
  }
}

export class NativeSide implements Session {
  readonly peers = new Map<Pc, NativePeer>();
  /** All that was asked. */
  readonly log: Request[] = [];
  onlost: (() => void) | null = null;
  /** Answers that are kept back until {@link release}: to see what a page may do meanwhile. */
  isHolding = false;
  /** Nobody sends anything, whatever was agreed. */
  isSilent = false;
  /** Events overtake answers. */
  isEager = false;
  #held: (() => void)[] = [];
  #pc = 0;
  readonly #events = new Map<Pc, (event: Event) => void>();
  readonly #data = new Map<Pc, (channel: ChannelKey, data: string | ArrayBuffer) => void>();

  request(request: Request): Promise<Reply> {
    const asked = structuredClone(request);
    this.log.push(asked);
    return new Promise((resolve, reject) => {
      this.task(() => {
        try {
          resolve(this.#answer(asked));
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          const name = error.fault === "Closed" ? "InvalidStateError" : error.fault;
          reject(new DOMException("refused", name));
        }
      });
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
    const copy = typeof data === "string" ? data : data.slice();
    this.task(() => this.peers.get(pc)?.send(channel, copy));
  }

  nextPc(): Pc {
    return ++this.#pc;
  }

  event(pc: Pc, event: Event): void {
    if (this.isEager) this.#events.get(pc)?.(event);
    else this.task(() => this.#events.get(pc)?.(event));
  }

  data(pc: Pc, channel: ChannelKey, data: string | ArrayBuffer): void {
    this.task(() => this.#data.get(pc)?.(channel, data));
  }

  /** A frame of the socket: a task of its own. */
  task(run: () => void): void {
    if (this.isHolding) this.#held.push(run);
    else setImmediate(run);
  }

  release(): void {
    this.isHolding = false;
    for (const run of this.#held.splice(0)) setImmediate(run);
  }

  asked<T extends Request["type"]>(type: T): Extract<Request, { type: T }>[] {
    return this.log.filter((one): one is Extract<Request, { type: T }> => one.type === type);
  }

  #answer(request: Request): Reply {
    if (request.type === "open") {
      if (this.peers.has(request.pc)) throw new Refusal("InvalidStateError");
      this.peers.set(request.pc, new NativePeer(this, request.pc));
      return { type: "done" };
    }
    if (!("pc" in request)) return { type: "done" };
    const peer = this.peers.get(request.pc);
    if (!peer) throw new Refusal("Closed");
    if (request.type === "close") {
      this.peers.delete(request.pc);
      peer.gone();
      return { type: "done" };
    }
    const reply = peer.answer(request);
    this.#join();
    return reply;
  }

  /** Two that know each other. */
  #join(): void {
    for (const a of this.peers.values()) {
      for (const b of this.peers.values()) if (a !== b && a.knows(b) && b.knows(a)) a.joinWith(b);
    }
  }
}
