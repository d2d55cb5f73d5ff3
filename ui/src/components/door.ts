/** What a meeting's door means. */
import type { Door } from "../gen/protocol";
import { t } from "../i18n/index.svelte";

export const DOORS: readonly Door[] = ["open", "knock", "locked"];

export function doorOptions(): { value: Door; text: string }[] {
  return DOORS.map((value) => ({ value, text: t(`host.door-${value}`) }));
}

/** For those inside. */
export function doorHint(door: Door, password: boolean): string {
  if (door === "locked" || !password) return t(`host.door-${door}-hint`);
  return t(`host.door-${door}-password-hint`);
}

/** For who stands before it. */
export function doorBefore(door: Door, password: boolean): string {
  if (door === "locked" || !password) return t(`enter.door-${door}`);
  return t(`enter.door-${door}-password`);
}
