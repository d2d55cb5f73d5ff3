/** Sound of a page: captured tracks to the native side, and lines of it to tracks. */
import type { Media, SoundReceiver, SoundSender } from "../seam";
import type { SoundLink } from "./link";
import { PageSoundReceiver } from "./receiver";
import { PageSoundSender } from "./sender";
import { Sources } from "./source";

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

const sources = new WeakMap<AudioContext, Sources>();

/** `context` runs at 48 kHz; all senders of one context share their sources. */
export function createSoundSender(context: AudioContext, link: SoundLink): SoundSender {
  let shared = sources.get(context);
  if (!shared) sources.set(context, (shared = new Sources(context, link)));
  return new PageSoundSender(link, shared);
}

/** `context` runs at 48 kHz. */
export function createSoundReceiver(context: AudioContext, link: SoundLink): SoundReceiver {
  return new PageSoundReceiver(context, link);
}

/** What {@link Media} wants of sound. */
export function createSound(
  context: AudioContext,
  link: SoundLink,
): Pick<Media, "soundSender" | "soundReceiver"> {
  return {
    soundSender: () => createSoundSender(context, link),
    soundReceiver: () => createSoundReceiver(context, link),
  };
}
