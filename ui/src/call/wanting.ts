/**
 * What is asked of somebody's pictures: no larger than they are shown here. Asked for at once where more is to be seen, and
 * after a moment where it is less: a glance at another window shall cost no picture.
 */
import { LIMITS, type Control, type DeviceId, type ShownSize } from "../gen/protocol";
import type { PictureLane } from "./adapt";
import type { Clock } from "./clock";

/** One of the pictures in sight. */
export interface InSight extends ShownSize {
  device: DeviceId;
  what: PictureLane;
}

/** So long less must be seen before less is asked for, ms. */
export const CALM = 1_000;
/** Between two messages, ms. */
export const GAP = 250;
/** What has not begun is asked for whole, so that its first picture need not be asked for. */
const WHOLE: ShownSize = { width: 65_535, height: 65_535 };

type Sizes = Record<PictureLane, ShownSize | null>;
const LANES = ["camera", "screen"] as const;
/** Nothing said, as they take it. */
const UNSAID: Sizes = { camera: WHOLE, screen: WHOLE };

/** Asks one participant. */
export class Wanting {
  readonly #clock: Clock;
  /** False while it cannot be said. */
  readonly #say: (message: Control) => boolean;
  #told = UNSAID;
  #target = UNSAID;
  /** Since when less is seen than was asked for, ms. */
  readonly #less: Record<PictureLane, number | null> = { camera: null, screen: null };
  #last = -Infinity;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, say: (message: Control) => boolean) {
    this.#clock = clock;
    this.#say = say;
  }

  put(sizes: Sizes): void {
    this.#target = sizes;
    const now = this.#clock.now();
    for (const lane of LANES)
      this.#less[lane] = isLess(sizes[lane], this.#told[lane]) ? (this.#less[lane] ?? now) : null;
    this.tell();
  }

  /** Says what is due; also once it can be said. */
  tell(): void {
    this.#cancel?.();
    this.#cancel = null;
    const now = this.#clock.now();
    const next = { ...this.#told };
    let due = Infinity;
    for (const lane of LANES) {
      const since = this.#less[lane];
      if (since === null || now - since >= CALM) next[lane] = this.#target[lane];
      else due = Math.min(due, since + CALM);
    }
    if (JSON.stringify(next) !== JSON.stringify(this.#told)) {
      if (now - this.#last < GAP) due = Math.min(due, this.#last + GAP);
      else if (this.#say(message(next))) {
        this.#told = next;
        this.#last = now;
        for (const lane of LANES) if (!isLess(this.#target[lane], next[lane])) this.#less[lane] = null;
      }
    }
    if (due < Infinity) this.#cancel = this.#clock.after(Math.max(1, due - now), () => this.tell());
  }

  stop(): void {
    this.#cancel?.();
  }
}

function isLess(one: ShownSize | null, other: ShownSize | null): boolean {
  if (one === null || other === null) return one === null && other !== null;
  const isMore = one.width > other.width || one.height > other.height;
  return !isMore && (one.width < other.width || one.height < other.height);
}

function message({ camera, screen }: Sizes): Control {
  return { type: "want", ...(camera && { camera }), ...(screen && { screen }) };
}

/** @param isShared whether they share a screen now */
export function sizesOf(device: DeviceId, seen: readonly InSight[], isShared: boolean): Sizes {
  const of = (lane: PictureLane): ShownSize | null => {
    const one = seen.find((each) => each.device === device && each.what === lane);
    return one ? { width: clamp(one.width), height: clamp(one.height) } : null;
  };
  return { camera: of("camera"), screen: isShared ? of("screen") : WHOLE };
}

function clamp(side: number): number {
  return Math.min(65_535, Math.max(1, Math.ceil(side)));
}

/** A tile is a large one from so many times the size of the smallest on. */
const LARGE = 2;

/**
 * Whose cameras are asked for where there are more people than a mesh can show: the large ones (who speaks, who is
 * pinned), then whoever spoke last; those who were seen stay before others.
 * @param spoke when somebody was last heard, ms; who never was is not in it
 */
export function chosen(
  seen: readonly InSight[],
  spoke: ReadonlyMap<DeviceId, number>,
  before: ReadonlySet<DeviceId>,
): Set<DeviceId> {
  const cameras = seen.filter(({ what }) => what === "camera");
  const least = Math.min(...cameras.map(area));
  const rank = (one: InSight): number[] => [
    area(one) >= LARGE * least ? area(one) : 0,
    spoke.get(one.device) ?? -1,
    Number(before.has(one.device)),
  ];
  const sorted = [...cameras].sort((a, b) => {
    const [ours, theirs] = [rank(a), rank(b)];
    const at = ours.findIndex((value, index) => value !== theirs[index]);
    return at < 0 ? 0 : (theirs[at] ?? 0) - (ours[at] ?? 0);
  });
  return new Set(sorted.slice(0, LIMITS.MAX_CAMERAS).map(({ device }) => device));
}

function area({ width, height }: ShownSize): number {
  return width * height;
}

/** What I ask of all in a call: the sum of it. */
export class Asking {
  #seen: readonly InSight[] | null = null;
  #chosen = new Set<DeviceId>();
  readonly #spoke = new Map<DeviceId, number>();

  shown(seen: readonly InSight[]): void {
    this.#seen = seen;
    this.#choose();
  }

  /** @returns whether others are asked for because of it */
  heard(device: DeviceId, now: number): boolean {
    this.#spoke.set(device, now);
    const before = this.#chosen;
    this.#choose();
    return [...this.#chosen].some((one) => !before.has(one));
  }

  /** null: nothing is known of what is shown, so nothing is asked. */
  of(device: DeviceId, isShared: boolean): Sizes | null {
    if (this.#seen === null) return null;
    const seen = this.#seen.filter(({ what }) => what === "screen" || this.#chosen.has(device));
    return sizesOf(device, seen, isShared);
  }

  /** In sight, but one too many. */
  isLeftOut(device: DeviceId): boolean {
    const isSeen = this.#seen?.some((one) => one.device === device && one.what === "camera") ?? false;
    return isSeen && !this.#chosen.has(device);
  }

  #choose(): void {
    if (this.#seen !== null) this.#chosen = chosen(this.#seen, this.#spoke, this.#chosen);
  }
}
