/**
 * All files that go to and come from the people of a call, one entry each. Outlives connections and calls: what broke
 * off goes on when there is a new connection to the same device. Knows no view framework.
 */
import { LIMITS, type DeviceId, type ErrorCode, type FileEnd, type FileMessage } from "../../gen/protocol";
import type { Clock } from "../clock";
import { Link, type Channel } from "./link";
import { safeName } from "./name";
import { Receiving } from "./receiving";
import { Sending, type Source } from "./sending";
import { Speed } from "./speed";
import { codeOf, type Store } from "./store";
import { fileId } from "./wire";

/** What is shown of files that are over, at most. */
const MAX_OVER = 50;
/** Between two looks at how far they are, ms. */
const LOOK_EVERY = 500;

export type OwnFile = Source & { readonly lastModified: number };

/** One file, as views see it. */
export interface Transfer {
  /** Unique, and the same while the page lives. */
  key: string;
  direction: "in" | "out";
  device: DeviceId;
  /** Safe to show. */
  name: string;
  size: number;
  /** offered: the receiving person has not answered; waiting: until the connection is back. */
  state: "offered" | "opening" | "moving" | "waiting" | "done" | FileEnd;
  moved: number;
  /** Bytes a second, and how long it will still take, s; null while unknown. */
  speed: number | null;
  seconds: number | null;
  /** What went wrong on this side. */
  code: ErrorCode | null;
}

interface Entry {
  key: string;
  device: DeviceId;
  name: string;
  size: number;
  direction: "in" | "out";
  one: Sending | Receiving;
  speed: Speed;
}

export interface FilesOptions {
  store: Store;
  clock: Clock;
  changed(transfers: Transfer[]): void;
}

export class Files {
  readonly #links = new Map<DeviceId, Link>();
  #entries: Entry[] = [];
  #count = 0;
  #stopLooking: (() => void) | null = null;
  #isTelling = false;
  /** What I no longer wanted while there was nobody to tell. */
  readonly #unsaid = new Set<string>();

  constructor(private readonly options: FilesOptions) {}

  /** There is a connection to `device`; an older one is over. */
  attach(device: DeviceId, channel: Channel, maxMessage: () => number): void {
    this.#links.get(device)?.close();
    const mine = (): Entry[] => this.#entries.filter((entry) => entry.device === device);
    const link: Link = new Link(channel, maxMessage, {
      opened: () => {
        for (const { one } of mine()) if (one instanceof Sending) one.opened(link);
      },
      closed: () => {
        if (this.#links.get(device) !== link) return;
        this.#links.delete(device);
        for (const { one, speed } of mine()) {
          one.closed();
          speed.forget();
        }
      },
      message: (message) => this.#heard(device, link, message),
      piece: (number, bytes) => {
        for (const { one } of mine()) if (one instanceof Receiving && one.number === number) one.piece(bytes);
      },
    });
    this.#links.set(device, link);
  }

  /** Offers a file to each of them. Null, or why not to all. */
  async offer(devices: readonly DeviceId[], source: OwnFile): Promise<ErrorCode | null> {
    const file = await fileId(source);
    let problem: ErrorCode | null = null;
    for (const device of devices) {
      if (this.#find(device, "out", file)) continue;
      if (this.#active(device, "out") >= LIMITS.MAX_FILES) {
        problem = "too-many-files";
        continue;
      }
      const one = new Sending(file, source, () => this.#tell());
      this.#add({ device, direction: "out", name: safeName(source.name), size: source.size, one });
      const link = this.#links.get(device);
      if (link?.isOpen) one.opened(link);
    }
    return problem;
  }

  /** To be called in the click itself: a browser may have to ask where to put it. */
  accept(key: string): void {
    const one = this.#of(key);
    if (one instanceof Receiving) one.accept();
  }

  /** Says no, or ends it in the middle. */
  cancel(key: string): void {
    const entry = this.#entries.find((one) => one.key === key);
    if (!entry || entry.one.isOver) return;
    const { one, device } = entry;
    if (one instanceof Sending) one.cancel();
    else {
      if (!this.#links.get(device)?.isOpen) this.#unsaid.add(`${device} ${one.file}`);
      one.refuse();
    }
  }

  /** Takes one that is over off the list. */
  dismiss(key: string): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key || !entry.one.isOver);
    this.#tell();
  }

  get canShow(): boolean {
    return this.options.store.show !== undefined;
  }

  /** Shows where received files are. Null, or why not. */
  async show(): Promise<ErrorCode | null> {
    try {
      await this.options.store.show?.();
      return null;
    } catch (error) {
      return codeOf(error);
    }
  }

  view(): Transfer[] {
    const now = this.options.clock.now();
    return this.#entries.map(({ key, direction, device, name, size, one, speed }) => {
      const rate = one.state === "moving" ? speed.get(now) : null;
      return {
        key,
        direction,
        device,
        name: one instanceof Receiving ? (one.kept ?? name) : name,
        size,
        state: one.state,
        moved: one.moved,
        speed: rate,
        seconds: rate ? (size - one.moved) / rate : null,
        code: one instanceof Receiving ? one.code : null,
      };
    });
  }

  #heard(device: DeviceId, link: Link, message: FileMessage): void {
    const { type, file } = message;
    if (type === "offer") {
      this.#offered(device, link, message);
      return;
    }
    const direction =
      type === "accept" || type === "got" || type === "done" || type === "refuse" ? "out" : "in";
    this.#find(device, direction, file)?.heard(message);
  }

  #offered(device: DeviceId, link: Link, message: Extract<FileMessage, { type: "offer" }>): void {
    const { file, name, size } = message;
    if (this.#unsaid.delete(`${device} ${file}`)) {
      link.say({ type: "refuse", file, why: "cancelled" });
      return;
    }
    const known = this.#find(device, "in", file);
    if (known instanceof Receiving) {
      // The same file in all, or somebody plays tricks with what was accepted.
      if (known.size === size) known.offered(link);
      else link.say({ type: "refuse", file, why: "changed" });
      return;
    }
    if (this.#active(device, "in") >= LIMITS.MAX_FILES) {
      link.say({ type: "refuse", file, why: "too-many" });
      return;
    }
    const one = new Receiving(device, file, name, size, this.options.store, () => this.#tell());
    one.offered(link);
    this.#add({ device, direction: "in", name: safeName(name), size, one });
  }

  #add(entry: Omit<Entry, "key" | "speed">): void {
    const over = this.#entries.filter(({ one }) => one.isOver);
    const tooMany = over.slice(0, Math.max(0, over.length - MAX_OVER + 1));
    this.#entries = this.#entries.filter((one) => !tooMany.includes(one));
    this.#entries.push({ ...entry, key: `file-${++this.#count}`, speed: new Speed() });
    this.#tell();
  }

  /** The one that is not over. */
  #find(device: DeviceId, direction: "in" | "out", file: string): Sending | Receiving | undefined {
    return this.#entries.find(
      (entry) =>
        entry.device === device &&
        entry.direction === direction &&
        entry.one.file === file &&
        !entry.one.isOver,
    )?.one;
  }

  #of(key: string): Sending | Receiving | undefined {
    return this.#entries.find((entry) => entry.key === key)?.one;
  }

  #active(device: DeviceId, direction: "in" | "out"): number {
    const of = ({ device: whose, direction: way, one }: Entry): boolean =>
      whose === device && way === direction && !one.isOver;
    return this.#entries.filter(of).length;
  }

  /** Views hear of it once a turn, and at their pace while something moves. */
  #tell(): void {
    const moves = this.#entries.some(({ one }) => one.state === "moving");
    if (moves) this.#stopLooking ??= this.options.clock.every(LOOK_EVERY, () => this.#look());
    else this.#stop();
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.options.changed(this.view());
    });
  }

  #look(): void {
    // A connection that we close ourselves tells its channels nothing (W3C WebRTC 1.0, section 4.4.2).
    for (const link of [...this.#links.values()]) link.notice();
    const now = this.options.clock.now();
    for (const { one, speed } of this.#entries)
      if (one.state === "moving") speed.see(one.moved, now);
      else speed.forget();
    this.#tell();
  }

  #stop(): void {
    this.#stopLooking?.();
    this.#stopLooking = null;
  }
}
