/**
 * What a guest's browser remembers of other devices: whom it has talked to, under which name, whom it has verified or
 * blocked. The same rules as a node's memory, but for one: a node also finds names that only look alike (Cyrillic 'а' for
 * Latin 'a'). The tables for that are large, and a guest's page is fetched anew all the time: it compares names after
 * NFKC, case folding and collapsing space.
 */
import type { AnyCode } from "../state/contract";
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
  /** ms since 1970. */
  firstMet: number;
  lastMet: number;
}

/** A browser's storage is small. */
export const MAX_REMEMBERED = 200;

export class Memory {
  /** @param keep where it lies, and how it is written; what lay there before is read by `parse` */
  constructor(private readonly keep: { read(): readonly Remembered[]; write(devices: Remembered[]): void }) {}

  /** The ones met last first. */
  list(): Remembered[] {
    return [...this.keep.read()].sort((a, b) => b.lastMet - a.lastMet);
  }

  /** @param said the name that the device gives now */
  standing(device: DeviceId, said: string): Standing {
    const known = this.#of(device);
    const warning = this.#warning(known, device, said);
    return {
      name: known?.ownName ?? (known?.keptName || said),
      trust: trustIn(known),
      blocked: known?.blocked ?? false,
      ...(warning ? { warning } : {}),
    };
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
    const known = this.#of(device);
    if (known?.met) this.#put({ ...known, lastMet: now });
    else
      this.#put({
        ...(known ?? fresh(device)),
        met: true,
        keptName: said,
        firstMet: now,
        lastMet: now,
      });
  }

  verify(device: DeviceId, said: string, now: number): void {
    this.meet(device, said, now);
    const known = this.#of(device);
    if (known) this.#put({ ...known, verified: true });
  }

  /** Null, or why not. */
  rename(device: DeviceId, name: string | null): AnyCode | null {
    const known = this.#of(device);
    if (!known) return "device-unknown";
    const ownName = name?.trim() ?? null;
    if (ownName !== null && !isName(ownName)) return "name-invalid";
    this.#put({ ...known, ownName });
    return null;
  }

  /** @param said the name they give now, which is the right one from now on */
  acceptName(device: DeviceId, said: string): AnyCode | null {
    const known = this.#of(device);
    if (!known) return "device-unknown";
    this.#put({ ...known, keptName: said });
    return null;
  }

  block(device: DeviceId, said: string, blocked: boolean, now: number): AnyCode | null {
    const known = this.#of(device);
    if (!known && !blocked) return null;
    const next = { ...(known ?? { ...fresh(device), keptName: said, firstMet: now, lastMet: now }), blocked };
    // A stranger who is no longer blocked is as unknown as before.
    if (!next.met && !blocked) return this.forget(device);
    this.#put(next);
    return this.isBlocked(device) === blocked ? null : "store-failed";
  }

  forget(device: DeviceId): AnyCode | null {
    if (!this.#of(device)) return "device-unknown";
    this.keep.write(this.keep.read().filter((one) => one.device !== device));
    return null;
  }

  #of(device: DeviceId): Remembered | undefined {
    return this.keep.read().find((one) => one.device === device);
  }

  #warning(known: Remembered | undefined, device: DeviceId, said: string): NameWarning | null {
    if (known?.met && alike(said, known.keptName)) return null;
    const other = this.keep
      .read()
      .find(
        (one) =>
          one.met &&
          one.device !== device &&
          (alike(said, one.keptName) || (one.ownName !== null && alike(said, one.ownName))),
      );
    if (other) return { type: "taken", by: other.device, name: other.ownName ?? other.keptName };
    return known?.met ? { type: "changed", from: known.keptName, to: said } : null;
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
  const { device, met, verified, blocked, keptName, ownName, firstMet, lastMet } = one as Record<
    string,
    unknown
  >;
  return (
    [device, keptName].every((text) => typeof text === "string") &&
    [met, verified, blocked].every((flag) => typeof flag === "boolean") &&
    [firstMet, lastMet].every((time) => typeof time === "number") &&
    (ownName === null || typeof ownName === "string")
  );
}

function fresh(device: DeviceId): Remembered {
  const names = { keptName: "", ownName: null };
  return { device, ...names, met: false, verified: false, blocked: false, firstMet: 0, lastMet: 0 };
}

function trustIn(known: Remembered | undefined): Trust {
  if (known?.verified) return "verified";
  return known?.met ? "met" : "stranger";
}

function alike(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

function fold(name: string): string {
  // Upper case first: so also 'ß' and 'ss' are the same, as in Unicode's case folding.
  return name.normalize("NFKC").toUpperCase().toLowerCase().replace(/\s+/gu, " ").trim();
}

/** As `Person::check` (protocol/src/person.rs). */
function isName(name: string): boolean {
  return (
    name !== "" &&
    [...name].length <= LIMITS.MAX_NAME_CHARS &&
    new TextEncoder().encode(name).length <= LIMITS.MAX_NAME_BYTES &&
    !/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(name)
  );
}
