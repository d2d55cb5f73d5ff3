/**
 * The UI's words. `t` is reactive: a view that calls it shows the new language as soon as `setLanguage` is called.
 */
import type { Language } from "../gen/protocol";
import type { AnyCode } from "../state/contract";
import { en, type Catalogue, type Key } from "./en";
import { zhCN } from "./zh-CN";

export type { Key } from "./en";

/** A language that has a catalogue. */
export type Spoken = Exclude<Language, "system">;

export const CATALOGUES: Readonly<Record<Spoken, Catalogue>> = { en, "zh-CN": zhCN };

type Places<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Places<Rest> : never;
type PlacesOf<K extends Key> = (typeof en)[K] extends string
  ? Places<(typeof en)[K]>
  : "count" | Places<(typeof en)[K] extends { other: infer S } ? S : never>;
/** The values that a text needs: none for most. */
type Values<K extends Key> = [PlacesOf<K>] extends [never]
  ? []
  : [values: Record<PlacesOf<K>, string | number>];

let spoken = $state<Spoken>("en");

/** The language now spoken. */
export function language(): Spoken {
  return spoken;
}

/** Speaks `wanted`; `system` takes the first of `preferred` (BCP 47 tags, best first) that has a catalogue. */
export function setLanguage(wanted: Language, preferred?: readonly string[]): void {
  spoken = wanted === "system" ? fitting(preferred ?? navigator.languages) : wanted;
}

/** The catalogue that suits a reader of `preferred` best; English when none does. */
export function fitting(preferred: readonly string[]): Spoken {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "zh") return "zh-CN";
    if (base === "en") return "en";
  }
  return "en";
}

/** The text `key` in the language now spoken, its places filled. */
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  return fill(key, values[0]);
}

/** What `code` means for a person, and what to do next; with a name where the sentence has a place for one. */
export function errorText(code: AnyCode, name?: string): string {
  const named = `error-for.${code}`;
  if (name !== undefined && name !== "" && isKey(named)) return fill(named, { name });
  return fill(`error.${code}`);
}

/** The sentence for a quality's reason, which comes as plain text; an unknown one is 'measuring'. */
export function qualityText(reason: string, name: string): string {
  return fill(isKey(reason) && reason.startsWith("quality.") ? reason : "quality.unknown", { name });
}

function isKey(text: string): text is Key {
  return Object.hasOwn(en, text);
}

function fill(key: Key, values?: Readonly<Record<string, string | number>>): string {
  const text = CATALOGUES[spoken][key];
  let chosen: string;
  if (typeof text === "string") {
    chosen = text;
  } else {
    const form = new Intl.PluralRules(spoken).select(Number(values?.["count"] ?? 0));
    chosen = form === "one" ? text.one : text.other;
  }
  return chosen.replace(/\{([a-z]+)\}/g, (place, name: string) => String(values?.[name] ?? place));
}
