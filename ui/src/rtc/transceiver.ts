/** RTCRtpTransceiver (W3C WebRTC 1.0, section 5.4). */
import { preferred } from "./codecs";
import { failure, oneOf } from "./errors";
import { guard, KEY } from "./events";
import type { Line } from "./numbers";
import type { Owner } from "./owner";
import { Receiving, type RTCRtpReceiver } from "./receiver";
import { receives, sends } from "./sdp";
import { Sending, type Place, type RTCRtpSender } from "./sender";
import type { Codec, Direction, Kind, SdpType, Transceiver } from "./wire";

export const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"] as const;

export interface TransceiverInit {
  kind: Kind;
  track: MediaStreamTrack | null;
  direction: Exclude<Direction, "stopped">;
  streams: readonly MediaStream[];
  encoding: RTCRtpEncodingParameters;
  /** By addTrack, so that an offer of theirs may take it. */
  isByTrack: boolean;
}

export class Transceiving implements Place {
  readonly api: RTCRtpTransceiver;
  readonly kind: Kind;
  /** addTrack made it, or saved it from a rollback. */
  isByTrack: boolean;
  /** addTrack took it. */
  isReused = false;
  readonly sending: Sending;
  readonly receiving: Receiving;
  mid: string | null = null;
  line: Line | null = null;
  direction: Direction;
  currentDirection: Direction | null = null;
  /** What the last track event said. */
  firedDirection: Direction | null = null;
  isStopping = false;
  isStopped = false;
  hasTransport = false;
  /** Has once sent, so that addTrack takes another one. */
  hasSent = false;
  codecs: Codec[] = [];

  constructor(
    readonly owner: Owner,
    init: TransceiverInit,
  ) {
    const { kind, track, streams, encoding } = init;
    this.kind = kind;
    this.isByTrack = init.isByTrack;
    this.direction = init.direction;
    this.sending = new Sending(owner, this, kind, track, streams, encoding);
    this.receiving = new Receiving(owner, this, kind);
    this.api = new RTCRtpTransceiver(KEY, this);
  }

  /** For the next description. An answer does not stop what only this side has stopped (RFC 8829, section 5.3.1). */
  wanted(type: SdpType): Transceiver {
    const stopping = type === "answer" && !this.isStopped ? "inactive" : "stopped";
    return {
      line: this.line,
      kind: this.kind,
      direction: this.isStopping ? stopping : this.direction,
      streams: [...this.sending.streams],
      track: this.sending.trackId,
      // Never empty: the native side may know codecs that this webview cannot.
      codecs: this.codecs.length > 0 ? [...this.codecs] : this.owner.media.capabilities(this.kind),
    };
  }

  /** Has an m-line from now on. */
  associate(line: Line, mid: string): void {
    this.line = line;
    this.mid = mid;
    this.sending.bind(line);
    this.receiving.bind(line);
  }

  /** A rollback took the m-line. */
  dissociate(): void {
    this.line = null;
    this.mid = null;
    this.hasTransport = false;
  }

  setCurrentDirection(direction: Direction): void {
    this.currentDirection = direction;
    this.firedDirection = direction;
    if (sends(direction)) this.hasSent = true;
    if (!receives(direction)) this.receiving.pause();
    this.update();
  }

  update(): void {
    this.sending.update();
    this.receiving.update();
  }

  /** Neither sends nor receives from now on (section 5.4, "stop sending and receiving"). */
  stopMedia(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    this.direction = "stopped";
    this.sending.update();
    this.receiving.update();
    this.receiving.end();
  }

  /** Both sides know. Its m-line stays until the round is over. */
  stop(): void {
    this.stopMedia();
    if (this.isStopped) return;
    this.isStopped = true;
    this.currentDirection = "stopped";
    this.sending.close();
    this.receiving.close();
  }
}

export class RTCRtpTransceiver {
  readonly #inner: Transceiving;

  constructor(key: unknown, inner: Transceiving) {
    guard(key);
    this.#inner = inner;
  }

  get mid(): string | null {
    return this.#inner.mid;
  }

  get sender(): RTCRtpSender {
    return this.#inner.sending.api;
  }

  get receiver(): RTCRtpReceiver {
    return this.#inner.receiving.api;
  }

  get direction(): Direction {
    return this.#inner.direction;
  }

  set direction(value: Direction) {
    const inner = this.#inner;
    // An attribute ignores what is not of its enumeration (Web IDL); "stopped" is, and is refused.
    if (String(value) === "stopped") throw new TypeError("stop() stops");
    const direction = DIRECTIONS.find((one) => one === String(value));
    if (!direction) return;
    this.#needsOpen();
    if (inner.isStopping) throw failure("InvalidStateError", "the transceiver is stopped");
    if (inner.direction === direction) return;
    inner.direction = direction;
    inner.owner.updateNegotiationNeeded();
  }

  get currentDirection(): Direction | null {
    return this.#inner.currentDirection;
  }

  /** Of the older text; still asked for. */
  get stopped(): boolean {
    return this.#inner.isStopped;
  }

  stop(): void {
    this.#needsOpen();
    if (this.#inner.isStopping) return;
    this.#inner.stopMedia();
    this.#inner.owner.updateNegotiationNeeded();
  }

  setCodecPreferences(codecs: Iterable<RTCRtpCodec>): void {
    const { owner, kind } = this.#inner;
    this.#inner.codecs = preferred(codecs, owner.media.capabilities(kind));
  }

  #needsOpen(): void {
    if (this.#inner.owner.isClosed) throw failure("InvalidStateError", "the connection is closed");
  }
}

/** @throws TypeError */
export function directionOf(value: unknown): Exclude<Direction, "stopped"> {
  return oneOf(value ?? "sendrecv", DIRECTIONS, "RTCRtpTransceiverDirection");
}
