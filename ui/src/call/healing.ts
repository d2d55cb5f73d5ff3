/**
 * When to restart ICE and when to give a peer connection up. Sees connection states and time, nothing else; who
 * offers the restart is the peer's business.
 */
import { LIMITS } from "../gen/protocol";
import type { Clock } from "./clock";

/** Between two restarts while nothing connects: a round of checks takes about as long. */
export const RETRY_EVERY = 4_000;
/** Who has changed their network so long ago at most is not waited for when their way is gone, ms. */
export const CHANGED_FOR = 6_000;
/** Two restarts closer than this come from both sides noticing at once. */
export const RESTART_GAP = 1_000;
/**
 * A voice comes all the time, a muted one too. Where none has come for so long the line is gone, seconds before an engine
 * says `disconnected`, ms.
 */
export const SILENT_FOR = 1_500;
/**
 * So many restarts because of it, and the second so long after the first, ms, the next after twice that: Chromium tells
 * its pages of a new address after 2 s.
 */
const SILENT_TRIES = 3;
export const SILENT_AGAIN = 1_000;

export class Healing {
  #brokenSince: number | null;
  #lastRestart = -Infinity;
  #nudged = -Infinity;
  /** When the last of their voice came, in the engine's time, and since when that is known, ms. */
  #voice = { stamp: 0, since: 0, tries: 0 };
  #next: (() => void) | null = null;
  #giveUp: (() => void) | null = null;
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly act: { restart(): void; lost(): void },
  ) {
    // Until it connects for the first time it counts as broken, but a restart waits for a failure.
    this.#brokenSince = clock.now();
    this.#giveUp = clock.after(LIMITS.CALL_LOST_AFTER, () => this.#lose());
  }

  state(state: RTCPeerConnectionState): void {
    if (this.#stopped) return;
    switch (state) {
      case "connected":
        this.#brokenSince = null;
        this.#next?.();
        this.#next = null;
        this.#giveUp?.();
        this.#giveUp = null;
        break;
      case "disconnected":
        this.#break();
        if (this.clock.now() - this.#nudged < CHANGED_FOR) this.#restart();
        else this.#next ??= this.clock.after(LIMITS.ICE_RESTART_AFTER, () => this.#restart());
        break;
      case "failed":
        this.#break();
        this.#restart();
        break;
      case "new":
      case "connecting":
      case "closed":
        break;
    }
  }

  /** A way may have opened (network up, hub back, another address): no need to wait, now or when it shows. */
  nudge(): void {
    this.#nudged = this.clock.now();
    if (!this.#stopped && this.#brokenSince !== null && this.#next) this.#restart();
  }

  /**
   * To be told a few times a second, so that a line that is gone is noticed by what no longer comes.
   * @param stamp when the last of their voice came, in the engine's time; 0: there is none
   */
  heard(stamp: number): void {
    const now = this.clock.now();
    if (stamp !== this.#voice.stamp) this.#voice = { stamp, since: now, tries: 0 };
    const { since, tries } = this.#voice;
    if (stamp === 0 || tries >= SILENT_TRIES || now - since < SILENT_FOR + (2 ** tries - 1) * SILENT_AGAIN)
      return;
    if (this.#stopped || this.#brokenSince !== null) return;
    this.#voice.tries++;
    this.#nudged = now;
    this.#act();
  }

  /** The other side, which does not offer, asks for a restart; often twice, by two ways. */
  wanted(): void {
    if (!this.#stopped) this.#act();
  }

  stop(): void {
    this.#stopped = true;
    this.#next?.();
    this.#giveUp?.();
  }

  #break(): void {
    if (this.#brokenSince !== null) return;
    this.#brokenSince = this.clock.now();
    this.#giveUp = this.clock.after(LIMITS.CALL_LOST_AFTER, () => this.#lose());
  }

  #restart(): void {
    this.#next?.();
    this.#next = this.clock.after(RETRY_EVERY, () => this.#restart());
    this.#act();
  }

  #act(): void {
    if (this.clock.now() - this.#lastRestart < RESTART_GAP) return;
    this.#lastRestart = this.clock.now();
    this.act.restart();
  }

  #lose(): void {
    this.stop();
    this.act.lost();
  }
}
