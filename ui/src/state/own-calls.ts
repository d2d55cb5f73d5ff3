/** Puts our WebRTC in the place of the one that this webview lacks. Loaded only there. */
import type { Trial } from "./ability";

/**
 * @param _ticket the way to the native half, good for one opening
 * @param _context in which sound is captured and played
 */
export function install(_ticket: () => Promise<string>, _context: () => AudioContext): Promise<Trial> {
  return Promise.resolve({ works: false, lacks: [] });
}
