/** The devices of one kind, as a person chooses among them. */
import { t } from "../i18n/index.svelte";
import type { DevicesState } from "../state/contract";

/** The system's choice first; a device without a label (not allowed yet) gets a number; none at all says so. */
export function choices(
  devices: DevicesState,
  kind: "microphone" | "camera" | "speaker",
): { value: string; text: string }[] {
  const found = devices[`${kind}s`];
  if (found.length === 0) return [{ value: "", text: t("device.none") }];
  const named = found
    .filter((device) => device.id !== "")
    .map((device, at) => ({
      value: device.id,
      text: device.label || t("device.unnamed", { count: at + 1 }),
    }));
  return [{ value: "", text: t("device.default") }, ...named];
}
