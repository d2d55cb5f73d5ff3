/** What a meeting in the list is called, and what is to be known before one joins. */
import { nameOf } from "../../components/standing";
import { t } from "../../i18n/index.svelte";
import type { AppState } from "../../state/contract";
import type { FoundMeeting } from "../../state/finding";

type Known = Pick<AppState, "people" | "me">;

/** The host as I call them; null: that is me. */
export function hostOf(meeting: FoundMeeting, { people, me }: Known): string | null {
  if (me?.device === meeting.host) return null;
  const entry = people.find(({ device }) => device === meeting.host);
  return entry ? nameOf(entry) : meeting.name;
}

export function titleOf(meeting: FoundMeeting, known: Known): string {
  if (meeting.summary.title !== "") return meeting.summary.title;
  const name = hostOf(meeting, known);
  return name === null ? t("finding.yours") : t("finding.of", { name });
}

/** Who runs it and how many are in it, then what stands before it. */
export function detailsOf(meeting: FoundMeeting, known: Known): string[] {
  const { present: count, capacity, door, has_password } = meeting.summary;
  const name = hostOf(meeting, known);
  // Without a name of its own it is called after its host, or is mine.
  const named = name !== null && meeting.summary.title !== "";
  const details = [named ? t("finding.with", { name, count }) : t("finding.people", { count })];
  if (count >= capacity) details.push(t("finding.full"));
  else if (has_password) details.push(t("finding.password"));
  else if (door === "knock") details.push(t("finding.knock"));
  return details;
}
