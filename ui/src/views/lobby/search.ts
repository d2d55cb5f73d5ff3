/** Search by typing anywhere. */
import { nameOf } from "../../components/standing";
import type { PersonEntry } from "../../state/contract";

/** Those whose name, own or kept, or line holds every word of `query`; names that begin with it come first. */
export function matching(people: readonly PersonEntry[], query: string): PersonEntry[] {
  const words = fold(query).split(/\s+/u).filter(Boolean);
  if (words.length === 0) return [...people];
  const found = people.filter((entry) => {
    const text = fold(`${nameOf(entry)} ${entry.person.name} ${entry.person.note}`);
    return words.every((word) => text.includes(word));
  });
  const begins = (entry: PersonEntry) => fold(nameOf(entry)).startsWith(words[0] ?? "");
  return [...found.filter(begins), ...found.filter((entry) => !begins(entry))];
}

/** A letter typed where nothing else takes it. */
export function isForSearch(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return false;
  if ([...event.key].length !== 1 || event.key === " ") return false;
  if (document.querySelector("dialog, [popover=auto]:popover-open") !== null) return false;
  const target = event.target;
  return !(
    target instanceof HTMLElement && target.matches("input, textarea, [contenteditable], [role=combobox]")
  );
}

/** Case and accents make no difference. */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLocaleLowerCase();
}
