/** Who is on the stage of a call, who of them is large, and in which order the others stand beside. */
import type { Spotlight } from "../../call/gestures";
import type { DeviceId } from "../../gen/protocol";

export type Layout = "grid" | "speaker";
/** A tile: somebody, somebody's screen, or oneself. */
export type Key = `person:${DeviceId}` | `screen:${DeviceId}` | "own";

export const personKey = (device: DeviceId): Key => `person:${device}`;
export const screenKey = (device: DeviceId): Key => `screen:${device}`;
export const isScreen = (key: Key): boolean => key.startsWith("screen:");
/** Whose tile it is; null for one's own. */
export const deviceOf = (key: Key): DeviceId | null =>
  key === "own" ? null : key.slice(key.indexOf(":") + 1);

/** What the person chose in this call. */
export interface Choice {
  layout: Layout;
  pinned: Key | null;
  ownHidden: boolean;
  /** Screens that were there when everybody was wanted at the same size: they are one tile of many. */
  aside: readonly Key[];
}

export const START: Choice = { layout: "grid", pinned: null, ownHidden: false, aside: [] };

/** The tile that the host shows to everyone; mine is never large to me. */
export function litKey(spotlight: Spotlight | null, me: DeviceId | undefined): Key | null {
  if (spotlight === null) return null;
  const { device, screen } = spotlight;
  if (device === me) return screen ? null : "own";
  return screen ? screenKey(device) : personKey(device);
}

/**
 * The person asks for a layout, which also lets go of what is pinned.
 * @param screens and whoever else would be large by themselves
 */
export function choose(choice: Choice, layout: Layout, screens: readonly Key[]): Choice {
  return { ...choice, layout, pinned: null, aside: layout === "grid" ? [...screens] : [] };
}

/** Pins `key`, or lets go of it when it is pinned. Oneself cannot be pinned. */
export function pin(choice: Choice, key: Key): Choice {
  if (key === "own") return choice;
  return { ...choice, pinned: choice.pinned === key ? null : key };
}

/**
 * Forgets what was said of tiles that are gone: a screen that is shared anew is a new one, and so is a spotlight.
 * @param lit whom the host shows to everyone now
 */
export function tidy(choice: Choice, present: readonly Key[], lit: Key | null = null): Choice {
  const pinned = choice.pinned !== null && present.includes(choice.pinned) ? choice.pinned : null;
  const aside = choice.aside.filter((key) => present.includes(key) && (isScreen(key) || key === lit));
  if (pinned === choice.pinned && aside.length === choice.aside.length) return choice;
  return { ...choice, pinned, aside };
}

/** The screens that are shared, the latest first; `before` is the last answer. */
export function latestFirst(before: readonly Key[], now: readonly Key[]): Key[] {
  const fresh = now.filter((key) => !before.includes(key));
  return [...fresh.reverse(), ...before.filter((key) => now.includes(key))];
}

/**
 * What is shown large; null: everybody is shown at the same size. What one has pinned oneself comes first, then `lit`, whom
 * the host shows to everyone.
 */
export function largeOf(
  choice: Choice,
  screens: readonly Key[],
  people: readonly Key[],
  speaker: DeviceId | null,
  lit: Key | null = null,
): Key | null {
  const { pinned, aside, layout } = choice;
  const isThere = (key: Key): boolean => screens.includes(key) || people.includes(key);
  if (pinned !== null && isThere(pinned)) return pinned;
  if (lit !== null && isThere(lit) && !aside.includes(lit)) return lit;
  const screen = screens.find((key) => !aside.includes(key));
  if (screen !== undefined) return screen;
  if (layout === "grid") return null;
  const speaking = speaker === null ? null : personKey(speaker);
  return speaking !== null && people.includes(speaking) ? speaking : (people[0] ?? null);
}

/** What a small window shows: the first of `wished` that has a picture. */
export function popTarget(wished: readonly (Key | null)[], hasPicture: (key: Key) => boolean): Key | null {
  return wished.find((key): key is Key => key !== null && hasPicture(key)) ?? null;
}

/** The order of those beside the large one, and who was large when it was made. */
export interface Seats {
  order: readonly Key[];
  large: Key | null;
}

export const EMPTY: Seats = { order: [], large: null };

/**
 * Seats people calmly: newcomers come last; when somebody takes the large place, the one who had it gets their seat,
 * and nobody else moves. `heard` is brought among the first `visible` seats, in place of the last one there.
 */
export function seat(
  before: Seats,
  people: readonly Key[],
  large: Key | null,
  heard: Key | null = null,
  visible = Infinity,
): Seats {
  const kept = before.order.filter((key) => people.includes(key));
  const order = [...kept, ...people.filter((key) => !kept.includes(key))];
  if (large !== before.large && large !== null && before.large !== null)
    swap(order, order.indexOf(large), order.indexOf(before.large));
  const beside = order.filter((key) => key !== large);
  const last = beside[visible - 1];
  if (heard !== null && beside.indexOf(heard) >= visible && last !== undefined)
    swap(order, order.indexOf(heard), order.indexOf(last));
  return { order, large };
}

function swap(order: Key[], one: number, other: number): void {
  const [a, b] = [order[one], order[other]];
  if (a === undefined || b === undefined) return;
  order[one] = b;
  order[other] = a;
}
