/**
 * Every key that does something by itself, once: the sheet shows this table, the call's keys and its bar read it. Arrows
 * and Escape are taken where they are pressed, and stand here to be shown.
 */
import type { Key } from "../i18n/index.svelte";

type Words = Extract<Key, `keys.${string}`>;

export interface Shortcut {
  id: string;
  /** As `KeyboardEvent.key` has it, letters in upper case; null: more than one, `shown` names them. */
  key: string | null;
  /** What stands on the key, where that has to be put into words. */
  shown?: Words;
  text: Words;
}

export const CALL_KEYS = [
  { id: "microphone", key: "M", text: "keys.microphone" },
  { id: "talk", key: " ", shown: "keys.space", text: "keys.talk" },
  { id: "camera", key: "V", text: "keys.camera" },
  { id: "share", key: "S", text: "keys.share" },
  { id: "hand", key: "H", text: "keys.hand" },
  { id: "react", key: "E", text: "keys.react" },
  { id: "people", key: "P", text: "keys.people" },
  { id: "add", key: "A", text: "keys.add" },
  { id: "chat", key: "C", text: "keys.chat" },
  { id: "files", key: "D", text: "keys.files" },
  { id: "layout", key: "L", text: "keys.layout" },
  { id: "previous", key: "PageUp", shown: "keys.page-up", text: "keys.previous" },
  { id: "next", key: "PageDown", shown: "keys.page-down", text: "keys.next" },
  { id: "tiles", key: null, shown: "keys.arrows", text: "keys.tiles" },
  { id: "full", key: "F", text: "keys.full" },
  { id: "sheet", key: "?", text: "keys.sheet" },
  { id: "close", key: "Escape", shown: "keys.esc", text: "keys.close" },
] as const satisfies readonly Shortcut[];

export const LOBBY_KEYS = [
  { id: "search", key: null, shown: "keys.letters", text: "keys.search" },
  { id: "first", key: "Enter", shown: "keys.enter", text: "keys.first" },
  { id: "list", key: null, shown: "keys.arrows", text: "keys.list" },
  { id: "back", key: "Escape", shown: "keys.esc", text: "keys.back" },
  { id: "sheet", key: "?", text: "keys.sheet" },
] as const satisfies readonly Shortcut[];

export type CallKey = (typeof CALL_KEYS)[number]["id"];

/** What a key does in a call; null: nothing. */
export function inCall(key: string): CallKey | null {
  const pressed = [...key].length === 1 ? key.toUpperCase() : key;
  return CALL_KEYS.find((one) => one.key === pressed)?.id ?? null;
}

/** The letter of something in a call, for tooltips. */
export function letterOf(id: CallKey): string {
  return CALL_KEYS.find((one) => one.id === id)?.key ?? "";
}

/** Whether a key is taken by what has the focus: a field for text. */
export function isTyped(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.matches("input, textarea, select, [contenteditable]:not([contenteditable=false])")
  );
}
