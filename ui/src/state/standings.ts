/**
 * What my memory says of each device, as the views need it: from the node that tells its windows, or from the guest's own
 * memory. What a hub says of somebody's standing is never looked at.
 */
import { LIMITS, type DeviceId, type Person, type Presence, type Standing } from "../gen/protocol";
import type { Memory } from "../trust/memory";
import type { AppState } from "./contract";
import { compare } from "./people";

export class Standings {
  readonly #said = new Map<DeviceId, Standing>();

  /** @param memory a guest's; null where a node remembers */
  constructor(private readonly memory: Memory | null) {}

  of(device: DeviceId, person: Person): Standing {
    if (this.memory) return this.memory.standing(device, person.name);
    return this.#said.get(device) ?? { name: person.name, trust: "stranger", blocked: false };
  }

  /** The node says so. The one not heard of for the longest time goes. */
  hear(device: DeviceId, standing: Standing): void {
    if (this.memory) return;
    this.#said.delete(device);
    this.#said.set(device, standing);
    const [oldest] = this.#said.keys();
    if (this.#said.size > LIMITS.MAX_MEMBERS && oldest !== undefined) this.#said.delete(oldest);
  }

  /** A presence with the standing that holds here. */
  complete<P extends Presence>(presence: P): P {
    const { device, person, standing } = presence;
    if (this.memory) this.memory.heard(device, person.name);
    else if (standing) this.hear(device, standing);
    return { ...presence, standing: this.of(device, person) };
  }

  /** Writes what has changed into what is shown. */
  show(app: AppState): void {
    let isChanged = false;
    for (const entry of app.people) isChanged = this.#update(entry) || isChanged;
    if (isChanged) app.people = [...app.people].sort(compare);
    for (const { from } of app.incoming) this.#update(from);
    if (app.outgoing) this.#update(app.outgoing.to);
    for (const peer of app.call?.peers ?? []) this.#update(peer);
  }

  #update(shown: { device: DeviceId; person: Person; standing?: Standing }): boolean {
    const standing = this.of(shown.device, shown.person);
    if (JSON.stringify(shown.standing) === JSON.stringify(standing)) return false;
    shown.standing = standing;
    return true;
  }
}
