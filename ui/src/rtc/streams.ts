/** Tracks and streams of the other side: real objects of the webview that behave as remote ones. */
import { queueTask, trackEvent } from "./events";

/** Shadows an attribute of one object. */
export function shadow<T extends object>(of: T, name: string, get: () => unknown): void {
  Object.defineProperty(of, name, { configurable: true, enumerable: true, get });
}

/** `muted` and its events (W3C Media Capture, section 4.3.1), by what the connection knows. */
export class Mutable {
  #isMuted = true;

  constructor(readonly track: MediaStreamTrack) {
    shadow(track, "muted", () => this.#isMuted);
  }

  set(isMuted: boolean): void {
    if (this.#isMuted === isMuted || this.track.readyState === "ended") return;
    this.#isMuted = isMuted;
    this.track.dispatchEvent(new Event(isMuted ? "mute" : "unmute"));
  }

  /** The track ends, and says so, which `stop` alone does not; in a task of its own. */
  end(): void {
    queueTask(() => {
      const { track } = this;
      if (track.readyState === "ended") return;
      track.stop();
      // Where its source is over already, WebKit shows and tells it in a task of its own.
      if ((track.readyState as MediaStreamTrackState) === "ended") track.dispatchEvent(new Event("ended"));
    });
  }
}

/** A pair of what is added or removed, and events told later. */
export interface Pair {
  stream: MediaStream;
  track: MediaStreamTrack;
}

export function addTo({ stream, track }: Pair): void {
  if (stream.getTracks().includes(track)) return;
  stream.addTrack(track);
  stream.dispatchEvent(trackEvent("addtrack", track));
}

export function removeFrom({ stream, track }: Pair): void {
  if (!stream.getTracks().includes(track)) return;
  stream.removeTrack(track);
  stream.dispatchEvent(trackEvent("removetrack", track));
}

/** Of the name that the other side gave it. */
export function remoteStream(id: string): MediaStream {
  const stream = new MediaStream();
  shadow(stream, "id", () => id);
  return stream;
}
