/** Captured tracks: each is opened once, for all senders that carry it. */
import type { CaptureOptions, FromCapture, ToCapture } from "./capture.worklet";
import type { SourceLevel } from "./chunks";
import type { SoundLink, Way } from "./link";
import type { SourceId, SourceOptions } from "../numbers";
import { inputOf } from "./input";
import { loadWorklets } from "./worklets";

/** Of mediacapture-streams; some engines leave some out. */
type Settings = Pick<MediaTrackSettings, "deviceId" | "channelCount">;

type Treatment = "echoCancellation" | "noiseSuppression" | "autoGainControl";

/** Whether the page has asked for a treatment, or against it; what its settings do not tell its constraints do. */
function isWanted(track: Track, treatment: Treatment): boolean {
  const set = track.getSettings()[treatment];
  const asked = track.getConstraints()[treatment];
  const bare = typeof asked === "object" ? (asked.exact ?? asked.ideal) : asked;
  return (set ?? bare) !== false && bare !== false;
}

type Track = Pick<MediaStreamTrack, "getSettings" | "getConstraints" | "contentHint">;

/**
 * What is done to a track's sound: what the page wants, all of it where it says nothing. What no device has captured is
 * left as the page made it. mst-content-hint: so is `music`.
 */
export function optionsOf(track: Track): SourceOptions {
  const settings: Settings = track.getSettings();
  const hint = track.contentHint;
  const isCaptured = settings.deviceId !== undefined;
  const wanted = (["echoCancellation", "noiseSuppression", "autoGainControl"] as const).map((treatment) =>
    isWanted(track, treatment),
  );
  // A screen's sound has no processing: nobody asked for any, and it is not a voice.
  const isVoice = isCaptured && hint !== "music" && wanted.includes(true);
  const speech = hint.startsWith("speech") || isVoice;
  const [echo, noise, gain] = wanted;
  const treated = speech && isCaptured;
  return {
    echo_cancellation: treated && echo === true,
    noise_suppression: treated && noise === true,
    auto_gain_control: treated && gain === true,
    channels: !speech && (settings.channelCount ?? 2) > 1 ? 2 : 1,
    speech,
  };
}

/** One captured track on its way to the native side. */
export class Source {
  readonly id: SourceId;
  level: SourceLevel | null = null;
  readonly #context: AudioContext;
  #stopNodes: (() => void) | null = null;
  #isClosed = false;
  readonly #link: SoundLink;

  constructor(context: AudioContext, link: SoundLink, track: MediaStreamTrack) {
    this.#context = context;
    this.#link = link;
    this.id = link.nextSource();
    const options = optionsOf(track);
    void link.request({ type: "open-source", source: this.id, options }).catch(() => this.#stop());
    const way = link.openSource(this.id);
    void this.#start(track, way, options.channels === 2 ? 2 : 1).catch(() => way.port.postMessage(null));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    // Refused only when the native side is gone, and the source with it.
    void this.#link.request({ type: "close-source", source: this.id }).catch(() => undefined);
  }

  async #start(track: MediaStreamTrack, way: Way, channels: 1 | 2): Promise<void> {
    await loadWorklets(this.#context);
    if (this.#isClosed) return way.port.postMessage(null);
    const ahead = performance.timeOrigin + performance.now() - Date.now();
    const worklet = new AudioWorkletNode(this.#context, "webview-rtc-capture", {
      outputChannelCount: [1],
      channelCount: channels,
      channelCountMode: "explicit",
      processorOptions: { channels, ahead } satisfies CaptureOptions,
    });
    worklet.port.onmessage = ({ data }: MessageEvent<FromCapture>) => {
      this.level = data;
    };
    worklet.port.postMessage(way satisfies ToCapture, [way.port]);
    const input = inputOf(this.#context, track);
    input.read(worklet);
    // It gives silence; only what leads to the destination is processed.
    worklet.connect(this.#context.destination);
    this.#stopNodes = () => {
      worklet.port.postMessage(null satisfies ToCapture);
      input.leave(worklet);
      worklet.disconnect();
    };
  }

  #stop(): void {
    this.#stopNodes?.();
    this.#stopNodes = null;
  }
}

/** Sources by track, open as long as somebody holds them. */
export class Sources {
  readonly #context: AudioContext;
  readonly #link: SoundLink;
  readonly #held = new Map<MediaStreamTrack, { source: Source; holders: number }>();

  constructor(context: AudioContext, link: SoundLink) {
    this.#context = context;
    this.#link = link;
  }

  hold(track: MediaStreamTrack): Source {
    let held = this.#held.get(track);
    if (!held) {
      held = { source: new Source(this.#context, this.#link, track), holders: 0 };
      this.#held.set(track, held);
    }
    held.holders++;
    return held.source;
  }

  release(track: MediaStreamTrack): void {
    const held = this.#held.get(track);
    if (!held || --held.holders > 0) return;
    this.#held.delete(track);
    held.source.close();
  }
}
