/**
 * Tells when a track goes black or silent, or is over. A clone knows neither of its original's `enabled` nor of its
 * `stop()`, and neither has an event: both are watched on the track itself, which else stays as it is.
 */

export interface Watcher {
  /** `enabled` or `muted` may have changed. */
  changed(): void;
  /** Stopped, or its source is gone. */
  ended(): void;
}

const watched = new WeakMap<MediaStreamTrack, Set<Watcher>>();

/** Until the result is called. */
export function watch(track: MediaStreamTrack, watcher: Watcher): () => void {
  let watchers = watched.get(track);
  if (!watchers) {
    watchers = new Set();
    watched.set(track, watchers);
    wrap(track, watchers);
  }
  const all = watchers;
  all.add(watcher);
  return () => all.delete(watcher);
}

/** Whether the track has a picture to show. */
export function isLive(track: MediaStreamTrack): boolean {
  return track.enabled && !track.muted && track.readyState === "live";
}

function wrap(track: MediaStreamTrack, watchers: Set<Watcher>): void {
  const changed = (): void => {
    for (const watcher of [...watchers]) watcher.changed();
  };
  const ended = (): void => {
    for (const watcher of [...watchers]) watcher.ended();
  };
  track.addEventListener("mute", changed);
  track.addEventListener("unmute", changed);
  track.addEventListener("ended", ended);
  const enabled = inherited(track, "enabled");
  if (enabled?.get && enabled.set) {
    const { get, set } = enabled;
    Object.defineProperty(track, "enabled", {
      configurable: true,
      enumerable: true,
      get: () => get.call(track) as boolean,
      set: (value: boolean) => {
        set.call(track, value);
        changed();
      },
    });
  }
  const stop = track.stop;
  Object.defineProperty(track, "stop", {
    configurable: true,
    writable: true,
    value: () => {
      stop.call(track);
      ended();
    },
  });
}

function inherited(object: object, name: string): PropertyDescriptor | undefined {
  for (let at: unknown = object; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at as object, name);
    if (found) return found;
  }
  return undefined;
}
