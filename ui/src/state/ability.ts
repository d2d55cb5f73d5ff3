/** Whether this page can carry calls: asked of the engine, or of the one that is put in its place. */
import type { Clock } from "../call/clock";
import type { Ability, Lack } from "./contract";

/** Longer than any machine takes to try ours out, ms. What has not answered by then never will. */
const PATIENCE = 20_000;

export interface Engine {
  /** The page has RTCPeerConnection. */
  isThere: boolean;
  /** Puts ours in place and tries it out; null where there is none to put. */
  install: (() => Promise<Trial>) | null;
}

/** What the trial of ours has shown. */
export interface Trial {
  works: boolean;
  lacks: readonly Lack[];
}

/** Now, and for sure; the second never rejects. */
export function learnAbility(engine: Engine, clock: Clock): { now: Ability; later: Promise<Ability> | null } {
  const { isThere, install } = engine;
  if (isThere) return { now: { stage: "can", lacks: [] }, later: null };
  if (!install) return { now: { stage: "cannot", lacks: [] }, later: null };
  return { now: { stage: "checking" }, later: tryOut(install, clock) };
}

async function tryOut(install: () => Promise<Trial>, clock: Clock): Promise<Ability> {
  const silent: Trial = { works: false, lacks: [{ what: "native", install: [] }] };
  let stop = (): void => undefined;
  const tooLong = new Promise<Trial>((resolve) => {
    stop = clock.after(PATIENCE, () => resolve(silent));
  });
  const tried = install().catch((): Trial => silent);
  const { works, lacks } = await Promise.race([tried, tooLong]);
  stop();
  return { stage: works ? "can" : "cannot", lacks };
}
