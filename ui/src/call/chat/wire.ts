/** What goes over the data channel `chat`, read with suspicion: PROTOCOL.md, "Chat". */
import { LIMITS, type ChatMessage, type ChatReaction } from "../../gen/protocol";
import type { PastMessage, PastReaction } from "../../gen/protocol";
import { utf8 } from "../../trust/bytes";
import { chars, clean, cleanName } from "./text";

export const REACTIONS = ["yes", "heart", "laugh", "party", "done"] as const satisfies ChatReaction[];

/** For what stands around the parts of an answer, bytes. */
const FRAME = 256;

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** 16 bytes and 32, in base32. */
function isId(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{26}$/.test(value);
}
function isDevice(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{52}$/.test(value);
}
function isReaction(value: unknown): value is ChatReaction {
  return REACTIONS.some((one) => one === value);
}

/** The text that can be shown, or null. */
function wordsOf(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 2 * LIMITS.MAX_CHAT_CHARS) return null;
  const text = clean(value);
  return text !== "" && chars(text) <= LIMITS.MAX_CHAT_CHARS ? text : null;
}

function pastMessage(value: unknown): PastMessage | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, from, name, text, at } = value as Record<string, unknown>;
  const words = wordsOf(text);
  if (!isId(id) || !isDevice(from) || typeof name !== "string" || !isTime(at) || words === null) return null;
  if (name.length > LIMITS.MAX_NAME_BYTES || chars(name) > LIMITS.MAX_NAME_CHARS) return null;
  return { id, from, name: cleanName(name), text: words, at };
}

function pastReaction(value: unknown): PastReaction | null {
  if (typeof value !== "object" || value === null) return null;
  const { from, author, id, reaction } = value as Record<string, unknown>;
  return isDevice(from) && isDevice(author) && isId(id) && isReaction(reaction)
    ? { from, author, id, reaction }
    : null;
}

/** What can be read of a list; what cannot is left out. */
function each<T>(values: readonly unknown[], read: (value: unknown) => T | null): T[] {
  return values.map(read).filter((one) => one !== null);
}

/** The message, or null for what is none. */
export function read(data: string): ChatMessage | null {
  if (data.length > LIMITS.MAX_MESSAGE_BYTES) return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { type, ...rest } = value as Record<string, unknown>;
  switch (type) {
    case "text": {
      const { id, at } = rest;
      const text = wordsOf(rest["text"]);
      return isId(id) && isTime(at) && text !== null ? { type, id, text, at } : null;
    }
    case "react": {
      const { author, id, reaction, on } = rest;
      return isDevice(author) && isId(id) && isReaction(reaction) && typeof on === "boolean"
        ? { type, author, id, reaction, on }
        : null;
    }
    case "history-wanted":
      return typeof rest["all"] === "boolean" ? { type, all: rest["all"] } : null;
    case "history": {
      const { now, messages, reactions, last } = rest;
      if (!isTime(now) || !Array.isArray(messages) || !Array.isArray(reactions) || typeof last !== "boolean")
        return null;
      return {
        type,
        now,
        messages: each(messages, pastMessage),
        reactions: each(reactions, pastReaction),
        last,
      };
    }
    default:
      return null;
  }
}

type Part = Extract<ChatMessage, { type: "history" }>;

/** An answer in as many parts as it takes; at least one. */
export function parts(
  now: number,
  messages: readonly PastMessage[],
  reactions: readonly PastReaction[],
): Part[] {
  const all: Part[] = [];
  let room = 0;
  const fit = (item: PastMessage | PastReaction): Part => {
    const size = utf8(JSON.stringify(item)).length + 1;
    let part = all.at(-1);
    if (part === undefined || size > room) {
      part = { type: "history", now, messages: [], reactions: [], last: false };
      all.push(part);
      room = LIMITS.MAX_MESSAGE_BYTES - FRAME;
    }
    room -= size;
    return part;
  };
  for (const message of messages) fit(message).messages.push(message);
  for (const reaction of reactions) fit(reaction).reactions.push(reaction);
  const last = all.at(-1);
  if (last === undefined) return [{ type: "history", now, messages: [], reactions: [], last: true }];
  last.last = true;
  return all;
}
