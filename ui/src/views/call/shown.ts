/** Whose pictures are in sight, and how large: what a picture out of sight costs need not be paid. */
import type { DeviceId } from "../../gen/protocol";
import type { Arrangement } from "./arrange";
import { deviceOf, isScreen, type Key } from "./stage";

export interface Shown {
  device: DeviceId;
  what: "camera" | "screen";
  /** Pixels of the screen. */
  width: number;
  height: number;
}

/** So long nothing must change before it is told, ms: a window's edge that is drawn changes it many times a second. */
export const SETTLED = 300;

/**
 * What is in sight of `placed`, ordered by device. `scale` is the number of the screen's pixels to one of CSS;
 * `popped` is the tile that is also shown in a window of its own, which is seen even when the page is `hidden`.
 */
export function shown(
  placed: Arrangement["placed"],
  scale: number,
  hidden: boolean,
  popped: { key: Key; width: number; height: number } | null,
): Shown[] {
  const seen = new Map<Key, Shown>();
  const add = (key: Key, width: number, height: number) => {
    const device = deviceOf(key);
    if (device === null) return;
    const before = seen.get(key);
    seen.set(key, {
      device,
      what: isScreen(key) ? "screen" : "camera",
      width: Math.max(before?.width ?? 0, Math.ceil(width * scale)),
      height: Math.max(before?.height ?? 0, Math.ceil(height * scale)),
    });
  };
  if (!hidden) for (const { key, width, height } of placed) add(key, width, height);
  if (popped !== null) add(popped.key, popped.width, popped.height);
  return [...seen.values()].sort((a, b) => compare(a.device, b.device) || compare(a.what, b.what));
}

/** Tells a value once it has settled, and only when it is another one than was told last. */
export class Settling<T> {
  #told: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #tell: (value: T) => void;

  constructor(tell: (value: T) => void) {
    this.#tell = tell;
  }

  put(value: T): void {
    clearTimeout(this.#timer);
    const text = JSON.stringify(value);
    if (text === this.#told) return;
    this.#timer = setTimeout(() => {
      this.#told = text;
      this.#tell(value);
    }, SETTLED);
  }

  /** Tells nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
