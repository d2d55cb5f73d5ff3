/** Keyboard movement inside menus and listboxes (WAI-ARIA APG): arrows, Home, End, and typing a name's beginning. */

/** Moves the focus among `items` for `event`; true when the key was used. */
export function rove(event: KeyboardEvent, items: readonly HTMLElement[]): boolean {
  if (items.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = target(event.key, at, items);
  if (next === undefined) return false;
  event.preventDefault();
  next.focus();
  return true;
}

function target(key: string, at: number, items: readonly HTMLElement[]): HTMLElement | undefined {
  const count = items.length;
  switch (key) {
    case "ArrowDown":
      return items[(at + 1) % count];
    case "ArrowUp":
      return items[at < 0 ? count - 1 : (at - 1 + count) % count];
    case "Home":
      return items[0];
    case "End":
      return items[count - 1];
  }
  if ([...key].length !== 1 || key === " ") return undefined;
  const letter = key.toLocaleLowerCase();
  const starts = (item: HTMLElement | undefined) =>
    (item?.textContent ?? "").trim().toLocaleLowerCase().startsWith(letter);
  for (let step = 1; step <= count; step++) {
    const item = items[(Math.max(at, -1) + step + count) % count];
    if (starts(item)) return item;
  }
  return undefined;
}
