/** The parts of the settings. */
export type Section = "you" | "sound" | "privacy" | "network" | "advanced" | "about";

/** Of a node. */
export const ALL: readonly Section[] = ["you", "sound", "privacy", "network", "advanced", "about"];
/** Of a guest, who has no node. */
export const OF_GUEST: readonly Section[] = ["you", "sound", "privacy", "about"];
