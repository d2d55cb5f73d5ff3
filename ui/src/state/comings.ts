/** Who came and went in the call that is on, and why: what is shown for a moment. */
import type { DeviceId } from "../gen/protocol";
import type { AppState } from "./contract";
import type { ComingWhat } from "./meeting";

/** How many are kept. */
const KEPT = 8;
/** What somebody's own page says of their leaving, and what the room says, come one after the other; ms. */
const TOGETHER = 3_000;
const GONE: readonly ComingWhat[] = ["left", "lost", "removed", "refused"];

export class Comings {
  #id = 0;
  readonly #at = new Map<DeviceId, number>();

  constructor(private readonly options: { app: AppState; now(): number }) {}

  tell(what: ComingWhat, device: DeviceId, name: string): void {
    const { call } = this.options.app;
    if (!call) return;
    const now = this.options.now();
    const before = call.comings.findLast((one) => one.device === device);
    if (GONE.includes(what) && before && GONE.includes(before.what)) {
      const together = now - (this.#at.get(device) ?? 0) < TOGETHER;
      // The room knows better why: whoever is removed hangs up as well.
      if (together && what === "removed") before.what = what;
      if (together) return;
    }
    this.#at.set(device, now);
    call.comings = [...call.comings, { id: ++this.#id, device, name, what }].slice(-KEPT);
  }

  clear(): void {
    this.#at.clear();
  }
}
