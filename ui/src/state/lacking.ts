/** What the trial of our WebRTC has found missing, in the words that the views have. Pure. */
import type { Missing, Part } from "../rtc/selftest";
import type { Lack } from "./contract";

/** Null: not worth a word, since the calls are as good without. */
const SAID: Record<Part, Lack["what"] | null> = {
  camera: "webview-too-old",
  coders: "webview-too-old",
  native: "native",
  sound: "sound",
  "send-vp8": "pictures",
  "receive-vp8": "pictures",
  "send-h264": "h264",
  "receive-h264": "h264",
  "track-processing": null,
};

/** Each said once, with all that mends it; what stands in the way hides what would only be better. */
export function lacksOf(missing: readonly Missing[]): Lack[] {
  const fatal = missing.some((one) => one.fatal);
  const found = new Map<Lack["what"], Set<string>>();
  for (const { part, packages, ...one } of missing) {
    const what = SAID[part];
    if (what === null || (fatal && !one.fatal)) continue;
    const install = found.get(what) ?? new Set();
    for (const name of packages) install.add(name);
    found.set(what, install);
  }
  return [...found].map(([what, install]) => ({ what, install: [...install] }));
}
