/** The numbers of a line, for experts. */
import { t } from "../../i18n/index.svelte";
import type { Quality } from "../../state/contract";

export function rows({ details }: Quality): { name: string; value: string }[] {
  const found: { name: string; value: string | undefined }[] = [
    { name: t("quality.delay-value"), value: number(details.rttMs, "ms") },
    { name: t("quality.loss-value"), value: number(details.lossPercent, "%", 1) },
    { name: t("quality.in-value"), value: number(details.inKbps, "kbit/s") },
    { name: t("quality.out-value"), value: number(details.outKbps, "kbit/s") },
    { name: t("quality.picture-value"), value: picture(details) },
    { name: t("quality.codec-value"), value: details.codec },
    { name: t("quality.route-value"), value: details.route && t(`quality.route-${details.route}`) },
  ];
  return found.flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }]));
}

function number(value: number | undefined, unit: string, digits = 0): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(digits)} ${unit}`;
}

function picture({ width, height, fps }: Quality["details"]): string | undefined {
  if (width === undefined || height === undefined) return undefined;
  return fps === undefined ? `${width}×${height}` : `${width}×${height}, ${Math.round(fps)}/s`;
}
