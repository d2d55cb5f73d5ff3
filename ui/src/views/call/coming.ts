/** What is said of who came and went. */
import { t } from "../../i18n/index.svelte";
import type { Coming } from "../../state/meeting";

export function comingText({ what, name }: Pick<Coming, "what" | "name">): string {
  switch (what) {
    case "hosting":
    case "locked":
    case "unlocked":
      return t(`coming.${what}`);
    case "joined":
    case "left":
    case "lost":
    case "removed":
    case "refused":
    case "host":
    case "hand":
    case "lowered":
    case "spotlight":
    case "spotlight-screen":
    case "spotlit":
    case "spotlit-screen":
      return t(`coming.${what}`, { name });
  }
}
