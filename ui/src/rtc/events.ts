/** Events of W3C WebRTC 1.0, event handler attributes (HTML, section 8.1.8.1), and the task queue. */

/** Only this folder holds it: an interface without a constructor throws for everybody else. */
export const KEY: unique symbol = Symbol("constructs");

export function guard(key: unknown): void {
  if (key !== KEY) throw new TypeError("Illegal constructor");
}

type Handler = ((this: unknown, event: Event) => unknown) | null;

/** Gives `onname` to what `of` makes, for each name. */
export function withHandlers(of: { prototype: EventTarget }, names: readonly string[]): void {
  for (const name of names) {
    const held = new WeakMap<EventTarget, { handler: Handler; listener(event: Event): void }>();
    Object.defineProperty(of.prototype, `on${name}`, {
      configurable: true,
      enumerable: true,
      get(this: EventTarget): Handler {
        return held.get(this)?.handler ?? null;
      },
      set(this: EventTarget, value: unknown) {
        const handler = isHandler(value) ? (value as Handler) : null;
        const before = held.get(this);
        if (!handler) {
          if (before) this.removeEventListener(name, before.listener);
          held.delete(this);
        } else if (before) before.handler = handler;
        else {
          const one = {
            handler,
            listener: (event: Event): void => {
              if (typeof one.handler === "function" && one.handler.call(this, event) === false)
                event.preventDefault();
            },
          };
          held.set(this, one);
          this.addEventListener(name, one.listener);
        }
      },
    });
  }
}

function isHandler(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

const tasks: (() => void)[] = [];
/** How many are due by each clock, and how many were run. */
const due = { port: 0, timer: 0 };
let run = 0;
let port: MessagePort | null = null;

function come(by: keyof typeof due): void {
  due[by] += 1;
  if (run >= due[by]) return;
  run += 1;
  tasks.shift()?.();
}

/**
 * Runs `task` after what runs now and its microtasks: by a port, or a timer if that is sooner. Timers of hidden pages wait
 * for a second; messages of WebKit's ports go through another process, and come after a timer of the page's.
 */
export function queueTask(task: () => void): void {
  if (!port) {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => come("port");
    // In Node an open port keeps the process alive.
    (channel.port1 as { unref?(): void }).unref?.();
    port = channel.port2;
  }
  tasks.push(task);
  setTimeout(() => come("timer"));
  port.postMessage(null);
}

/** A dictionary member that must be there (Web IDL). */
export function required<T>(init: object | undefined | null, member: string): T {
  const value = (init as Record<string, unknown> | undefined | null)?.[member];
  if (value === undefined) throw new TypeError(`required member ${member} is undefined`);
  return value as T;
}

/** @throws TypeError for an object that is not of the interface */
function ofInterface<T>(value: T, type: string): T {
  const tag = typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : "";
  if (tag !== `[object ${type}]`) throw new TypeError(`not of type ${type}`);
  return value;
}

export class RTCPeerConnectionIceEvent extends Event {
  readonly candidate: RTCIceCandidate | null;
  readonly url: string | null;
  constructor(type: string, init: RTCPeerConnectionIceEventInit & { url?: string | null } = {}) {
    if (arguments.length === 0) throw new TypeError("an event has a type");
    super(type, init);
    this.candidate = init.candidate ?? null;
    if (this.candidate) ofInterface(this.candidate, "RTCIceCandidate");
    this.url = init.url ?? null;
  }
}

export class RTCPeerConnectionIceErrorEvent extends Event {
  readonly address: string | null;
  readonly port: number | null;
  readonly url: string;
  readonly errorCode: number;
  readonly errorText: string;
  constructor(type: string, init: RTCPeerConnectionIceErrorEventInit) {
    super(type, init);
    this.errorCode = required<number>(init, "errorCode");
    this.address = init.address ?? null;
    this.port = init.port ?? null;
    this.url = init.url ?? "";
    this.errorText = init.errorText ?? "";
  }
}

export class RTCTrackEvent extends Event {
  readonly receiver: RTCRtpReceiver;
  readonly track: MediaStreamTrack;
  readonly streams: readonly MediaStream[];
  readonly transceiver: RTCRtpTransceiver;
  constructor(type: string, init: RTCTrackEventInit) {
    super(type, init);
    this.receiver = ofInterface(required<RTCRtpReceiver>(init, "receiver"), "RTCRtpReceiver");
    this.track = required<MediaStreamTrack>(init, "track");
    if (!(this.track instanceof MediaStreamTrack)) throw new TypeError("not of type MediaStreamTrack");
    this.streams = Object.freeze([...(init.streams ?? [])]);
    this.transceiver = ofInterface(required<RTCRtpTransceiver>(init, "transceiver"), "RTCRtpTransceiver");
  }
}

export class RTCDataChannelEvent extends Event {
  readonly channel: RTCDataChannel;
  constructor(type: string, init: RTCDataChannelEventInit) {
    super(type, init);
    this.channel = ofInterface(required<RTCDataChannel>(init, "channel"), "RTCDataChannel");
  }
}

/** A track that the connection, not the page, adds to or takes from a stream. */
export function trackEvent(type: "addtrack" | "removetrack", track: MediaStreamTrack): Event {
  if (typeof MediaStreamTrackEvent === "function") return new MediaStreamTrackEvent(type, { track });
  return Object.assign(new Event(type), { track });
}
