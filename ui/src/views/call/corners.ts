/** Where one's own picture lies. */
export type Corner = "top-left" | "top-right" | "bottom-right" | "bottom-left";

const AROUND: readonly Corner[] = ["top-left", "top-right", "bottom-right", "bottom-left"];

/** The corner nearest to a point, given as shares (0 to 1) of the width and the height. */
export function nearest(x: number, y: number): Corner {
  return `${y < 0.5 ? "top" : "bottom"}-${x < 0.5 ? "left" : "right"}`;
}

/** Where an arrow key leads from `corner`; Enter and Space go around; null for other keys. */
export function step(corner: Corner, key: string): Corner | null {
  const [row, column] = corner.split("-") as ["top" | "bottom", "left" | "right"];
  switch (key) {
    case "ArrowLeft":
      return `${row}-left`;
    case "ArrowRight":
      return `${row}-right`;
    case "ArrowUp":
      return `top-${column}`;
    case "ArrowDown":
      return `bottom-${column}`;
    case "Enter":
    case " ":
      return AROUND[(AROUND.indexOf(corner) + 1) % AROUND.length] ?? corner;
    default:
      return null;
  }
}
