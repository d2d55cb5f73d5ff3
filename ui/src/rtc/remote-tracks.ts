/** What a round does to the tracks of the other side, and what the page is told of it at the end, in order. */
import type { Connection } from "./connection";
import { RTCTrackEvent } from "./events";
import type { Receiving } from "./receiver";
import { addTo, remoteStream, removeFrom, type Pair } from "./streams";
import type { Transceiving } from "./transceiver";

export class RemoteTracks {
  readonly #muted: Receiving[] = [];
  readonly #removed: Pair[] = [];
  readonly #added: Pair[] = [];
  readonly #fired: { transceiver: Transceiving; streams: MediaStream[] }[] = [];

  constructor(private readonly connection: Connection) {}

  /**
   * "Set the associated remote streams" (W3C WebRTC 1.0, section 4.4.1.5).
   * @returns whether the track comes into a stream by it
   */
  setStreams(transceiver: Transceiving, streams: readonly MediaStream[]): boolean {
    const { receiving } = transceiver;
    const { track } = receiving;
    const before = this.#added.length;
    for (const stream of receiving.streams)
      if (!streams.includes(stream)) this.#removed.push({ stream, track });
    for (const stream of streams)
      if (!receiving.streams.includes(stream)) this.#added.push({ stream, track });
    receiving.streams = [...streams];
    return this.#added.length > before;
  }

  /** The same object for the same id, as long as the connection lives. */
  streams(ids: readonly string[]): MediaStream[] {
    const { remoteStreams } = this.connection;
    return [...new Set(ids)].map((id) => {
      const stream = remoteStreams.get(id) ?? remoteStream(id);
      remoteStreams.set(id, stream);
      return stream;
    });
  }

  /** "Process the addition of a remote track". */
  gain(transceiver: Transceiving): void {
    this.#fired.push({ transceiver, streams: [...transceiver.receiving.streams] });
  }

  /** "Process the removal of a remote track". */
  lose(transceiver: Transceiving): void {
    this.setStreams(transceiver, []);
    this.#muted.push(transceiver.receiving);
  }

  tell(): void {
    const { connection } = this;
    for (const receiving of this.#muted) receiving.mute();
    for (const pair of this.#removed) removeFrom(pair);
    for (const pair of this.#added) addTo(pair);
    for (const { transceiver, streams } of this.#fired) {
      if (connection.isClosed) return;
      connection.target.dispatchEvent(
        new RTCTrackEvent("track", {
          track: transceiver.receiving.track,
          receiver: transceiver.receiving.api as unknown as RTCRtpReceiver,
          transceiver: transceiver.api as unknown as RTCRtpTransceiver,
          streams,
        }),
      );
    }
  }
}
