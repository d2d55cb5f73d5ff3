/** The captured tracks that are in the Worker, each once, for as long as a sender shows it. */
import type { WorkerLink } from "../worker/link";
import type { VideoSourceId } from "../worker/messages";
import { Capturer } from "./capturer";
import { isLive, watch } from "../watch";

interface Held {
  id: VideoSourceId;
  holders: number;
  letGo(): void;
}

export class PageSources {
  readonly #link: WorkerLink;
  /** Whether tracks can be read in the Worker; else the page takes their pictures. */
  readonly #inWorker: boolean;
  readonly #held = new Map<MediaStreamTrack, Held>();
  readonly #capturers = new Map<VideoSourceId, Capturer>();
  #next = 1;

  constructor(link: WorkerLink, inWorker: boolean) {
    this.#link = link;
    this.#inWorker = inWorker;
    link.on("taken", ({ source }) => this.#capturers.get(source)?.taken());
    link.on("tick", () => {
      for (const capturer of this.#capturers.values()) capturer.tick();
    });
  }

  hold(track: MediaStreamTrack): VideoSourceId {
    let held = this.#held.get(track);
    if (!held) {
      held = this.#open(track);
      this.#held.set(track, held);
    }
    held.holders += 1;
    return held.id;
  }

  release(track: MediaStreamTrack): void {
    const held = this.#held.get(track);
    if (!held || --held.holders > 0) return;
    this.#held.delete(track);
    held.letGo();
    this.#link.post({ type: "close-source", source: held.id });
  }

  #open(track: MediaStreamTrack): Held {
    const source = this.#next++;
    const settings = track.getSettings();
    const { width = 640, height = 480, frameRate: framerate = 30 } = settings;
    const about = { type: "open-source", source, size: { width, height }, framerate } as const;
    // A captured screen that was transferred gives no pictures any more, neither here nor there.
    if (this.#inWorker && !("displaySurface" in settings)) {
      const clone = track.clone();
      // Whether there is anything to be seen is told apart: a clone goes its own way.
      clone.enabled = true;
      // MediaStreamTracks are Transferable (W3C mediacapture-extensions); the DOM library does not know.
      this.#link.post({ ...about, track: clone }, [clone as unknown as Transferable]);
    } else {
      this.#link.post({ ...about, track: null });
      this.#capture(source, track);
    }
    const tellLive = (): void => this.#link.post({ type: "source-live", source, live: isLive(track) });
    const ended = (): void => this.#link.post({ type: "source-ended", source });
    const unwatch = watch(track, { changed: tellLive, ended });
    if (track.readyState === "ended") ended();
    else if (!isLive(track)) tellLive();
    return {
      id: source,
      holders: 0,
      letGo: () => {
        unwatch();
        this.#release(source);
      },
    };
  }

  #capture(source: VideoSourceId, track: MediaStreamTrack): void {
    const give = (frame: VideoFrame): void =>
      this.#link.post({ type: "frame", source, frame }, [frame as unknown as Transferable]);
    this.#capturers.set(source, new Capturer(track, give));
    if (this.#capturers.size === 1) this.#link.post({ type: "ticks", on: true });
  }

  #release(source: VideoSourceId): void {
    const capturer = this.#capturers.get(source);
    if (!capturer) return;
    capturer.close();
    this.#capturers.delete(source);
    if (this.#capturers.size === 0) this.#link.post({ type: "ticks", on: false });
  }
}
