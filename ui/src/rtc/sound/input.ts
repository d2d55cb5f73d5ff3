/**
 * What reads captured tracks: a node for each, from its first reader on until the track is over. WebKitGTK's nodes pile up
 * what nobody reads, so one that nobody wants any more is read into silence.
 */
import { watch } from "../watch";

export class Input {
  readonly #node: MediaStreamAudioSourceNode;

  constructor(context: AudioContext, track: MediaStreamTrack) {
    this.#node = context.createMediaStreamSource(new MediaStream([track]));
    this.#node.connect(silenceOf(context));
    const ended = (): void => {
      unwatch();
      this.#node.disconnect();
    };
    const unwatch = watch(track, { changed: () => undefined, ended });
  }

  read(reader: AudioNode): void {
    this.#node.connect(reader);
  }

  leave(reader: AudioNode): void {
    try {
      this.#node.disconnect(reader);
    } catch {
      // The track is over, and nothing is connected any more.
    }
  }
}

const silences = new WeakMap<AudioContext, AudioNode>();

/** Reads, and is not heard. */
function silenceOf(context: AudioContext): AudioNode {
  let silence = silences.get(context);
  if (!silence) {
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    silences.set(context, gain);
    silence = gain;
  }
  return silence;
}

const inputs = new WeakMap<AudioContext, WeakMap<MediaStreamTrack, Input>>();

export function inputOf(context: AudioContext, track: MediaStreamTrack): Input {
  let ofContext = inputs.get(context);
  if (!ofContext) inputs.set(context, (ofContext = new WeakMap()));
  let input = ofContext.get(track);
  if (!input) ofContext.set(track, (input = new Input(context, track)));
  return input;
}
