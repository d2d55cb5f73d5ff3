/** RTCDataChannel (W3C WebRTC 1.0, section 6.2). */
import { failure, RTCError, RTCErrorEvent } from "./errors";
import { guard, KEY, queueTask, RTCDataChannelEvent, withHandlers } from "./events";
import type { ChannelKey, Pc } from "./numbers";
import type { Session } from "./seam";
import type { ChannelInit, Event as NativeEvent } from "./wire";

/** What may wait to be sent on all channels of a connection, bytes; more is refused, as engines do. */
const MAX_BUFFERED = 16 * 1024 * 1024;

/** What a channel knows of its connection. */
export interface ChannelOwner {
  readonly pc: Pc;
  readonly session: Session;
  readonly maxMessageSize: number;
  /** Bytes that wait on all of its channels. */
  readonly buffered: number;
  /** Data flows, or did: closing takes the other side's word. */
  readonly isConnected: boolean;
  /** Closed for good. */
  closed(channel: Channel): void;
}

export class Channel {
  readonly api: RTCDataChannel;
  id: number | null;
  state: RTCDataChannelState = "connecting";
  buffered = 0;
  threshold = 0;
  /** Counted for getStats. */
  readonly sent = { messages: 0, bytes: 0 };
  readonly received = { messages: 0, bytes: 0 };
  /** Was open once. */
  wasOpen = false;
  binaryType: BinaryType = "arraybuffer";
  /** Of a Blob that is being read: what comes after it waits. */
  #reading: Promise<void> | null = null;

  constructor(
    readonly owner: ChannelOwner,
    readonly init: ChannelInit,
    id: number | null,
  ) {
    this.id = id;
    this.api = new RTCDataChannel(KEY, this);
  }

  get key(): ChannelKey {
    return this.init.key;
  }

  /** "Announce the data channel as open" (section 6.2). */
  opened(id: number): void {
    if (this.state === "closing" || this.state === "closed") return;
    this.id = id;
    this.state = "open";
    if (this.wasOpen) return;
    this.wasOpen = true;
    this.api.dispatchEvent(new Event("open"));
  }

  came(data: string | ArrayBuffer): void {
    if (this.state !== "open" && this.state !== "closing") return;
    this.received.messages += 1;
    this.received.bytes += typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
    const shown = typeof data !== "string" && this.binaryType === "blob" ? new Blob([data]) : data;
    this.api.dispatchEvent(new MessageEvent("message", { data: shown, origin: "" }));
  }

  /** The native side tells of the last bytes above it at once. */
  setThreshold(threshold: number): void {
    this.threshold = threshold;
    const { owner, key } = this;
    if (this.state === "closed") return;
    owner.session
      .request({ type: "set-channel-low", pc: owner.pc, channel: key, threshold })
      .catch(() => undefined);
  }

  hasSent(bytes: number): void {
    const before = this.buffered;
    this.buffered = Math.max(0, before - bytes);
    if (before > this.threshold && this.buffered <= this.threshold)
      this.api.dispatchEvent(new Event("bufferedamountlow"));
  }

  /** Closed by the native side: by the other side, or as asked. */
  ended(): void {
    if (this.state === "closed") return;
    if (this.state !== "closing") {
      this.state = "closing";
      this.api.dispatchEvent(new Event("closing"));
    }
    this.#finish();
  }

  /** The association broke. */
  failed(message: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.owner.closed(this);
    const error = new RTCError({ errorDetail: "sctp-failure" }, message);
    this.api.dispatchEvent(new RTCErrorEvent("error", { error: error as unknown as globalThis.RTCError }));
    this.api.dispatchEvent(new Event("close"));
  }

  /** With its connection, without a word. */
  abandon(): void {
    this.state = "closed";
  }

  close(): void {
    if (this.state === "closing" || this.state === "closed") return;
    this.state = "closing";
    const { owner, key } = this;
    const request = { type: "close-channel", pc: owner.pc, channel: key } as const;
    // What is being read is sent before.
    const ask = (): void => {
      owner.session.request(request).then(
        () => {
          // Nobody is there to answer.
          if (!owner.isConnected || !this.wasOpen) queueTask(() => this.#finish());
        },
        () => queueTask(() => this.#finish()),
      );
    };
    if (this.#reading) void this.#reading.then(ask);
    else ask();
  }

  send(data: unknown): void {
    if (this.state !== "open") throw failure("InvalidStateError", "the channel is not open");
    const isBlob = data instanceof Blob;
    const message = isBlob ? data : bytesOf(data);
    const size = sizeOf(message);
    if (size > this.owner.maxMessageSize) throw new TypeError("the message is larger than maxMessageSize");
    if (this.owner.buffered + size > MAX_BUFFERED)
      throw failure("OperationError", "too much waits to be sent");
    this.buffered += size;
    this.sent.messages += 1;
    this.sent.bytes += size;
    if (!isBlob && !this.#reading) {
      this.#pass(message as string | Uint8Array);
      return;
    }
    const before = this.#reading ?? Promise.resolve();
    const reading = before.then(async () => {
      const whole = isBlob ? new Uint8Array(await data.arrayBuffer()) : (message as string | Uint8Array);
      if (this.state === "open" || this.state === "closing") this.#pass(whole);
    });
    const settled = reading
      .catch(() => this.hasSent(size))
      .then(() => {
        if (this.#reading === settled) this.#reading = null;
      });
    this.#reading = settled;
  }

  #pass(message: string | Uint8Array): void {
    this.owner.session.sendData(this.owner.pc, this.key, message);
  }

  #finish(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.owner.closed(this);
    this.api.dispatchEvent(new Event("close"));
  }
}

/** A copy, which later changes of the page's do not reach. */
function bytesOf(data: unknown): string | Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return scalar(data);
}

/** Web IDL's USVString: halves of a surrogate pair become U+FFFD. */
function scalar(value: unknown): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(String(value)));
}

function sizeOf(message: string | Uint8Array | Blob): number {
  if (typeof message === "string") return new TextEncoder().encode(message).length;
  return message instanceof Blob ? message.size : message.length;
}

export class RTCDataChannel extends EventTarget {
  declare onopen: ((event: Event) => unknown) | null;
  declare onbufferedamountlow: ((event: Event) => unknown) | null;
  declare onerror: ((event: Event) => unknown) | null;
  declare onclosing: ((event: Event) => unknown) | null;
  declare onclose: ((event: Event) => unknown) | null;
  declare onmessage: ((event: MessageEvent) => unknown) | null;
  readonly #inner: Channel;

  constructor(key: unknown, inner: Channel) {
    guard(key);
    super();
    this.#inner = inner;
  }

  get label(): string {
    return this.#inner.init.label;
  }
  get ordered(): boolean {
    return this.#inner.init.ordered;
  }
  get maxPacketLifeTime(): number | null {
    return this.#inner.init.max_packet_life_time;
  }
  get maxRetransmits(): number | null {
    return this.#inner.init.max_retransmits;
  }
  get protocol(): string {
    return this.#inner.init.protocol;
  }
  get negotiated(): boolean {
    return this.#inner.init.negotiated !== null;
  }
  get priority(): RTCPriorityType {
    return "low";
  }
  get id(): number | null {
    return this.#inner.id;
  }
  get readyState(): RTCDataChannelState {
    return this.#inner.state;
  }
  get bufferedAmount(): number {
    return this.#inner.buffered;
  }
  get bufferedAmountLowThreshold(): number {
    return this.#inner.threshold;
  }
  set bufferedAmountLowThreshold(value: number) {
    this.#inner.setThreshold(Number(value) >>> 0);
  }
  get binaryType(): BinaryType {
    return this.#inner.binaryType;
  }
  set binaryType(value: BinaryType) {
    const text = String(value);
    if (text === "blob" || text === "arraybuffer") this.#inner.binaryType = text;
  }
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void {
    if (arguments.length === 0) throw new TypeError("1 argument required");
    this.#inner.send(data);
  }
  close(): void {
    this.#inner.close();
  }
}
withHandlers(RTCDataChannel, ["open", "bufferedamountlow", "error", "closing", "close", "message"]);

/** All channels of a connection. */
export class Channels {
  readonly #open = new Map<ChannelKey, Channel>();
  #nextKey = 1;
  /** Ever made or taken (webrtc-stats `RTCPeerConnectionStats`). */
  readonly counts = { opened: 0, closed: 0 };
  /** Whether one was ever made, so that an offer has a line for them. */
  isWanted = false;
  /** By the DTLS role; null until it is known. */
  #isClient: boolean | null = null;

  constructor(private readonly target: EventTarget) {}

  [Symbol.iterator](): IterableIterator<Channel> {
    return this.#open.values();
  }

  isTaken(id: number): boolean {
    return [...this].some((channel) => channel.id === id);
  }

  create(owner: ChannelOwner, init: Omit<ChannelInit, "key">): Channel {
    const channel = new Channel(owner, { ...init, key: this.#nextKey++ }, init.negotiated);
    this.#open.set(channel.key, channel);
    this.isWanted = true;
    if (this.#isClient !== null) this.assignIds(this.#isClient);
    return channel;
  }

  remove(channel: Channel): void {
    if (!this.#open.delete(channel.key)) return;
    if (channel.wasOpen) this.counts.closed += 1;
  }

  /** Ids by the DTLS role: even for the client (RFC 8832, section 6), the lowest that is free. */
  assignIds(isClient: boolean): void {
    this.#isClient = isClient;
    for (const channel of this) {
      if (channel.id !== null) continue;
      let id = isClient ? 0 : 1;
      while (this.isTaken(id)) id += 2;
      channel.id = id;
    }
  }

  handle(owner: ChannelOwner, event: NativeEvent): void {
    switch (event.type) {
      case "channel": {
        const channel = new Channel(owner, event.channel, event.id);
        this.#open.set(channel.key, channel);
        channel.state = "open";
        this.counts.opened += 1;
        this.target.dispatchEvent(
          new RTCDataChannelEvent("datachannel", {
            channel: channel.api as unknown as globalThis.RTCDataChannel,
          }),
        );
        channel.opened(event.id);
        break;
      }
      case "channel-open": {
        const channel = this.#open.get(event.channel);
        if (channel?.state === "connecting") this.counts.opened += 1;
        channel?.opened(event.id);
        break;
      }
      case "channel-closed":
        this.#open.get(event.channel)?.ended();
        break;
      case "channel-sent":
        this.#open.get(event.channel)?.hasSent(event.bytes);
        break;
    }
  }

  came(key: ChannelKey, data: string | ArrayBuffer): void {
    this.#open.get(key)?.came(data);
  }

  failed(message: string): void {
    for (const channel of [...this]) channel.failed(message);
  }

  abandon(): void {
    for (const channel of this) channel.abandon();
  }
}

/** Web IDL and section 6.1 of what createDataChannel takes. @throws TypeError */
export function checkedChannel(label: unknown, given: RTCDataChannelInit = {}): Omit<ChannelInit, "key"> {
  const short = (value: unknown, name: string): number | null => {
    if (value === undefined) return null;
    const number = Math.trunc(Number(value));
    if (!(number >= 0 && number <= 65535)) throw new TypeError(`${name} is out of range`);
    return number;
  };
  const text = scalar(label);
  const protocol = given.protocol === undefined ? "" : scalar(given.protocol);
  const lifeTime = short(given.maxPacketLifeTime, "maxPacketLifeTime");
  const retransmits = short(given.maxRetransmits, "maxRetransmits");
  const id = short(given.id, "id");
  const isNegotiated = Boolean(given.negotiated);
  if (sizeOf(text) > 65535) throw new TypeError("the label is too long");
  if (sizeOf(protocol) > 65535) throw new TypeError("the protocol is too long");
  if (isNegotiated && id === null) throw new TypeError("a negotiated channel has an id");
  if (lifeTime !== null && retransmits !== null)
    throw new TypeError("either maxPacketLifeTime or maxRetransmits");
  if (isNegotiated && id === 65535) throw new TypeError("ids end at 65534");
  return {
    label: text,
    ordered: given.ordered === undefined ? true : Boolean(given.ordered),
    max_packet_life_time: lifeTime,
    max_retransmits: retransmits,
    protocol,
    negotiated: isNegotiated ? id : null,
  };
}
