/** What stands in the call's bar, and what of it goes into "More" where the window is narrow. */
import type { Component } from "svelte";

/** A control beside microphone, camera and leaving. */
export interface BarItem {
  id: string;
  label: string;
  /** One letter, without Ctrl. */
  shortcut?: string | undefined;
  icon: Component<{ size?: number }>;
  look?: "plain" | "off" | "active";
  /** The higher, the longer it stays in a bar that gets narrower. */
  keep: number;
  /** How much is new there: a number beside the control, and a word for readers. */
  news?: { count: number; label: string } | undefined;
  /** Something goes on there: a ring around the control. */
  busy?: boolean;
  /** The id of the `Popover` or `Menu` that it opens, which stands elsewhere in the page; else `act`. */
  panel?: { id: string; kind: "dialog" | "menu"; open: boolean };
  act?: () => void;
}

/** Sizes in the bar, px. */
export interface Measures {
  /** Whether the names and the time have room beside the controls. */
  oneLine: boolean;
  pad: number;
  /** Between controls, and between them and leaving. */
  gap: number;
  apart: number;
  leave: number;
  /** Microphone and camera show an arrow for their devices. */
  arrows: boolean;
}

/** What is left for names and time beside the controls, at least. */
const ABOUT = 144;
const ARROW = 24;

/** @param width of the bar, @param height of the window, @param control a round control's width, px */
export function measure(width: number, height: number, control: number): Measures {
  const flat = height <= 300;
  const arrows = width >= 360 && !flat;
  if (width >= 960) return { oneLine: true, pad: 16, gap: flat ? 4 : 8, apart: 16, leave: 72, arrows };
  if (width >= 480) return { oneLine: false, pad: 12, gap: flat ? 4 : 8, apart: 16, leave: 56, arrows };
  if (width >= 340) return { oneLine: false, pad: 8, gap: 4, apart: 8, leave: 56, arrows };
  return { oneLine: false, pad: 4, gap: 2, apart: 4, leave: control, arrows };
}

/** Which items stay in the bar, in their order; the others go into "More". */
export function fitting<Item extends Pick<BarItem, "id" | "keep">>(
  items: readonly Item[],
  width: number,
  control: number,
  sizes: Measures,
): { shown: Item[]; away: Item[] } {
  const beside = sizes.oneLine ? 2 * (Math.max(sizes.leave, ABOUT) + sizes.apart) : sizes.leave + sizes.apart;
  const own = 2 * (control + (sizes.arrows ? ARROW : 0)) + sizes.gap;
  const step = control + sizes.gap;
  const places = Math.max(0, Math.floor((width - 2 * sizes.pad - beside - own) / step));
  if (items.length <= places) return { shown: [...items], away: [] };
  // "More" takes a place itself.
  const kept = new Set(
    [...items]
      .sort((one, other) => other.keep - one.keep)
      .slice(0, Math.max(0, places - 1))
      .map(({ id }) => id),
  );
  return { shown: items.filter(({ id }) => kept.has(id)), away: items.filter(({ id }) => !kept.has(id)) };
}

/** Does what the item is for, wherever it stands. */
export function press(item: Pick<BarItem, "panel" | "act">): void {
  if (item.panel) document.getElementById(item.panel.id)?.togglePopover();
  else item.act?.();
}
