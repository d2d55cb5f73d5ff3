/** A voice line's way in. */
import type { Line, Pc } from "../numbers";
import type { SoundReceiver } from "../seam";
import type { SoundLink } from "./link";
import type { ToPlay } from "./play.worklet";
import type { Speakers } from "./speakers";
import { loadWorklets } from "./worklets";

export class PageSoundReceiver implements SoundReceiver {
  readonly track: MediaStreamTrack;
  readonly #context: AudioContext;
  readonly #link: SoundLink;
  readonly #speakers: Speakers;
  /** What the track carries, and what is heard of it. */
  readonly #outputs: AudioNode[];
  #place: { pc: Pc; line: Line } | null = null;
  #isActive = false;
  #isClosed = false;
  /** There is one while something is to be played. */
  #node: AudioWorkletNode | null = null;
  #isStarting = false;

  constructor(context: AudioContext, link: SoundLink, speakers: Speakers) {
    this.#context = context;
    this.#link = link;
    this.#speakers = speakers;
    const output = context.createMediaStreamDestination();
    const [track] = output.stream.getAudioTracks();
    if (!track) throw new DOMException("a destination without a track", "OperationError");
    this.track = track;
    this.#outputs = [output, speakers.add(track)];
  }

  bind(pc: Pc, line: Line): void {
    this.#place = { pc, line };
    void this.#update();
  }

  setActive(active: boolean): void {
    this.#isActive = active;
    void this.#update();
  }

  close(): void {
    this.#isClosed = true;
    void this.#update();
    this.#speakers.remove(this.track);
  }

  async #update(): Promise<void> {
    const isWanted = () => this.#isActive && !this.#isClosed && this.#place !== null;
    if (!isWanted()) {
      this.#node?.port.postMessage(null satisfies ToPlay);
      this.#node?.disconnect();
      this.#node = null;
      return;
    }
    if (this.#node || this.#isStarting) return;
    this.#isStarting = true;
    try {
      await loadWorklets(this.#context);
    } finally {
      this.#isStarting = false;
    }
    if (!isWanted() || !this.#place) return;
    this.#node = new AudioWorkletNode(this.#context, "webview-rtc-play", {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    const way = this.#link.openPlay(this.#place.pc, this.#place.line);
    this.#node.port.postMessage(way satisfies ToPlay, [way.port]);
    for (const output of this.#outputs) this.#node.connect(output);
  }
}
