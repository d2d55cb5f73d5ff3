/**
 * What was said in a call, as it is known here. Each message is its author's and an id of theirs; one that came from its
 * author is never changed by what others tell. Bounded: of whoever wrote, or told, the most the oldest goes first, so
 * that nobody can push out what the others said.
 */
import { LIMITS, type ChatReaction, type DeviceId } from "../../gen/protocol";
import { utf8 } from "../../trust/bytes";

/** What a message takes beside its text, in bytes, by and large. */
const OWN_SIZE = 256;

export interface Line {
  readonly from: DeviceId;
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** ms since 1970, by this machine's clock. */
  readonly at: number;
  /** Who says that it was said; null: its author. */
  readonly told: { readonly by: DeviceId; readonly name: string } | null;
}

export interface Reacted {
  readonly from: DeviceId;
  readonly author: DeviceId;
  readonly id: string;
  readonly reaction: ChatReaction;
  /** Who says so; null: they themselves. */
  readonly told: DeviceId | null;
}

export function keyOf(author: DeviceId, id: string): string {
  return `${author} ${id}`;
}

export class Log {
  /** By key. */
  readonly #lines = new Map<string, Line & { size: number }>();
  /** By reacting device, message and reaction. */
  readonly #reactions = new Map<string, Reacted>();
  /** How many reactions each has said. */
  readonly #said = new Map<DeviceId, number>();
  #size = 0;
  /** Something had to go. */
  cut = false;

  /** `new`, `confirmed` (told before, now by its author), or `known`. */
  add(line: Line): "new" | "confirmed" | "known" {
    const key = keyOf(line.from, line.id);
    const before = this.#lines.get(key);
    if (before && (before.told === null || line.told !== null)) return "known";
    if (before) this.#drop(key);
    const size = utf8(line.text).length + OWN_SIZE;
    this.#lines.set(key, { ...line, size });
    this.#size += size;
    this.#tidy();
    return before ? "confirmed" : "new";
  }

  has(author: DeviceId, id: string): boolean {
    return this.#lines.has(keyOf(author, id));
  }

  /** In the order of their times. */
  lines(): Line[] {
    return [...this.#lines.values()].sort(
      (one, other) => one.at - other.at || (keyOf(one.from, one.id) < keyOf(other.from, other.id) ? -1 : 1),
    );
  }

  reactions(): Reacted[] {
    return [...this.#reactions.values()];
  }

  /** Also to a message that is not here yet: it may be on its way. */
  react(one: Reacted, on: boolean): void {
    const key = `${one.from} ${keyOf(one.author, one.id)} ${one.reaction}`;
    const before = this.#reactions.get(key);
    if (before && one.told !== null) return;
    if (before) {
      this.#reactions.delete(key);
      this.#count(before, -1);
    }
    if (!on) return;
    if ((this.#said.get(one.told ?? one.from) ?? 0) >= LIMITS.MAX_CHAT_REACTIONS) return;
    this.#reactions.set(key, one);
    this.#count(one, 1);
  }

  /** All that somebody reacts to now, by their own word. */
  setReactions(from: DeviceId, now: readonly Reacted[]): void {
    for (const one of this.reactions()) if (one.from === from) this.react({ ...one, told: null }, false);
    for (const one of now) this.react(one, true);
  }

  #count({ told, from }: Reacted, by: number): void {
    const who = told ?? from;
    this.#said.set(who, (this.#said.get(who) ?? 0) + by);
  }

  #drop(key: string): void {
    this.#size -= this.#lines.get(key)?.size ?? 0;
    this.#lines.delete(key);
  }

  #tidy(): void {
    while (this.#lines.size > LIMITS.MAX_CHAT_HISTORY || this.#size > LIMITS.MAX_CHAT_BYTES) {
      // What somebody tells of others is theirs, whoever is said to have written it.
      const sizes = new Map<string, number>();
      const whose = ({ told, from }: Line): string => (told === null ? from : `told ${told.by}`);
      for (const line of this.#lines.values())
        sizes.set(whose(line), (sizes.get(whose(line)) ?? 0) + line.size);
      const [most] = [...sizes].sort(([, one], [, other]) => other - one)[0] ?? [];
      const oldest = this.lines().find((line) => whose(line) === most);
      if (!oldest) return;
      this.#drop(keyOf(oldest.from, oldest.id));
      this.cut = true;
    }
  }
}
