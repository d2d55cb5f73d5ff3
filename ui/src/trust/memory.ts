/**
 * What a guest's browser remembers of other devices: whom it has talked to, under which name, whom it has verified or
 * blocked. The same rules as a node's memory (`node/src/trust.rs`), but for one: a node also finds names that only look
 * alike (Cyrillic for Latin letters). The tables for that are large, and a guest's page is fetched anew all the time: it
 * compares names after NFKC, case folding, and without spaces and characters that are not seen.
 */
import type { AnyCode } from "../state/contract";
import { utf8 } from "./bytes";
import { LIMITS, type DeviceId, type NameWarning, type Standing, type Trust } from "../gen/protocol";

export interface Remembered {
  device: DeviceId;
  /** Talked to; a stranger may be blocked all the same. */
  met: boolean;
  verified: boolean;
  blocked: boolean;
  /** The name they gave when they were met, or that was accepted since. */
  keptName: string;
  ownName: string | null;
  /** The name they gave last. */
  saidName: string;
  /** ms since 1970. */
  firstMet: number;
  lastMet: number;
}

/** A browser's storage is small. */
export const MAX_REMEMBERED = 200;

interface Index {
  of: readonly Remembered[];
  byDevice: ReadonlyMap<DeviceId, Remembered>;
  /** Who was met, by each name without what nobody means by it. */
  byName: ReadonlyMap<string, Remembered[]>;
}

export class Memory {
  #indexed: Index = { of: [], byDevice: new Map(), byName: new Map() };

  /** @param keep where it lies, and how it is written: a new list with each change. What lay there before is read by `parse` */
  constructor(private readonly keep: { read(): readonly Remembered[]; write(devices: Remembered[]): void }) {}

  /** The ones met last first. */
  list(): Remembered[] {
    return [...this.keep.read()].sort((a, b) => b.lastMet - a.lastMet);
  }

  /** @param said the name that the device gives now */
  standing(device: DeviceId, said: string): Standing {
    const row = this.#of(device);
    const warning = this.#warning(row?.met ? row : undefined, device, said);
    return {
      name: row?.ownName ?? (row?.met ? row.keptName : fit(said, device)),
      trust: trustIn(row),
      blocked: row?.blocked ?? false,
      ...(warning ? { warning } : {}),
    };
  }

  /** Notes the name that a remembered device gives now. */
  heard(device: DeviceId, said: string): void {
    const row = this.#of(device);
    const saidName = fit(said, device);
    if (row && row.saidName !== saidName) this.#put({ ...row, saidName });
  }

  isBlocked(device: DeviceId): boolean {
    return this.#of(device)?.blocked ?? false;
  }

  blocked(): DeviceId[] {
    return this.keep
      .read()
      .filter(({ blocked }) => blocked)
      .map(({ device }) => device)
      .slice(0, LIMITS.MAX_BLOCKED);
  }

  /** They were talked to now; the first time their name is kept. */
  meet(device: DeviceId, said: string, now: number): void {
    const row = this.#of(device);
    const saidName = fit(said, device);
    if (row?.met) this.#put({ ...row, saidName, lastMet: now });
    else this.#put({ ...stranger(device, said, now), ...pick(row), met: true });
  }

  /** Two people have compared the code with this result. */
  compared(device: DeviceId, said: string, same: boolean, now: number): void {
    if (same) this.meet(device, said, now);
    const row = this.#of(device);
    if (row && row.verified !== same) this.#put({ ...row, verified: same });
  }

  /** Null, or why not. */
  rename(device: DeviceId, name: string | null): AnyCode | null {
    const row = this.#of(device);
    if (!row) return "device-unknown";
    const ownName = name?.trim() ?? null;
    if (ownName !== null && (!isName(ownName) || plain(ownName) === "")) return "name-invalid";
    this.#put({ ...row, ownName });
    return null;
  }

  /** From now on the name that they give is the right one. */
  acceptName(device: DeviceId): AnyCode | null {
    const row = this.#of(device);
    if (!row?.met) return "device-unknown";
    this.#put({ ...row, keptName: row.saidName });
    return null;
  }

  /** @param said the name by which they will be found again; null where they are not to be seen */
  block(device: DeviceId, said: string | null, blocked: boolean, now: number): AnyCode | null {
    const row = this.#of(device);
    if (!row && said === null) return "device-unknown";
    // A stranger who is no longer blocked is as unknown as before.
    if (!blocked && !row?.met) return row ? this.forget(device) : null;
    this.#put({ ...(row ?? stranger(device, said ?? "", now)), blocked });
    return this.isBlocked(device) === blocked ? null : "setting-invalid";
  }

  forget(device: DeviceId): AnyCode | null {
    if (!this.#of(device)) return "device-unknown";
    this.keep.write(this.keep.read().filter((one) => one.device !== device));
    return null;
  }

  #of(device: DeviceId): Remembered | undefined {
    return this.#index().byDevice.get(device);
  }

  /** A list may hold ten thousand people, and each is looked up: made anew only when the memory has changed. */
  #index(): Index {
    const devices = this.keep.read();
    if (this.#indexed.of === devices) return this.#indexed;
    const byName = new Map<string, Remembered[]>();
    // Whom one knows best first.
    const met = devices.filter((one) => one.met);
    met.sort((a, b) => Number(b.verified) - Number(a.verified) || b.lastMet - a.lastMet);
    for (const one of met)
      for (const name of new Set([plain(one.keptName), plain(one.ownName ?? "")]))
        byName.set(name, [...(byName.get(name) ?? []), one]);
    this.#indexed = { of: devices, byDevice: new Map(devices.map((one) => [one.device, one])), byName };
    return this.#indexed;
  }

  /** Another's name is the worse of the two. */
  #warning(known: Remembered | undefined, device: DeviceId, said: string): NameWarning | null {
    const name = plain(said);
    // The person knows them under just this name, whoever else has it too.
    if (known && [plain(known.keptName), plain(known.ownName ?? ""), ""].includes(name)) return null;
    const by =
      name === ""
        ? undefined
        : this.#index()
            .byName.get(name)
            ?.find((one) => one.device !== device);
    if (by) return { type: "taken", by: by.device, name: by.ownName ?? by.keptName };
    return known ? { type: "changed", from: known.keptName, to: fit(said, device) } : null;
  }

  /** In place of what was known. When it is full, who was not met for the longest time goes, never verified or blocked. */
  #put(next: Remembered): void {
    const devices = [next, ...this.keep.read().filter(({ device }) => device !== next.device)];
    if (devices.length > MAX_REMEMBERED) {
      const [oldest = next] = devices
        .filter(({ device, verified, blocked }) => device !== next.device && !verified && !blocked)
        .sort((a, b) => a.lastMet - b.lastMet);
      devices.splice(devices.indexOf(oldest), 1);
    }
    this.keep.write(devices);
  }
}

/** What of stored JSON is a memory; anything else there is dropped. */
export function parse(stored: unknown): Remembered[] {
  if (!Array.isArray(stored)) return [];
  return stored.filter(isRemembered).slice(0, MAX_REMEMBERED);
}

function isRemembered(one: unknown): one is Remembered {
  if (typeof one !== "object" || one === null) return false;
  const { device, met, verified, blocked, keptName, ownName, saidName, firstMet, lastMet } = one as Record<
    string,
    unknown
  >;
  return (
    [device, keptName, saidName].every((text) => typeof text === "string") &&
    [met, verified, blocked].every((flag) => typeof flag === "boolean") &&
    [firstMet, lastMet].every((time) => typeof time === "number") &&
    (ownName === null || typeof ownName === "string")
  );
}

function stranger(device: DeviceId, said: string, now: number): Remembered {
  const name = fit(said, device);
  return {
    device,
    met: false,
    verified: false,
    blocked: false,
    keptName: name,
    ownName: null,
    saidName: name,
    firstMet: now,
    lastMet: now,
  };
}

/** What of a stranger stays when they are met. */
function pick(row: Remembered | undefined): Partial<Remembered> {
  return row ? { blocked: row.blocked, ownName: row.ownName } : {};
}

function trustIn(known: Remembered | undefined): Trust {
  if (known?.verified) return "verified";
  return known?.met ? "met" : "stranger";
}

/** A name without what nobody means by it. */
function plain(name: string): string {
  const seen = name.normalize("NFKC").replace(/[\p{Default_Ignorable_Code_Point}\u2800\s]/gu, "");
  // By way of the upper case, so that letters with several small forms become one.
  return seen.toUpperCase().toLowerCase().normalize("NFC");
}

/** A name that is fit to be kept and shown: as it is, or else the beginning of the device id. */
function fit(said: string, device: DeviceId): string {
  const name = said.trim();
  return isName(name) && plain(name) !== "" ? name : device.slice(0, 13).toUpperCase();
}

/** As `Person::check` (protocol/src/person.rs). */
function isName(name: string): boolean {
  return (
    name !== "" &&
    [...name].length <= LIMITS.MAX_NAME_CHARS &&
    utf8(name).length <= LIMITS.MAX_NAME_BYTES &&
    !/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(name)
  );
}
