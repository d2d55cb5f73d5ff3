/** What the memory of devices means for the eye: the name to show, and the marks beside it. */
import type { DeviceId, DeviceKind, KnownDevice, Person, Standing } from "../gen/protocol";

/** Somebody in a list, a ring or a call. */
export interface Somebody {
  person: Person;
  kind: DeviceKind;
  standing?: Standing;
}

/** What is shown beside a name; in this order. */
export type Mark = "verified" | "guest" | "unverified" | "blocked";

/** What to call them. */
export function nameOf(who: Pick<Somebody, "person" | "standing">): string {
  return who.standing?.name ?? who.person.name;
}

/** Nobody has said anything of them yet: a stranger under the name they give. */
export function standingOf(who: Pick<Somebody, "person" | "standing">): Standing {
  return who.standing ?? { name: who.person.name, trust: "stranger", blocked: false };
}

export function marksOf({ kind, standing }: Pick<Somebody, "kind" | "standing">): Mark[] {
  const marks: Mark[] = [];
  // A key that is gone with the page proves nothing about the next visit.
  if (kind === "transient") marks.push("unverified");
  else if (standing?.trust === "verified") marks.push("verified");
  if (kind === "guest") marks.push("guest");
  if (standing?.blocked === true) marks.push("blocked");
  return marks;
}

/** What a device is called now, or was called then. */
export function calledNow(known: readonly KnownDevice[], device: DeviceId, then: string): string {
  return known.find((one) => one.device === device)?.standing.name ?? then;
}
