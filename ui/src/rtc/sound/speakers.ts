/**
 * Plays lines in the elements that show them. WebKitGTK plays nothing of a MediaStreamAudioDestinationNode's track in a
 * media element, though the element says that it plays. So a line's sound goes straight to the context's destination, as
 * loud as the loudest element that has its track in `srcObject` wants it; without such an element it is not heard.
 *
 * The element itself is kept muted, so that an engine which does play the track is not heard twice. To the page it is as
 * muted as the page made it. Sound of others in the same stream is not heard: put it into a stream of its own.
 */

/** s: how fast a gain follows; steps would click. */
const FOLLOW = 0.01;
const EVENTS = ["play", "playing", "pause", "ended", "emptied", "volumechange"] as const;

interface Output {
  gain: GainNode;
  isEnabled: boolean;
}

/** An accessor of a prototype, with both halves. */
interface Accessor<T> {
  get(this: object): T;
  set(this: object, value: T): void;
}

function accessor<T>(prototype: object, name: string): Accessor<T> | null {
  const { get, set } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  return get && set ? ({ get, set } as Accessor<T>) : null;
}

const watched = new WeakMap<MediaStream, Set<() => void>>();

/** Calls when a stream's tracks change, until the result is called: what the page itself adds or removes has no event. */
function watchTracks(stream: MediaStream, changed: () => void): () => void {
  const all = watched.get(stream) ?? new Set();
  if (!watched.has(stream)) {
    watched.set(stream, all);
    const tell = (): void => {
      for (const one of [...all]) one();
    };
    for (const event of ["addtrack", "removetrack"]) stream.addEventListener(event, tell);
    for (const name of ["addTrack", "removeTrack"] as const) {
      const change = stream[name];
      const value = (track: MediaStreamTrack): void => {
        change.call(stream, track);
        tell();
      };
      Object.defineProperty(stream, name, { configurable: true, writable: true, value });
    }
  }
  all.add(changed);
  return () => all.delete(changed);
}

/** An element that has a stream, and how it is to be heard. */
class Adopted {
  isMuted: boolean;
  readonly #muted: Accessor<boolean>;

  constructor(
    readonly element: HTMLMediaElement,
    readonly stream: MediaStream,
    muted: Accessor<boolean>,
    changed: () => void,
  ) {
    this.#muted = muted;
    this.isMuted = muted.get.call(element);
    muted.set.call(element, true);
    Object.defineProperty(element, "muted", {
      configurable: true,
      enumerable: true,
      get: () => this.isMuted,
      set: (value: unknown) => {
        if (this.isMuted === Boolean(value)) return;
        this.isMuted = Boolean(value);
        element.dispatchEvent(new Event("volumechange"));
      },
    });
    for (const event of EVENTS) element.addEventListener(event, changed);
    const unwatch = watchTracks(stream, changed);
    this.leave = () => {
      for (const event of EVENTS) element.removeEventListener(event, changed);
      unwatch();
      Reflect.deleteProperty(element, "muted");
      this.#muted.set.call(element, this.isMuted);
    };
  }

  /** It is as before. */
  readonly leave: () => void;

  volumeOf(track: MediaStreamTrack): number {
    const { element, stream } = this;
    const isHeard = !element.paused && !this.isMuted && stream.getTracks().includes(track);
    return isHeard ? element.volume : 0;
  }
}

export class Speakers {
  readonly #outputs = new Map<MediaStreamTrack, Output>();
  readonly #adopted = new WeakMap<HTMLMediaElement, Adopted>();
  /** Those of {@link #adopted}; an element that the page forgets is forgotten here, too. */
  readonly #living = new Set<WeakRef<Adopted>>();
  /** Elements whose stream has no sound yet, while there was no line: what stops waiting for it. */
  readonly #waiting = new WeakMap<HTMLMediaElement, () => void>();
  readonly #muted: Accessor<boolean> | null;
  readonly #context: AudioContext;
  readonly #update = (): void => {
    for (const [track, output] of this.#outputs) this.#follow(track, output);
  };

  /** `prototype` is that of media elements; what is set as `srcObject` from now on is seen. */
  constructor(context: AudioContext, prototype: object = HTMLMediaElement.prototype) {
    this.#context = context;
    this.#muted = accessor<boolean>(prototype, "muted");
    const source = accessor<MediaProvider | null>(prototype, "srcObject");
    if (!source) return;
    const shown = (element: HTMLMediaElement, stream: MediaProvider | null): void =>
      this.#shown(element, stream);
    Object.defineProperty(prototype, "srcObject", {
      configurable: true,
      enumerable: true,
      get(this: HTMLMediaElement) {
        return source.get.call(this);
      },
      set(this: HTMLMediaElement, value: MediaProvider | null) {
        source.set.call(this, value);
        shown(this, value);
      },
    });
  }

  /** A track of ours; its sound is to be connected to what is answered. */
  add(track: MediaStreamTrack): AudioNode {
    const gain = this.#context.createGain();
    gain.gain.value = 0;
    gain.connect(this.#context.destination);
    const output = { gain, isEnabled: track.enabled };
    this.#outputs.set(track, output);
    const enabled = accessor<boolean>(Object.getPrototypeOf(track) as object, "enabled");
    if (enabled) {
      Object.defineProperty(track, "enabled", {
        configurable: true,
        enumerable: true,
        get: () => output.isEnabled,
        set: (value: unknown) => {
          output.isEnabled = Boolean(value);
          enabled.set.call(track, output.isEnabled);
          this.#follow(track, output);
        },
      });
    }
    this.#follow(track, output);
    return gain;
  }

  remove(track: MediaStreamTrack): void {
    this.#outputs.get(track)?.gain.disconnect();
    this.#outputs.delete(track);
  }

  #shown(element: HTMLMediaElement, stream: MediaProvider | null): void {
    this.#adopted.get(element)?.leave();
    this.#adopted.delete(element);
    this.#waiting.get(element)?.();
    this.#waiting.delete(element);
    if (stream instanceof MediaStream && this.#muted && this.#isOurs(stream)) {
      const adopted = new Adopted(element, stream, this.#muted, this.#update);
      this.#adopted.set(element, adopted);
      this.#living.add(new WeakRef(adopted));
    } else if (stream instanceof MediaStream && stream.getAudioTracks().length === 0) {
      this.#waiting.set(
        element,
        watchTracks(stream, () => this.#shown(element, stream)),
      );
    }
    this.#update();
  }

  /** A stream of others is left alone: what it has of sound the element plays itself. */
  #isOurs(stream: MediaStream): boolean {
    const tracks = stream.getAudioTracks();
    return tracks.length === 0 ? this.#outputs.size > 0 : tracks.some((track) => this.#outputs.has(track));
  }

  #follow(track: MediaStreamTrack, { gain, isEnabled }: Output): void {
    let volume = 0;
    for (const living of this.#living) {
      const adopted = living.deref();
      if (!adopted || this.#adopted.get(adopted.element) !== adopted) this.#living.delete(living);
      else if (isEnabled) volume = Math.max(volume, adopted.volumeOf(track));
    }
    gain.gain.cancelScheduledValues(0);
    gain.gain.setTargetAtTime(volume, this.#context.currentTime, FOLLOW);
  }
}
