/** The only door out of the page: whatever stands behind it, a node or a server's hub, speaks this. */
import type { Event, NodeState, OwnerEvent, OwnerReply, OwnerRequest } from "../gen/protocol";
import type { Reply, Request, RoomRef, Welcome } from "../gen/protocol";
import type { Store } from "../call/files/store";
import type { RoomTrust } from "../call/trust";
import type { AnyCode, Surface } from "../state/contract";

/** What went wrong, as a code; sentences for people are the catalogues' business. */
export class CodedError extends Error {
  constructor(readonly code: AnyCode) {
    super(code);
    this.name = "CodedError";
  }
}

/** The code of whatever was thrown; a fault without one is `internal`. */
export function codeOf(error: unknown): AnyCode {
  return error instanceof CodedError ? error.code : "internal";
}

/** What a backend tells unasked. */
export type BackendMessage =
  /** First of all, and again after the link was down; with `resumed` nothing was missed. */
  | { type: "welcome"; welcome: Welcome }
  /** The owner's side; never said to a guest. */
  | { type: "state"; state: NodeState }
  | { type: "event"; event: Event }
  | { type: "owner"; event: OwnerEvent }
  /** The link is gone. `final`: it is not tried again. */
  | { type: "down"; code: AnyCode; final: boolean };

export interface Backend {
  readonly surface: Surface;
  /** Connects and begins to tell. Called once. */
  start(on: (message: BackendMessage) => void): void;
  /** Rejects with a {@link CodedError}. Survives a resumed link; a lost place rejects with `link-lost`. */
  request(request: Request): Promise<Reply>;
  /** The device key's word in one room: the node's, or for a guest the browser's own. */
  trust(room: RoomRef): RoomTrust;
  /** Absent where nobody is the owner (a guest). */
  owner?(request: OwnerRequest): Promise<OwnerReply>;
  /**
   * The address, good for one opening, at which the native half of our WebRTC awaits this page. Absent where pages have
   * WebRTC of their own, or nothing.
   */
  rtcTicket?(): Promise<string>;
  /** Where received files go; absent where the page has to see to it itself (a guest). */
  files?: Store;
  close(): void;
}
