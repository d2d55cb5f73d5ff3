/** A voice line's way out. */
import type { Line, Pc } from "../numbers";
import type { SoundSender } from "../seam";
import type { SourceLevel } from "./chunks";
import type { SoundLink } from "./link";
import type { Source, Sources } from "./source";

export class PageSoundSender implements SoundSender {
  readonly #link: SoundLink;
  readonly #sources: Sources;
  #place: { pc: Pc; line: Line } | null = null;
  #track: MediaStreamTrack | null = null;
  #isActive = false;
  #held: { track: MediaStreamTrack; source: Source } | null = null;

  constructor(link: SoundLink, sources: Sources) {
    this.#link = link;
    this.#sources = sources;
  }

  bind(pc: Pc, line: Line): void {
    this.#place = { pc, line };
    this.#update();
  }

  setTrack(track: MediaStreamTrack | null): void {
    this.#track = track;
    this.#update();
  }

  setActive(active: boolean): void {
    this.#isActive = active;
    this.#update();
  }

  stats(): Promise<SourceLevel | null> {
    const level = this.#held?.source.level;
    return Promise.resolve(level ? { ...level } : null);
  }

  close(): void {
    this.#isActive = false;
    this.#update();
    this.#track = null;
  }

  /** Holds what is wanted now, and tells the line. */
  #update(): void {
    const wanted = this.#place && this.#isActive ? this.#track : null;
    const before = this.#held;
    if (!this.#place || wanted === (before?.track ?? null)) return;
    this.#held = wanted ? { track: wanted, source: this.#sources.hold(wanted) } : null;
    const source = this.#held?.source.id ?? null;
    // Refused only when the connection is closed, and the line with it.
    void this.#link.request({ type: "attach", ...this.#place, source }).catch(() => undefined);
    if (before) this.#sources.release(before.track);
  }
}
