/** The lobby's own picture and level. */
import type { Clock } from "../call/clock";
import type { InputKind } from "../call/devices";
import type { LevelSource } from "../call/level";
import type { LocalMedia } from "../call/local-media";
import type { PreviewState } from "./contract";

const LEVEL_EVERY = 50;

export class Preview {
  #level: LevelSource | null = null;
  #stopTimer: (() => void) | null = null;
  #on = false;

  constructor(
    private readonly options: {
      state: PreviewState;
      media: Pick<LocalMedia, "hold" | "release" | "track" | "problem">;
      clock: Clock;
      stream(tracks: MediaStreamTrack[]): MediaStream;
      measure(track: MediaStreamTrack): LevelSource | null;
    },
  ) {}

  async set(on: boolean): Promise<void> {
    const { state, media, clock } = this.options;
    this.#on = on;
    if (!on) {
      this.#stopTimer?.();
      this.#stopTimer = null;
      this.#level?.close();
      this.#level = null;
      Object.assign(state, {
        stage: "off",
        stream: null,
        level: 0,
        microphoneProblem: null,
        cameraProblem: null,
      });
      await media.release("preview");
      return;
    }
    if (state.stage !== "off") return;
    state.stage = "starting";
    await media.hold("preview", { microphone: true, camera: true });
    // Switched off while the person was being asked.
    if (!this.#on || state.stage !== "starting") return;
    state.stage = "on";
    this.mediaChanged("microphone");
    this.mediaChanged("camera");
    this.#stopTimer?.();
    this.#stopTimer = clock.every(LEVEL_EVERY, () => {
      state.level = this.#level?.read() ?? 0;
    });
  }

  /** A track came, went or was replaced. */
  mediaChanged(kind: InputKind): void {
    const { state, media, stream, measure } = this.options;
    if (state.stage !== "on") return;
    state.microphoneProblem = media.problem("microphone");
    state.cameraProblem = media.problem("camera");
    const track = media.track(kind);
    if (kind === "camera") state.stream = track ? stream([track]) : null;
    else {
      this.#level?.close();
      this.#level = track ? measure(track) : null;
    }
  }
}
