/**
 * Comparing the short code with one participant: the person's wishes and the other side's words become steps for the
 * device key, and what it says goes out on the data channel. What a step means is the key's business
 * ({@link RoomTrust.verify}); here are order, time and what the person sees.
 */
import { LIMITS, type ErrorCode, type Verification, type Verify } from "../gen/protocol";
import type { VerifyStage, VerifyStep } from "../gen/protocol";
import type { Clock } from "./clock";

export interface VerifyingView {
  stage: VerifyStage;
  /** It was they who began. */
  theirs: boolean;
  /** Why it went wrong, if it did. */
  problem: ErrorCode | null;
}

/** Words of the other side that wait to be looked at; an honest one never says more than three in a row. */
const MAX_WAITING = 8;

export class Verifying {
  #view: VerifyingView | null = null;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Counts comparisons, so that the answer to a step of an earlier one changes nothing. */
  #run = 0;
  #stopTimer: (() => void) | null = null;
  #stopped = false;

  constructor(
    private readonly options: {
      clock: Clock;
      step(step: VerifyStep): Promise<Verification>;
      /** On the data channel; false when it is not open. */
      say(verify: Verify): boolean;
      changed(): void;
    },
  ) {}

  /** Null while nobody wants to. */
  get view(): VerifyingView | null {
    return this.#view;
  }

  /** The person wants to; where the other side has begun already, it goes on by itself. */
  begin(): void {
    if (this.#stopped || this.#isOn) return;
    this.#open(false);
    this.#step({ type: "begin" });
  }

  /** The person has compared. */
  confirm(matches: boolean): void {
    if (this.#isOn && this.#view?.stage.type === "compare") this.#step({ type: "confirm", matches });
  }

  /** Not now; or what came of it has been read. */
  cancel(): void {
    if (!this.#view) return;
    const wasOn = this.#isOn;
    this.#end(null);
    if (wasOn) this.#giveUp();
  }

  /** What the other side says. */
  heard(verify: Verify): void {
    if (this.#stopped) return;
    if (!this.#isOn) {
      // Without a beginning there is nothing that this could belong to.
      if (verify.type !== "commit") return;
      // A warning stays until the person has read it; nobody shall wipe it away by asking again.
      if (this.#view?.stage.type === "mismatch" || this.#view?.problem) {
        this.options.say({ type: "cancel" });
        return;
      }
      this.#open(true);
    }
    this.#step({ type: "heard", verify });
  }

  /** The connection is gone. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stopTimer?.();
    // The key shall not wait for an answer that cannot come.
    if (this.#isOn) void this.options.step({ type: "cancel" }).catch(() => undefined);
  }

  get #isOn(): boolean {
    const stage = this.#view?.stage.type;
    return stage === "waiting" || stage === "compare" || stage === "confirmed";
  }

  #open(theirs: boolean): void {
    this.#run++;
    this.#view = { stage: { type: "waiting" }, theirs, problem: null };
    this.#stopTimer?.();
    this.#stopTimer = this.options.clock.after(LIMITS.VERIFY_TIMEOUT, () => {
      this.#end({ type: "cancelled" });
      this.#giveUp();
    });
    this.options.changed();
  }

  /** It is over, with something to show or without. */
  #end(stage: VerifyStage | null, problem: ErrorCode | null = null): void {
    this.#run++;
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#view = stage && { stage, theirs: this.#view?.theirs ?? false, problem };
    this.options.changed();
  }

  /** One after the other, as they were said. */
  #enqueue(work: () => Promise<void>): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#work = this.#work.then(async () => {
      this.#waiting--;
      if (!this.#stopped) await work();
    });
  }

  #step(step: VerifyStep): void {
    const run = this.#run;
    this.#enqueue(async () => {
      try {
        const { stage, say } = await this.options.step(step);
        const heard = say.map((verify) => this.options.say(verify));
        if (run !== this.#run || this.#stopped) return;
        if (heard.includes(false)) this.#fail("link-lost");
        else if (isFinal(stage)) this.#end(stage);
        else if (this.#view) {
          this.#view = { ...this.#view, stage };
          this.options.changed();
        }
      } catch (error) {
        if (run === this.#run && !this.#stopped) this.#fail(codeIn(error));
      }
    });
  }

  #fail(code: ErrorCode): void {
    this.#end({ type: "cancelled" }, code);
    this.#giveUp();
  }

  /** Neither the key nor the other side shall wait on. */
  #giveUp(): void {
    this.#enqueue(async () => {
      let say: Verify[] = [];
      try {
        ({ say } = await this.options.step({ type: "cancel" }));
      } catch {
        // Nothing was on any more.
      }
      for (const verify of say.length > 0 ? say : [{ type: "cancel" } as const]) this.options.say(verify);
    });
  }
}

function isFinal({ type }: VerifyStage): boolean {
  return type === "verified" || type === "mismatch" || type === "cancelled";
}

function codeIn(error: unknown): ErrorCode {
  return error instanceof Error && "code" in error ? (error.code as ErrorCode) : "internal";
}
