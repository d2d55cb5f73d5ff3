/** What a call of the history says, in words. */
import type { CallRecord } from "../../gen/protocol";
import { length } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";

/** It rang here and nobody took it. */
export function isMissed(record: CallRecord): boolean {
  return (
    record.direction === "incoming" && (record.end.type === "no-answer" || record.end.type === "cancelled")
  );
}

/** How it ended, or how long it was. */
export function outcome(record: CallRecord): string {
  const incoming = record.direction === "incoming";
  switch (record.end.type) {
    case "accepted":
      return record.seconds > 0
        ? length(record.seconds)
        : t(record.media === "video" ? "calls.video" : "calls.voice");
    case "declined":
      return t(incoming ? "calls.declined-by-you" : "calls.declined");
    case "busy":
      return t(incoming ? "calls.you-were-busy" : "calls.busy");
    case "cancelled":
      return t(incoming ? "calls.missed" : "calls.cancelled");
    case "no-answer":
      return t(incoming ? "calls.missed" : "calls.no-answer");
    case "gone":
      return t("calls.gone");
  }
}
