/** From tile to tile by the arrow keys. */
import type { Placed } from "./arrange";
import type { Key } from "./stage";

/** The tile that an arrow key leads to from `from`; null where there is none, and for other keys. */
export function neighbour(placed: readonly Placed[], from: Key, key: string): Key | null {
  const here = placed.find((one) => one.key === from);
  if (here === undefined) return null;
  let found: Key | null = null;
  let nearest = Infinity;
  for (const other of placed) {
    const dx = other.x + other.width / 2 - (here.x + here.width / 2);
    const dy = other.y + other.height / 2 - (here.y + here.height / 2);
    const way = along(key, dx, dy);
    if (other.key === from || way === null || way.ahead < 1) continue;
    // Straight ahead before slantwise.
    const distance = way.ahead + 2 * Math.abs(way.aside);
    if (distance < nearest) {
      nearest = distance;
      found = other.key;
    }
  }
  return found;
}

function along(key: string, dx: number, dy: number): { ahead: number; aside: number } | null {
  switch (key) {
    case "ArrowRight":
      return { ahead: dx, aside: dy };
    case "ArrowLeft":
      return { ahead: -dx, aside: dy };
    case "ArrowDown":
      return { ahead: dy, aside: dx };
    case "ArrowUp":
      return { ahead: -dy, aside: dx };
    default:
      return null;
  }
}
