/** The list of remembered devices, as it is shown. */
import type { KnownDevice } from "../../gen/protocol";
import { fold } from "../lobby/search";

/** Those whose name, own, kept or given, or short id holds every word of `query`; the blocked ones apart. */
export function found(
  known: readonly KnownDevice[],
  query: string,
): { blocked: KnownDevice[]; others: KnownDevice[] } {
  const words = fold(query).split(/\s+/u).filter(Boolean);
  const fitting = known.filter((one) => {
    const text = fold(`${one.standing.name} ${one.kept_name} ${one.short_id}`);
    return words.every((word) => text.includes(word));
  });
  return {
    blocked: fitting.filter((one) => one.standing.blocked),
    others: fitting.filter((one) => !one.standing.blocked),
  };
}
