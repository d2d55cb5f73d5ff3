/** The list of people: whoever is on the local network, and whoever a server lists. */
import type { DeviceId, NodeState } from "../gen/protocol";
import type { PersonEntry, Surface } from "./contract";

/** One device may be in several lists. */
export function keyOf(device: DeviceId, via: DeviceId | undefined): string {
  return `${device}@${via ?? ""}`;
}

/**
 * The heading of an entry's group.
 * @param title of the server that a guest visits
 */
export function groupOf(
  via: DeviceId | undefined,
  surface: Surface,
  title: string,
  node: NodeState | null,
): string | null {
  if (surface === "guest") return title;
  if (via === undefined) return null;
  return node?.server.type === "connected" && node.server.hub === via ? node.server.title : title;
}

/** What to call them. */
function shown({ standing, person }: PersonEntry): string {
  return standing?.name ?? person.name;
}

/** The local network first, then by group and name; the device decides between namesakes, so that nothing jumps. */
export function compare(a: PersonEntry, b: PersonEntry): number {
  if ((a.group === null) !== (b.group === null)) return a.group === null ? -1 : 1;
  return (
    (a.group ?? "").localeCompare(b.group ?? "") ||
    shown(a).localeCompare(shown(b), undefined, { sensitivity: "base", numeric: true }) ||
    (a.key < b.key ? -1 : 1)
  );
}

/** Puts `entry` where it belongs, in place of what was known of it. */
export function upsert(people: PersonEntry[], entry: PersonEntry): void {
  const at = people.findIndex(({ key }) => key === entry.key);
  if (at >= 0) people.splice(at, 1);
  const before = people.findIndex((other) => compare(entry, other) < 0);
  people.splice(before < 0 ? people.length : before, 0, entry);
}

export function remove(people: PersonEntry[], device: DeviceId, via: DeviceId | undefined): void {
  const key = keyOf(device, via);
  const at = people.findIndex((entry) => entry.key === key);
  if (at >= 0) people.splice(at, 1);
}
