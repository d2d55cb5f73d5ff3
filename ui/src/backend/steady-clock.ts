/** A clock that keeps its pace in a hidden tab. */
import { systemClock, type Clock } from "../call/clock";

export function steadyClock(): Clock {
  let worker: Worker;
  try {
    worker = new Worker(new URL("./ticker.ts", import.meta.url), { type: "module" });
  } catch {
    return systemClock;
  }
  const waiting = new Map<number, () => void>();
  let ids = 0;
  worker.onmessage = (event: MessageEvent<number>) => {
    const run = waiting.get(event.data);
    waiting.delete(event.data);
    run?.();
  };
  const after = (ms: number, run: () => void): (() => void) => {
    const id = ++ids;
    waiting.set(id, run);
    worker.postMessage({ id, ms });
    return () => waiting.delete(id);
  };
  // A worker that could not be loaded must not stop the pings: what waits goes over to the page's own timers.
  let broken = false;
  worker.onerror = () => {
    broken = true;
    const lost = [...waiting.values()];
    waiting.clear();
    for (const run of lost) systemClock.after(1_000, run);
  };
  return {
    now: () => Date.now(),
    after: (ms, run) => (broken ? systemClock.after(ms, run) : after(ms, run)),
    every(ms, run) {
      let cancel: () => void = () => undefined;
      const again = (): void => {
        cancel = broken ? systemClock.after(ms, beat) : after(ms, beat);
      };
      const beat = (): void => {
        again();
        run();
      };
      again();
      return () => cancel();
    },
  };
}
