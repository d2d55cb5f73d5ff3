/** What the page and its one Worker say to each other. */
import type { ChannelKey, Codec, FromPage, Line, Pc, SourceId, ToPage } from "../numbers";
import type { Way } from "../sound/link";
import type { VideoReceiveStats, VideoSendStats, VideoSettings } from "../seam";

/** A socket of this page, of which there is one at a time. */
export type Life = number;
/** A captured video track, which several senders may share. */
export type VideoSourceId = number;
export type SenderId = number;
export type ReceiverId = number;

export interface Size {
  width: number;
  height: number;
}

export type SenderCommand =
  | { do: "open" }
  | { do: "bind"; pc: Pc; line: Line }
  | { do: "source"; source: VideoSourceId | null }
  | { do: "settings"; settings: VideoSettings }
  | { do: "codec"; codec: Codec | null }
  | { do: "target"; bitrate: number }
  | { do: "keyframe" }
  | { do: "stats"; ask: number }
  | { do: "close" };

export type ReceiverCommand =
  /** `show`: the generator whose track the page has, or null: the page draws the pictures itself. */
  | { do: "open"; generator: number | null }
  | { do: "bind"; pc: Pc; line: Line }
  | { do: "active"; active: boolean }
  /** The page has drawn a picture. */
  | { do: "drawn" }
  | { do: "stats"; ask: number }
  | { do: "close" };

export type ToWorker =
  | { type: "connect"; life: Life; url: string }
  | { type: "disconnect"; life: Life }
  | { type: "request"; message: FromPage }
  | { type: "data"; pc: Pc; channel: ChannelKey; data: string | Uint8Array }
  | ({ type: "capture"; source: SourceId } & Way)
  | ({ type: "play"; pc: Pc; line: Line } & Way)
  /** Without a track its pictures come by `frame`. */
  | {
      type: "open-source";
      source: VideoSourceId;
      track: MediaStreamTrack | null;
      size: Size;
      framerate: number;
    }
  /** False: black is sent. */
  | { type: "source-live"; source: VideoSourceId; live: boolean }
  /** The track is over: it is let go of, and black is sent. */
  | { type: "source-ended"; source: VideoSourceId }
  | { type: "frame"; source: VideoSourceId; frame: VideoFrame }
  | { type: "close-source"; source: VideoSourceId }
  | { type: "sender"; sender: SenderId; command: SenderCommand }
  | { type: "receiver"; receiver: ReceiverId; command: ReceiverCommand }
  /** So many more generators are to be made. */
  | { type: "generators"; count: number }
  | { type: "probe"; ask: number }
  /** Whether pictures come by `frame` and the page wants to be told when the next is due. */
  | { type: "ticks"; on: boolean };

export type FromWorker =
  | { type: "connected"; life: Life }
  | { type: "lost"; life: Life }
  | { type: "message"; message: ToPage }
  | { type: "data"; pc: Pc; channel: ChannelKey; data: string | ArrayBuffer }
  | { type: "generators"; tracks: { generator: number; track: MediaStreamTrack }[] }
  /** A picture for the page to draw. */
  | { type: "picture"; receiver: ReceiverId; frame: VideoFrame }
  /** A `frame` was taken; the next may come. */
  | { type: "taken"; source: VideoSourceId }
  | { type: "send-stats"; ask: number; stats: VideoSendStats }
  | { type: "receive-stats"; ask: number; stats: VideoReceiveStats }
  | { type: "probed"; ask: number; found: Probed }
  | { type: "tick" };

/** What coders this webview has, by their mime type: each was tried with real pictures. */
export interface Probed {
  processor: boolean;
  generator: boolean;
  encode: Record<string, boolean>;
  decode: Record<string, boolean>;
}
