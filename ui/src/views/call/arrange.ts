/** Where the tiles of a call lie: all at one size, or one large and the others beside or under it. CSS px. */
import { capacity, GAP, grid, largest, WIDEST, type Size } from "./grid";
import { isScreen, type Key } from "./stage";

export interface Box extends Size {
  x: number;
  y: number;
}

export interface Placed extends Box {
  key: Key;
  part: "grid" | "large" | "side";
}

export interface Arrangement {
  /** Only what is in sight. */
  placed: Placed[];
  pages: number;
  /** The page in sight, from 0. */
  page: number;
  /** Where one turns the pages; null when there is one page. */
  pager: (Box & { upright: boolean }) | null;
}

/** What the buttons that turn pages take: a row below, or a column at the end where there is little height. */
const PAGER = 40;
const FLAT = 200;
/** Those beside the large one are narrower than it by this at least. */
const SMALLER = 0.55;
/** In a window smaller than this, the large one is alone. */
const TINY: Size = { width: 360, height: 260 };

/** Everybody at the same size. */
export function even(keys: readonly Key[], space: Size, page: number): Arrangement {
  return paged(keys, { x: 0, y: 0, ...space }, page, "grid");
}

/** `key` large, and `others` beside it, or under it where that leaves it larger. */
export function besides(key: Key, others: readonly Key[], space: Size, page: number): Arrangement {
  const { large, rest } = split(key, others.length, space);
  const box = isScreen(key) ? large : centred(largest(large), large);
  const arrangement =
    rest === null
      ? { placed: [], pages: 1, page: 0, pager: null }
      : paged(others, rest, page, "side", box.width * SMALLER);
  return { ...arrangement, placed: [{ key, part: "large", ...box }, ...arrangement.placed] };
}

/** How many of `count` others are in sight beside a large `key`. */
export function inSight(key: Key, count: number, space: Size): number {
  const { rest } = split(key, count, space);
  return rest === null ? 0 : shares(count, rest).each;
}

function split(key: Key, count: number, space: Size): { large: Box; rest: Box | null } {
  const { width, height } = space;
  const whole = { x: 0, y: 0, width, height };
  if (count === 0 || (width < TINY.width && height < TINY.height)) return { large: whole, rest: null };
  // The others get what the large one cannot use, and a little of what it could.
  const across = Math.min(
    width / 2,
    Math.max(between(0.18 * width, 120, 640), width - GAP - height * WIDEST),
  );
  const down = Math.max(between(0.2 * height, 64, 360), height - GAP - width / WIDEST);
  const beside: Box = { ...whole, width: width - GAP - across };
  const above: Box = { ...whole, height: Math.max(0, height - GAP - down) };
  return seen(key, beside) >= seen(key, above)
    ? { large: beside, rest: { x: width - across, y: 0, width: across, height } }
    : { large: above, rest: { x: 0, y: height - down, width, height: down } };
}

/** How much of a box a picture can use. */
function seen(key: Key, box: Size): number {
  const { width, height } = largest(box);
  return isScreen(key) ? width * Math.min(box.height, width / WIDEST) : width * height;
}

/** The space for tiles, how many of them a page holds, and where the pages are turned. */
function shares(count: number, box: Box): { tiles: Box; each: number; pager: Arrangement["pager"] } {
  if (capacity(count, box) === count || count === 0) return { tiles: box, each: count, pager: null };
  const upright = box.height < FLAT;
  const tiles: Box = upright
    ? { ...box, width: box.width - PAGER - GAP }
    : { ...box, height: box.height - PAGER - GAP };
  const pager: Box = upright
    ? { ...box, x: box.x + box.width - PAGER, width: PAGER }
    : { ...box, y: box.y + box.height - PAGER, height: PAGER };
  return { tiles, each: capacity(count, tiles), pager: { ...pager, upright } };
}

function paged(
  keys: readonly Key[],
  box: Box,
  wanted: number,
  part: Placed["part"],
  most = Infinity,
): Arrangement {
  const { tiles, each, pager } = shares(keys.length, box);
  const pages = Math.max(1, Math.ceil(keys.length / Math.max(1, each)));
  const page = between(wanted, 0, pages - 1);
  const shown = keys.slice(page * each, (page + 1) * each);
  // The last page's tiles are as large as the others'.
  const { columns, width, height } = grid(each, tiles, most);
  const rows = Math.ceil(shown.length / columns);
  const block = centred({ width: 0, height: rows * (height + GAP) - GAP }, tiles);
  const placed = shown.map((key, at): Placed => {
    const row = Math.floor(at / columns);
    const inRow = Math.min(columns, shown.length - row * columns);
    const line = centred({ width: inRow * (width + GAP) - GAP, height }, tiles);
    return {
      key,
      part,
      x: line.x + (at % columns) * (width + GAP),
      y: block.y + row * (height + GAP),
      width,
      height,
    };
  });
  return { placed, pages, page, pager };
}

function centred(size: Size, box: Box): Box {
  return { x: box.x + (box.width - size.width) / 2, y: box.y + (box.height - size.height) / 2, ...size };
}

function between(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
