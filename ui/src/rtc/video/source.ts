/**
 * A captured track in the Worker: its pictures, each with the page's time, to all senders that show it. While the track
 * is disabled, muted or over they get black, and where nothing new comes the last picture again, so that what asks for
 * a keyframe gets one (W3C WebRTC 1.0, section 5.2: a track without content is sent as black).
 */
import { pageTime, transform } from "../worker/transform";
import type { Size } from "../worker/messages";
import { Rate } from "./freeze";

/** ms after which the last picture is sent once more; black so often that it is not taken for a picture that froze. */
const AGAIN = 500;
const BLACK_AGAIN = 100;

/** µs within which a camera's next picture comes. */
const SOON = 50_000;

/** Given a picture that it must not close. */
export type Taker = (frame: VideoFrame) => void;

export class Source {
  readonly takers = new Set<Taker>();
  /** Pictures a second that the track is set to. */
  readonly framerate: number;
  width = 0;
  height = 0;
  frames = 0;
  readonly #rate = new Rate();
  readonly #track: MediaStreamTrack | null;
  #reader: ReadableStreamDefaultReader<VideoFrame> | null = null;
  #live = true;
  #last: VideoFrame | null = null;
  #lastTime = 0;
  #again: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(track: MediaStreamTrack | null, size: Size, framerate: number) {
    this.#track = track;
    this.framerate = framerate;
    this.width = size.width;
    this.height = size.height;
    const Processor = transform.MediaStreamTrackProcessor;
    if (!track || !Processor) return;
    this.#reader = new Processor({ track }).readable.getReader();
    void this.#read(this.#reader);
  }

  get framesPerSecond(): number {
    return this.#rate.perSecond(performance.now());
  }

  /** A picture of the track, which becomes ours. */
  take(frame: VideoFrame): void {
    if (this.#closed || !this.#live) {
      frame.close();
      return;
    }
    this.frames += 1;
    this.#rate.count(performance.now());
    this.width = frame.displayWidth;
    this.height = frame.displayHeight;
    this.#give(frame);
  }

  /** False: black from now on. */
  setLive(live: boolean): void {
    if (live === this.#live || this.#closed) return;
    this.#live = live;
    if (!live) this.#black();
  }

  /** The track is over: black from now on, and nothing holds the camera. */
  end(): void {
    this.setLive(false);
    this.#letGo();
  }

  /** The last picture once more, for somebody who waits for one, unless a new one will come as soon. */
  again(taker: Taker): void {
    if (!this.#last || pageTime() - this.#lastTime < SOON) return;
    const frame = this.#stamp(this.#last);
    taker(frame);
    frame.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.takers.clear();
    if (this.#again !== null) clearTimeout(this.#again);
    this.#last?.close();
    this.#last = null;
    this.#letGo();
  }

  #letGo(): void {
    void this.#reader?.cancel().catch(() => undefined);
    this.#reader = null;
    this.#track?.stop();
  }

  async #read(reader: ReadableStreamDefaultReader<VideoFrame>): Promise<void> {
    for (;;) {
      const { value, done } = await reader.read();
      if (value) this.take(value);
      if (!done) continue;
      // The track is over.
      this.setLive(false);
      return;
    }
  }

  /** Stamped anew always: the times of canvas tracks and of some cameras are of no clock. */
  #stamp(frame: VideoFrame): VideoFrame {
    this.#lastTime = Math.max(this.#lastTime + 1, Math.round(pageTime()));
    return new VideoFrame(frame, { timestamp: this.#lastTime });
  }

  #give(frame: VideoFrame): void {
    const stamped = this.#stamp(frame);
    frame.close();
    this.#last?.close();
    this.#last = stamped;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#repeat(), this.#live ? AGAIN : BLACK_AGAIN);
    for (const taker of this.takers) taker(stamped);
  }

  #repeat(): void {
    if (this.#last) this.#give(this.#last.clone());
  }

  #black(): void {
    const width = even(this.width || 640);
    const height = even(this.height || 480);
    const luma = width * height;
    const data = new Uint8Array(luma * 1.5);
    data.fill(16, 0, luma);
    data.fill(128, luma);
    this.#give(
      new VideoFrame(data, { format: "I420", codedWidth: width, codedHeight: height, timestamp: 0 }),
    );
  }
}

function even(length: number): number {
  return 2 * Math.floor(length / 2);
}
