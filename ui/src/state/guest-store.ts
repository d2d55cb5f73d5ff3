/** What a guest's browser remembers: there is no node to do it. */
import type { CallRecord, Language, Status, Theme } from "../gen/protocol";
import { Memory, parse, type Remembered } from "../trust/memory";

export interface GuestMemory {
  name: string;
  note: string;
  status: Status;
  language: Language;
  theme: Theme;
  microphone: string;
  camera: string;
  speaker: string;
  calls: CallRecord[];
  /** Other devices. */
  known: Remembered[];
}

/** Under which name the page's storage keeps it. */
export const KEY = "earshot.guest";
/** Enough to see who called; the browser's storage is small. */
const MAX_CALLS = 50;

export const NOBODY: GuestMemory = {
  name: "",
  note: "",
  status: "available",
  language: "system",
  theme: "system",
  microphone: "",
  camera: "",
  speaker: "",
  calls: [],
  known: [],
};

export class GuestStore {
  memory: GuestMemory;
  /** Of other devices. */
  readonly devices = new Memory({
    read: () => this.memory.known,
    write: (known) => this.change({ known }),
  });

  /** @param storage null where the browser keeps nothing (private windows) */
  constructor(private readonly storage: Pick<Storage, "getItem" | "setItem"> | null) {
    this.memory = NOBODY;
    this.reload();
  }

  /** Another tab of this guest has changed something. */
  reload(): void {
    const read = this.#read();
    this.memory = { ...NOBODY, ...read, known: parse(read.known) };
  }

  change(change: Partial<GuestMemory>): void {
    this.memory = { ...this.memory, ...change };
    try {
      this.storage?.setItem(KEY, JSON.stringify(this.memory));
    } catch {
      // Full or forbidden: remembered as long as the page is.
    }
  }

  /** Newest first. */
  addCall(record: Omit<CallRecord, "id">): void {
    const id = Math.max(0, ...this.memory.calls.map((call) => call.id)) + 1;
    this.change({ calls: [{ ...record, id }, ...this.memory.calls].slice(0, MAX_CALLS) });
  }

  #read(): Partial<GuestMemory> {
    try {
      const read: unknown = JSON.parse(this.storage?.getItem(KEY) ?? "{}");
      return typeof read === "object" && read !== null ? (read as Partial<GuestMemory>) : {};
    } catch {
      return {};
    }
  }
}

/** The page's storage; null where even asking for it throws. */
export function pageStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** A missed call nobody has looked at yet. */
export function isMissed(record: CallRecord): boolean {
  const { type } = record.end;
  return (
    record.direction === "incoming" &&
    !record.seen &&
    (type === "no-answer" || type === "cancelled" || type === "busy" || type === "gone")
  );
}
