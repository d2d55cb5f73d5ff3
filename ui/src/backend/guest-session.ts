/**
 * A guest's place at a server's hub: challenge, hello, welcome, numbered messages, resume. Knows no socket and no
 * clock of its own; both are given.
 */
import { LIMITS, VERSIONS } from "../gen/protocol";
import type { ErrorCode, FromHub, Person, Reply, Request, ResumeToken, ToHub } from "../gen/protocol";
import type { Clock } from "../call/clock";
import type { AnyCode } from "../state/contract";
import type { GuestKey } from "../trust/key";
import { Pending } from "./pending";
import type { ReconnectPolicy } from "./reconnect";
import { CodedError, type BackendMessage } from "./types";

export interface Socket {
  send(text: string): void;
  close(): void;
}

/** Opens a connection. `closed` is said once, also when it never opened. */
export type Dial = (on: { message(text: string): void; closed(): void }) => Socket;

/** What no second try with the same page would change. */
const FINAL: readonly ErrorCode[] = [
  "version-unsupported",
  "bad-signature",
  "wrong-device",
  "malformed",
  "hello-expected",
  "not-allowed",
  "name-invalid",
];

export class GuestSession {
  readonly #requests = new Pending<Reply>();
  /** Asked and not answered, in order; sent again when the place is had back. */
  readonly #unanswered = new Map<number, Request>();
  #socket: Socket | null = null;
  /** Counts connections, so that what an old one still says is not heard. */
  #generation = 0;
  #welcomed = false;
  #resume: ResumeToken | null = null;
  #seen = 0;
  #heard = 0;
  /** When the link broke off, ms; null while it stands. */
  #downSince: number | null = null;
  #closed = false;
  #waiting: (() => void) | null = null;
  #ticking: (() => void) | null = null;

  constructor(
    private readonly options: {
      dial: Dial;
      clock: Clock;
      policy: ReconnectPolicy;
      key: Pick<GuestKey, "publicKey" | "kind" | "signHello">;
      /** As it is now: each hello says it. */
      person: () => Person;
      on: (message: BackendMessage) => void;
    },
  ) {}

  start(): void {
    this.#ticking = this.options.clock.every(LIMITS.PING_INTERVAL, () => this.#tick());
    this.#connect();
  }

  request(request: Request): Promise<Reply> {
    if (this.#closed || !this.#resume) return Promise.reject(new CodedError("link-lost"));
    if (this.#unanswered.size >= LIMITS.MAX_QUEUE) return Promise.reject(new CodedError("too-many-requests"));
    const { id, answer } = this.#requests.ask();
    this.#unanswered.set(id, request);
    if (this.#welcomed) this.#say({ type: "request", id, request });
    return answer;
  }

  /** The network seems to be back: do not wait for the timer. */
  retryNow(): void {
    if (!this.#waiting) return;
    this.#waiting();
    this.#waiting = null;
    this.#connect();
  }

  /** Gives the place up at once. */
  close(): void {
    if (this.#welcomed) this.#say({ type: "goodbye" });
    this.#end("link-lost");
  }

  #connect(): void {
    const generation = ++this.#generation;
    this.#welcomed = false;
    this.#heard = this.options.clock.now();
    this.#socket = this.options.dial({
      message: (text) => {
        if (generation === this.#generation) this.#receive(text);
      },
      closed: () => {
        if (generation === this.#generation) this.#dropped("server-down");
      },
    });
  }

  #dropped(code: AnyCode): void {
    if (this.#closed) return;
    const was = this.#welcomed;
    this.#generation++;
    this.#socket?.close();
    this.#socket = null;
    this.#welcomed = false;
    this.#downSince ??= this.options.clock.now();
    // The hub no longer keeps the place: nobody shall wait for what will not come.
    if (this.options.clock.now() - this.#downSince > LIMITS.RESUME_GRACE) this.#lose("link-lost");
    this.options.on({ type: "down", code: was ? "link-lost" : code, final: false });
    this.#waiting?.();
    this.#waiting = this.options.clock.after(this.options.policy.next(), () => {
      this.#waiting = null;
      this.#connect();
    });
  }

  #end(code: AnyCode): void {
    this.#closed = true;
    this.#generation++;
    this.#socket?.close();
    this.#socket = null;
    this.#waiting?.();
    this.#waiting = null;
    this.#ticking?.();
    this.#lose(code);
  }

  /** The place is gone, and with it everything that was asked there. */
  #lose(code: AnyCode): void {
    this.#resume = null;
    this.#seen = 0;
    this.#unanswered.clear();
    this.#requests.rejectAll(code);
  }

  #tick(): void {
    if (!this.#socket) return;
    if (this.options.clock.now() - this.#heard > LIMITS.IDLE_TIMEOUT) this.#dropped("server-down");
    else if (this.#welcomed) this.#say({ type: "ping", seen: this.#seen });
  }

  #say(message: ToHub): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #receive(text: string): void {
    let message: FromHub;
    try {
      message = JSON.parse(text) as FromHub;
    } catch {
      // Not our protocol: a proxy's page, say.
      this.#dropped("malformed");
      return;
    }
    this.#heard = this.options.clock.now();
    switch (message.type) {
      case "challenge":
        void this.#hello(message);
        break;
      case "welcome":
        this.#welcomed = true;
        this.#downSince = null;
        this.options.policy.reset();
        if (!message.resumed) this.#lose("link-lost");
        this.#resume = message.resume;
        this.options.on({ type: "welcome", welcome: message });
        for (const [id, request] of this.#unanswered) this.#say({ type: "request", id, request });
        break;
      case "message":
        this.#numbered(message.seq, message.message);
        break;
      case "refused":
        this.#refused(message.code);
        break;
      case "pong":
        break;
    }
  }

  async #hello(challenge: Extract<FromHub, { type: "challenge" }>): Promise<void> {
    const generation = this.#generation;
    if (!challenge.versions.some((version) => VERSIONS.includes(version))) {
      this.#refused("version-unsupported");
      return;
    }
    const { key, person } = this.options;
    let signature;
    try {
      signature = await key.signHello(challenge.hub, challenge.nonce);
    } catch {
      if (generation === this.#generation) this.#refused("bad-signature");
      return;
    }
    if (generation !== this.#generation) return;
    this.#say({
      type: "hello",
      versions: [...VERSIONS],
      key: key.publicKey,
      kind: key.kind,
      person: person(),
      // A page does not get at the TLS exporter.
      binding: "none",
      signature,
      ...(this.#resume ? { resume: { token: this.#resume, seen: this.#seen } } : {}),
    });
  }

  #numbered(seq: number, message: Extract<FromHub, { type: "message" }>["message"]): void {
    // After a resume the hub repeats what it is not sure of.
    if (seq <= this.#seen) return;
    this.#seen = seq;
    if (message.type === "event") {
      this.options.on({ type: "event", event: message.event });
      return;
    }
    this.#unanswered.delete(message.id);
    if (message.type === "ok") this.#requests.resolve(message.id, message.reply);
    else this.#requests.reject(message.id, message.code);
  }

  #refused(code: ErrorCode): void {
    if (FINAL.includes(code)) {
      this.#end(code);
      this.options.on({ type: "down", code, final: true });
    } else if (code === "resume-unknown") {
      this.#lose("link-lost");
      this.#dropped(code);
    } else this.#dropped(code);
  }
}
