/**
 * What sound needs of the Worker that holds the socket: requests, and two kinds of ways on which worklets talk with it, so
 * that samples never pass the main thread.
 */
import type { Line, Pc, Reply, Request, SourceId } from "../numbers";

/** Posted by a worklet on a source's port; becomes one `Captured` frame. `samples` is transferred. */
export interface CapturedMessage {
  /** µs on the page's clock (`performance.timeOrigin + performance.now()`), of the first sample. */
  time: number;
  /** Interleaved when the source was opened with two channels, 48 kHz. */
  samples: Float32Array<ArrayBuffer>;
}

/** Posted by a worklet on a play port; becomes one `Played` frame. */
export interface PlayedMessage {
  /** Frames consumed since the port was opened, those that were silence for want of sound among them. Never falls. */
  played: number;
  /** How many of these were silence for want of sound, modulo 2^32. */
  silent: number;
}

/** Posted by the Worker on a play port, for each `Sound` frame of the line. `samples` is transferred. */
export interface PlayMessage {
  channels: 1 | 2;
  /** Interleaved, 48 kHz, 10 ms. */
  samples: Float32Array<ArrayBuffer>;
}

/** Between a worklet and the Worker. Where there is memory, sound goes through it (`ring.ts`); else everything by the port. */
export interface Way {
  port: MessagePort;
  memory: SharedArrayBuffer | null;
}

/** The Worker, as sound sees it. */
export interface SoundLink {
  /** In order with every other request of the page. */
  request(request: Request): Promise<Reply>;
  /**
   * A way whose {@link CapturedMessage}s the Worker turns into frames of `source`, after every request made before. The
   * caller passes it on to a worklet and posts null when it is done with it: the Worker forgets it then.
   */
  openSource(source: SourceId): Way;
  /**
   * A way whose {@link PlayedMessage}s the Worker turns into frames, and on which it posts {@link PlayMessage}s of this
   * line. A line has one at a time: a later one takes its place. Null ends it.
   */
  openPlay(pc: Pc, line: Line): Way;
  /** A number no source had. */
  nextSource(): SourceId;
}
