/** What I send in the call that is on: microphone, camera, screen, each switched by the person. */
import { SCREEN_PROBLEMS, screenProblemOf } from "../call/devices";
import type { LocalMedia, ScreenHint } from "../call/local-media";
import type { Attempt } from "./attempt";
import type { AnyCode } from "./contract";

export type SendingMedia = Pick<
  LocalMedia,
  "hold" | "release" | "startScreen" | "stopScreen" | "setScreenHint" | "problem" | "track"
>;

export class Sending {
  constructor(
    private readonly options: {
      media: SendingMedia;
      attempt(): Attempt | null;
      notify(code: AnyCode): void;
      /** What was told before is no longer so. */
      withdraw(codes: readonly AnyCode[]): void;
    },
  ) {}

  async setMicrophone(on: boolean): Promise<void> {
    const attempt = this.options.attempt();
    if (!attempt) return;
    attempt.call?.setMicrophone(on);
    const { media } = this.options;
    if (!on || media.track("microphone")) return;
    // Refused or missing before: let go and ask again.
    await media.hold("call", { microphone: false, camera: attempt.camera });
    await this.#hold(attempt);
  }

  async setCamera(on: boolean): Promise<void> {
    const attempt = this.options.attempt();
    if (!attempt) return;
    attempt.camera = on;
    attempt.call?.setCamera(on);
    await this.#hold(attempt);
    const { media } = this.options;
    if (attempt.over || !on || media.track("camera")) return;
    // It did not open: the button must not say that it is on, and the next click asks again.
    const problem = media.problem("camera");
    if (problem) this.options.notify(problem);
    attempt.camera = false;
    attempt.call?.setCamera(false);
  }

  async setScreen(on: boolean): Promise<void> {
    const { media } = this.options;
    if (!on) media.stopScreen();
    else if (this.options.attempt()?.call) {
      this.options.withdraw(SCREEN_PROBLEMS);
      try {
        await media.startScreen();
        if (!this.options.attempt()) media.stopScreen();
      } catch (error) {
        this.options.notify(screenProblemOf(error));
      }
    }
  }

  setScreenHint(hint: ScreenHint): void {
    this.options.media.setScreenHint(hint);
  }

  async #hold(attempt: Attempt): Promise<void> {
    const { media } = this.options;
    await media.hold("call", { microphone: true, camera: attempt.camera });
    // Hung up while the person was being asked.
    if (attempt.over && !this.options.attempt()) await media.release("call");
  }
}
