/** Sound of a page: captured tracks to the native side, and lines of it to tracks. */
import type { Media, SoundReceiver, SoundSender } from "../seam";
import type { SoundLink } from "./link";
import { PageSoundReceiver } from "./receiver";
import { PageSoundSender } from "./sender";
import { Sources } from "./source";
import { Speakers } from "./speakers";

export type { CapturedMessage, PlayMessage, PlayedMessage, SoundLink } from "./link";

/** A context for all sound of a page. It runs from the first gesture on, where the engine wants one. */
export function soundContext(): AudioContext {
  const context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
  const gestures = ["pointerdown", "keydown"];
  const resume = () => void context.resume().catch(() => undefined);
  context.onstatechange = () => {
    for (const gesture of gestures) {
      if (context.state === "suspended") window.addEventListener(gesture, resume);
      else window.removeEventListener(gesture, resume);
    }
  };
  for (const gesture of gestures) window.addEventListener(gesture, resume);
  resume();
  return context;
}

/** What all lines of a context share. */
interface Shared {
  sources: Sources;
  speakers: Speakers;
}
const shared = new WeakMap<AudioContext, Shared>();

function sharedOf(context: AudioContext, link: SoundLink): Shared {
  let found = shared.get(context);
  if (!found) {
    found = { sources: new Sources(context, link), speakers: new Speakers(context) };
    shared.set(context, found);
  }
  return found;
}

/** `context` runs at 48 kHz; all senders of one context share their sources. */
export function createSoundSender(context: AudioContext, link: SoundLink): SoundSender {
  return new PageSoundSender(link, sharedOf(context, link).sources);
}

/** `context` runs at 48 kHz. */
export function createSoundReceiver(context: AudioContext, link: SoundLink): SoundReceiver {
  return new PageSoundReceiver(context, link, sharedOf(context, link).speakers);
}

/** What {@link Media} wants of sound. */
export function createSound(
  context: AudioContext,
  link: SoundLink,
): Pick<Media, "soundSender" | "soundReceiver"> {
  // Now, not with the first line: elements are seen from here on.
  sharedOf(context, link);
  return {
    soundSender: () => createSoundSender(context, link),
    soundReceiver: () => createSoundReceiver(context, link),
  };
}
