/** Time as an argument, so that what waits can be tested without waiting. */
export interface Clock {
  /** ms since 1970. */
  now(): number;
  /** Calls once after `ms`; the result calls it off. */
  after(ms: number, run: () => void): () => void;
  /** Calls every `ms`; the result ends it. */
  every(ms: number, run: () => void): () => void;
}

/** The browser's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};
