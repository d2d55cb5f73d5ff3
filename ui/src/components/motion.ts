/** How long a movement lasts, ms; none for people who want none. */
export function calm(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 180;
}
