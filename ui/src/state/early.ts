/** What is told of a room or a ring before the answer that names it has been read. Bounded; the oldest go. */
import type { RoomEvent } from "../call/call";
import { LIMITS, type RingEnd, type RingId, type RoomId } from "../gen/protocol";

export class EarlyEvents {
  #rooms: RoomEvent[] = [];
  #rings: { ring: RingId; end: RingEnd }[] = [];

  keepRoom(event: RoomEvent): void {
    this.#rooms = [...this.#rooms, event].slice(-LIMITS.MAX_QUEUE);
  }

  /** In the order they came. */
  takeRoom(room: RoomId): RoomEvent[] {
    const kept = this.#rooms.filter((event) => event.room === room);
    this.#rooms = [];
    return kept;
  }

  keepRingEnd(ring: RingId, end: RingEnd): void {
    this.#rings = [...this.#rings, { ring, end }].slice(-LIMITS.MAX_OPEN_RINGS);
  }

  takeRingEnd(ring: RingId): RingEnd | null {
    const kept = this.#rings.find((one) => one.ring === ring);
    this.#rings = [];
    return kept?.end ?? null;
  }

  clear(): void {
    this.#rooms = [];
    this.#rings = [];
  }
}
