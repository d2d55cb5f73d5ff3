/** Hands in the list of people: those that are up first, whoever raised one first at the top. */
export function handsFirst<One>(all: readonly One[], handOf: (one: One) => number | null): One[] {
  const up = all.filter((one) => handOf(one) !== null);
  up.sort((one, other) => (handOf(one) ?? 0) - (handOf(other) ?? 0));
  return [...up, ...all.filter((one) => handOf(one) === null)];
}
