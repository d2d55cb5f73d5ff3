/** Who is rung into the call that is on. */
import { codeOf, type Backend } from "../backend/types";
import type { DeviceId, Media, RingEnd, RingId, RoomRef } from "../gen/protocol";
import type { AnyCode, AppState, Invited, PersonEntry } from "./contract";
import { EarlyEvents } from "./early";

/** The call's room, and how its people talk. */
export interface InvitedTo {
  room: RoomRef;
  media: Media;
}

export interface InvitingOptions {
  app: AppState;
  backend: Pick<Backend, "request">;
  /** Null while there is no room. */
  room(): InvitedTo | null;
  notify(code: AnyCode, name: string): void;
}

export class Inviting {
  readonly #rings = new Map<RingId, DeviceId>();
  readonly #early = new EarlyEvents();
  #dialling = 0;

  constructor(private readonly options: InvitingOptions) {}

  /** Rings somebody into the room; who is in it or rings already stays as they are. */
  async invite(to: PersonEntry): Promise<void> {
    const { app, backend, notify } = this.options;
    const into = this.options.room();
    const inside = app.call?.peers.some(({ device }) => device === to.device) ?? true;
    if (!into || inside || this.#find(to.device)?.stage === "ringing") return;
    const { room, media } = into;
    this.#set({ device: to.device, name: to.standing?.name ?? to.person.name, stage: "ringing" });
    this.#dialling += 1;
    try {
      // The door is open to whom we ring, however it stands otherwise.
      await backend.request({ type: "admit", room: room.room, device: to.device });
      const reply = await backend.request({ type: "ring", to: to.device, room, media });
      if (reply.type !== "ring") return;
      if (this.#find(to.device)?.stage !== "ringing" || this.options.room()?.room.room !== room.room) {
        await this.#cancel(reply.ring);
        return;
      }
      this.#rings.set(reply.ring, to.device);
      const ended = this.#early.takeRingEnd(reply.ring);
      if (ended) this.ended(reply.ring, ended);
    } catch (error) {
      this.#set({ device: to.device, name: to.person.name, stage: "gone" });
      notify(codeOf(error), to.person.name);
    } finally {
      this.#dialling -= 1;
    }
  }

  /** Takes an invitation back, or its end off the list. */
  async withdraw(device: DeviceId): Promise<void> {
    this.#forget(device);
    const found = [...this.#rings].find(([, one]) => one === device);
    if (!found) return;
    this.#rings.delete(found[0]);
    await this.#cancel(found[0]);
  }

  /** Whether the ring was one of these. */
  ended(ring: RingId, end: RingEnd): boolean {
    const device = this.#rings.get(ring);
    if (device === undefined) {
      if (this.#dialling > 0) this.#early.keepRingEnd(ring, end);
      return false;
    }
    this.#rings.delete(ring);
    const invited = this.#find(device);
    if (!invited) return true;
    if (end.type === "accepted") this.#forget(device);
    else if (end.type !== "cancelled") this.#set({ ...invited, ...messageOf(end), stage: end.type });
    return true;
  }

  /** They are in the room. */
  came(device: DeviceId): void {
    this.#forget(device);
  }

  /** The call is over: nobody is rung into it any more. */
  clear(): void {
    const rings = [...this.#rings.keys()];
    this.#rings.clear();
    this.#early.clear();
    for (const ring of rings) void this.#cancel(ring);
  }

  async #cancel(ring: RingId): Promise<void> {
    try {
      await this.options.backend.request({ type: "cancel-ring", ring });
    } catch {
      // It has ended already, or its hub is gone: it rings no more.
    }
  }

  #find(device: DeviceId): Invited | undefined {
    return this.options.app.call?.invited.find((one) => one.device === device);
  }

  #set(invited: Invited): void {
    const { call } = this.options.app;
    if (!call) return;
    const index = call.invited.findIndex(({ device }) => device === invited.device);
    if (index < 0) call.invited.push(invited);
    else call.invited[index] = invited;
  }

  #forget(device: DeviceId): void {
    const { call } = this.options.app;
    if (call) call.invited = call.invited.filter((one) => one.device !== device);
  }
}

function messageOf(end: RingEnd): Pick<Invited, "message"> {
  return end.type === "declined" && end.message !== undefined ? { message: end.message } : {};
}
