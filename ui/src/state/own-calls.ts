/** Puts our WebRTC in the place of the one that this webview lacks. Loaded only there. */
import { install as place, type Installed } from "../rtc/install";
import type { Trial } from "./ability";
import { lacksOf } from "./lacking";

/**
 * @param ticket the way to the native half, good for one opening
 * @param context in which sound is captured and played
 */
export async function install(ticket: () => Promise<string>, context: () => AudioContext): Promise<Trial> {
  const { works, missing }: Installed = await place({ ticket, context });
  return { works, lacks: lacksOf(missing) };
}
