/** Sound that waits to be played. */
import type { PlayMessage, PlayedMessage } from "./link";

/** Frames that wait at most: when more come the page stood still, and the oldest are left out. */
const MOST = 14_400;

export class Queue {
  #waiting: PlayMessage[] = [];
  /** Frames of the first that are played. */
  #begun = 0;
  #frames = 0;
  #played = 0;
  #silent = 0;

  push(message: PlayMessage): void {
    this.#waiting.push(message);
    this.#frames += message.samples.length / message.channels;
    while (this.#frames > MOST) this.#played += this.#dropFirst();
  }

  /** Fills `planes`, a channel each. */
  pull(planes: Float32Array[]): void {
    const frames = planes[0]?.length ?? 0;
    for (let at = 0; at < frames; at++) {
      const first = this.#waiting[0];
      if (!first) {
        for (const plane of planes) plane.fill(0, at);
        this.#silent += frames - at;
        break;
      }
      const { channels, samples } = first;
      for (let channel = 0; channel < planes.length; channel++) {
        const plane = planes[channel];
        if (plane) plane[at] = samples[this.#begun * channels + (channel < channels ? channel : 0)] ?? 0;
      }
      this.#begun++;
      this.#frames--;
      if (this.#begun * channels >= samples.length) this.#dropFirst();
    }
    this.#played += frames;
  }

  get told(): PlayedMessage {
    return { played: this.#played, silent: this.#silent % 2 ** 32 };
  }

  /** How many of its frames were not played. */
  #dropFirst(): number {
    const first = this.#waiting.shift();
    const left = first ? first.samples.length / first.channels - this.#begun : 0;
    this.#frames -= left;
    this.#begun = 0;
    return left;
  }
}
