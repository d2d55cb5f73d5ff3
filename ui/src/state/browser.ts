/** The page's own engine, handed to the call engine, which takes nothing from the page by itself. */
import { systemClock } from "../call/clock";
import type { Environment } from "../call/environment";
import { measure, type LevelSource } from "../call/level";
import type { Engine } from "./ability";

/** Some webviews (WebKitGTK) have no peer connections of their own. */
const hasConnections = typeof RTCPeerConnection === "function";

export const environment: Environment = {
  clock: systemClock,
  // Looked up at each call: ours may have been put in place meanwhile.
  connection: (configuration) => new globalThis.RTCPeerConnection(configuration),
  stream: (tracks = []) => new MediaStream(tracks),
  codecs(direction, kind) {
    const side = direction === "send" ? RTCRtpSender : RTCRtpReceiver;
    // Not in every engine.
    const ask = side.getCapabilities as ((kind: string) => RTCRtpCapabilities | null) | undefined;
    return ask?.call(side, kind)?.codecs ?? null;
  },
};

/** What can carry this page's calls. `ticket` is the backend's way to ours, if it has one. */
export function engine(ticket: (() => Promise<string>) | undefined): Engine {
  const install =
    ticket &&
    (async () => {
      const own = await import("./own-calls");
      return own.install(ticket, audioContext);
    });
  return { isThere: hasConnections, install: install ?? null };
}

/** 1080p30 both ways wants some processor, and a screen that shows more than 720p. */
export function canFullHd(): boolean {
  return navigator.hardwareConcurrency >= 6 && screen.width * devicePixelRatio >= 1920;
}

let shared: AudioContext | null = null;

/** One for all: browsers allow few. Suspended until the person has clicked somewhere. */
export function audioContext(): AudioContext {
  // Ours codes at this rate; an engine of its own takes what its sound card has.
  shared ??= new AudioContext(hasConnections ? {} : { sampleRate: 48_000 });
  if (shared.state === "suspended") void shared.resume().catch(() => undefined);
  return shared;
}

/** Null where sound cannot be measured. */
export function measureTrack(track: MediaStreamTrack): LevelSource | null {
  try {
    return measure(audioContext(), track);
  } catch {
    return null;
  }
}
