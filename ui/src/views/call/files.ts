/** What the views of files say. */
import { length } from "../../i18n/format";
import { errorText, language, t } from "../../i18n/index.svelte";
import type { Transfer } from "../../state/filing";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

/** A size as people read it, in steps of a thousand: '912 bytes', '18.4 MB'; with `per`, a speed: '11.2 MB/s'. */
export function size(bytes: number, per: "" | "-per-second" = ""): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  // Bytes have no short name.
  const unitDisplay = step === 0 && per === "" ? "long" : "short";
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(language(), {
    style: "unit",
    unit: `${UNITS[step]}${per}`,
    unitDisplay,
    maximumFractionDigits: step === 0 || value >= 100 ? 0 : 1,
  }).format(value);
}

export function isOver({ state }: Transfer): boolean {
  return state !== "offered" && state !== "opening" && state !== "moving" && state !== "waiting";
}

/** How a file stands, in a sentence; `name` is the other person's. */
export function standOf(transfer: Transfer, name: string): string {
  const { state, direction, size: whole, moved, speed, code } = transfer;
  const bytes = size(whole);
  switch (state) {
    case "offered":
      return direction === "in"
        ? t("files.offered-in", { size: bytes })
        : t("files.offered-out", { size: bytes, name });
    case "opening":
      return t("files.opening");
    case "moving":
      return [
        t("files.progress", { moved: size(moved), size: bytes }),
        ...(speed === null ? [] : [size(speed, "-per-second")]),
      ].join(" · ");
    case "waiting":
      return t("files.waiting", { moved: size(moved), size: bytes, name });
    case "done":
      return t(`files.done-${direction}`, { size: bytes });
    case "cancelled":
      return t("files.cancelled");
    case "declined":
      return direction === "in" ? t("files.declined-in") : t("files.declined-out", { name });
    case "failed":
      // A fault on this side has a sentence of its own.
      if (code !== null && code !== "internal" && code !== "malformed") return errorText(code);
      return direction === "in" ? t("files.failed-in", { name }) : t("files.failed-out");
    case "changed":
    case "unreadable":
      return direction === "in" ? t(`files.${state}-in`, { name }) : t(`files.${state}-out`);
    case "too-large":
      return direction === "in" ? t("files.too-large-in") : t("files.too-large-out", { name });
    case "no-space":
    case "too-many":
      return t(`files.${state}-${direction}`, { name });
  }
}

/** How long it will still take; "" while that is not known. */
export function leftOf({ seconds }: Transfer): string {
  return seconds === null ? "" : t("files.left", { time: length(Math.max(1, seconds)) });
}
