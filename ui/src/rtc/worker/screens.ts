/** Where a receiver shows its pictures: a generator of the Worker, or a canvas of the page. */
import type { Screen } from "../video/receiver";
import { transform, type TrackGenerator } from "./transform";

/** Generators made ahead: their tracks are on the page before anything is to be shown. */
export class Generators {
  readonly #give: (tracks: { generator: number; track: MediaStreamTrack }[]) => void;
  readonly #ready = new Map<number, TrackGenerator>();
  #next = 1;

  constructor(give: (tracks: { generator: number; track: MediaStreamTrack }[]) => void) {
    this.#give = give;
  }

  /** Makes so many more and gives their tracks to the page; none where the webview has no generators. */
  add(count: number): void {
    const Generator = transform.VideoTrackGenerator;
    if (!Generator) return;
    const tracks = [];
    for (let made = 0; made < count; made++) {
      const generator = new Generator();
      // Before its track goes: nothing is to be seen there yet.
      generator.muted = true;
      this.#ready.set(this.#next, generator);
      tracks.push({ generator: this.#next, track: generator.track });
      this.#next += 1;
    }
    this.#give(tracks);
  }

  take(number: number): TrackGenerator | null {
    const generator = this.#ready.get(number) ?? null;
    this.#ready.delete(number);
    return generator;
  }
}

export class GeneratorScreen implements Screen {
  readonly #generator: TrackGenerator;
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>;
  waiting = 0;

  constructor(generator: TrackGenerator) {
    this.#generator = generator;
    this.#writer = generator.writable.getWriter();
  }

  show(frame: VideoFrame): void {
    this.waiting += 1;
    const taken = (): void => {
      this.waiting -= 1;
    };
    // It fails when the track was stopped: nobody looks any more.
    this.#writer.write(frame).then(taken, () => {
      frame.close();
      taken();
    });
  }

  setMuted(muted: boolean): void {
    this.#generator.muted = muted;
  }

  close(): void {
    void this.#writer.close().catch(() => undefined);
  }
}

/** Pictures go to the page, which draws them. */
export class PageScreen implements Screen {
  readonly #give: (frame: VideoFrame) => void;
  waiting = 0;

  constructor(give: (frame: VideoFrame) => void) {
    this.#give = give;
  }

  show(frame: VideoFrame): void {
    this.waiting += 1;
    this.#give(frame);
  }

  drawn(): void {
    this.waiting -= 1;
  }

  setMuted(): void {
    // A canvas track is never muted; it shows what was drawn last.
  }

  close(): void {
    // The page lets go of its canvas by itself.
  }
}
