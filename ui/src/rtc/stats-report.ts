/** RTCStatsReport (W3C WebRTC 1.0, section 8.4): a read-only map of dictionaries by their ids. */
import { guard } from "./events";

export type Entry = Record<string, unknown> & { id: string; type: string; timestamp: number };

export class RTCStatsReport {
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(key: unknown, entries: Iterable<Entry>) {
    guard(key);
    this.#entries = new Map([...entries].map((entry) => [entry.id, entry]));
  }

  get size(): number {
    return this.#entries.size;
  }
  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }
  has(id: string): boolean {
    return this.#entries.has(id);
  }
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }
  values(): IterableIterator<Entry> {
    return this.#entries.values();
  }
  entries(): IterableIterator<[string, Entry]> {
    return this.#entries.entries();
  }
  [Symbol.iterator](): IterableIterator<[string, Entry]> {
    return this.#entries.entries();
  }
  forEach(each: (entry: Entry, id: string, report: RTCStatsReport) => void, that?: unknown): void {
    this.#entries.forEach((entry, id) => each.call(that, entry, id, this));
  }
}
