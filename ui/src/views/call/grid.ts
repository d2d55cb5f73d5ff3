/** How many columns show `count` pictures of 16 to 9 largest in a space of `width` to `height`. At least 1. */
export function columns(count: number, width: number, height: number): number {
  let best = 1;
  let largest = 0;
  for (let across = 1; across <= count; across++) {
    const down = Math.ceil(count / across);
    const size = Math.min(width / across, (height / down) * (16 / 9));
    // Side by side rather than stacked, where both are as large.
    if (size >= largest) {
      largest = size;
      best = across;
    }
  }
  return best;
}
