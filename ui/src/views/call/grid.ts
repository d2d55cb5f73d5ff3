/** Tiles of the same size in rows and columns. All sizes are CSS px. */

/** Between two tiles. */
export const GAP = 8;
/** A tile is no wider than a camera's picture, and no narrower than what still shows a face and its surroundings. */
export const WIDEST = 16 / 9;
const NARROWEST = 4 / 3;
/** Anything narrower is a stamp, even in the smallest window. */
const STAMP = 112;
/** Where there is room for it, nobody is shown narrower than this. */
const USEFUL = 160;

export interface Size {
  width: number;
  height: number;
}

export interface Grid extends Size {
  /** At least 1. */
  columns: number;
  rows: number;
}

/** The columns that show `count` tiles largest in a space, none wider than `most`, and the size of one tile. */
export function grid(count: number, space: Size, most = Infinity): Grid {
  let best: Grid = { columns: 1, rows: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const tile = largest({
      width: Math.min(most, (space.width - GAP * (columns - 1)) / columns),
      height: (space.height - GAP * (rows - 1)) / rows,
    });
    // Side by side rather than stacked, where both are as large.
    if (tile.width * tile.height >= best.width * best.height) best = { columns, rows, ...tile };
  }
  return best;
}

/** The largest tile that fits into `space` and is neither too wide nor too narrow. */
export function largest(space: Size): Size {
  const width = Math.max(0, Math.min(space.width, space.height * WIDEST));
  return { width, height: Math.max(0, Math.min(space.height, width / NARROWEST)) };
}

/** How many of `count` tiles a page of `space` shows at a useful size; at least 1. */
export function capacity(count: number, space: Size): number {
  const least = Math.max(STAMP, Math.min(USEFUL, (space.width - GAP) / 2));
  for (let fits = count; fits > 1; fits--) {
    const { width, height } = grid(fits, space);
    if (width >= least && height >= least / WIDEST) return fits;
  }
  return 1;
}
