/** What a page and its node say to each other, whatever carries it: Tauri's IPC or the loopback WebSocket. */
import type { FromNode, OwnerReply, OwnerRequest, Reply, Request, ToNode } from "../gen/protocol";
import { Pending } from "./pending";
import { CodedError, type BackendMessage } from "./types";
import type { AnyCode } from "../state/contract";

export class NodeSession {
  readonly #requests = new Pending<Reply>();
  readonly #owner = new Pending<OwnerReply>();
  #send: ((message: ToNode) => void) | null = null;

  constructor(private readonly on: (message: BackendMessage) => void) {}

  /** There is a way to the node now. */
  attached(send: (message: ToNode) => void): void {
    this.#send = send;
  }

  /** There is none any more: nothing that was asked will be answered. */
  detached(code: AnyCode): void {
    this.#send = null;
    this.#requests.rejectAll(code);
    this.#owner.rejectAll(code);
  }

  request(request: Request): Promise<Reply> {
    return this.#ask(this.#requests, (id) => ({ type: "request", id, request }));
  }

  owner(request: OwnerRequest): Promise<OwnerReply> {
    return this.#ask(this.#owner, (id) => ({ type: "owner", id, request }));
  }

  /** A message did not get through: only its question is lost. */
  failed(message: ToNode, code: AnyCode): void {
    (message.type === "request" ? this.#requests : this.#owner).reject(message.id, code);
  }

  receive(message: FromNode): void {
    switch (message.type) {
      case "welcome":
        this.on({ type: "welcome", welcome: message });
        break;
      case "state":
        this.on({ type: "state", state: message });
        break;
      case "message":
        if (message.message.type === "event") this.on({ type: "event", event: message.message.event });
        else if (message.message.type === "ok")
          this.#requests.resolve(message.message.id, message.message.reply);
        else this.#requests.reject(message.message.id, message.message.code);
        break;
      case "owner-ok":
        this.#owner.resolve(message.id, message.reply);
        break;
      case "owner-error":
        this.#owner.reject(message.id, message.code);
        break;
      case "owner":
        this.on({ type: "owner", event: message.event });
        break;
      case "refused":
        this.detached(message.code);
        this.on({ type: "down", code: message.code, final: true });
        break;
    }
  }

  #ask<Answer>(pending: Pending<Answer>, message: (id: number) => ToNode): Promise<Answer> {
    if (!this.#send) return Promise.reject(new CodedError("link-lost"));
    const { id, answer } = pending.ask();
    this.#send(message(id));
    return answer;
  }
}
