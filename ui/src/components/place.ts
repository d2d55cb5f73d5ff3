/** Where a floating surface goes, and what is brought into sight. */

export type Side = "above" | "below";

/** Distance to the anchor and to the window's edges, px. */
const GAP = 8;

/** Puts `panel` (position: fixed, shown) beside `anchor`; on the other side where there is no room. */
export function place(
  panel: HTMLElement,
  anchor: Element,
  side: Side,
  align: "start" | "end",
  fit: boolean,
): void {
  const at = anchor.getBoundingClientRect();
  if (fit) panel.style.minWidth = `${Math.round(at.width)}px`;
  const { width, height } = panel.getBoundingClientRect();
  const below = at.bottom + GAP;
  const above = at.top - GAP - height;
  const roomBelow = below + height <= innerHeight - GAP;
  const roomAbove = above >= GAP;
  const top =
    side === "below" ? (roomBelow || !roomAbove ? below : above) : roomAbove || !roomBelow ? above : below;
  const left = align === "start" ? at.left : at.right - width;
  panel.style.left = `${Math.round(clamp(left, GAP, innerWidth - width - GAP))}px`;
  panel.style.top = `${Math.round(clamp(top, GAP, innerHeight - height - GAP))}px`;
}

/** Scrolls to what has just come, so that all of it is seen in a small window too. An attachment. */
export function bringIntoView(node: HTMLElement): void {
  node.scrollIntoView({ block: "nearest" });
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
