/** W3C mediacapture-transform and the Worker's own scope, which the DOM library of TypeScript does not have. */
import type { FromWorker, ToWorker } from "./messages";

export interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}

export interface TrackGenerator {
  readonly track: MediaStreamTrack;
  readonly writable: WritableStream<VideoFrame>;
  muted: boolean;
}

interface Transform {
  MediaStreamTrackProcessor?: new (init: { track: MediaStreamTrack }) => TrackProcessor;
  VideoTrackGenerator?: new () => TrackGenerator;
}

export const transform = globalThis as unknown as Transform;

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

export const scope = globalThis as unknown as Scope;

/** The page's clock, which its Workers share: µs since 1970. */
export function pageTime(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}
