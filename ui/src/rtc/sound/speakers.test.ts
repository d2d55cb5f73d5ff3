/** What is heard of a line: as loud as the loudest element that plays it, and never by the element itself. */
import { beforeEach, describe, expect, it } from "vitest";
import { FakeTrack, installFakes, stream } from "../testing-media";
import { Speakers } from "./speakers";

installFakes();

/** Of Web Audio. */
class FakeGain {
  readonly gain = {
    value: 1,
    target: NaN,
    cancelScheduledValues: () => undefined,
    setTargetAtTime: (value: number) => (this.gain.target = value),
  };
  readonly to = new Set<unknown>();
  connect(node: unknown): void {
    this.to.add(node);
  }
  disconnect(): void {
    this.to.clear();
  }
}

/** A media element as the webview makes it, the accessors on the prototype. */
function elements() {
  class Element extends EventTarget {
    paused = true;
    #muted = false;
    #volume = 1;
    #source: MediaStream | null = null;
    get srcObject(): MediaStream | null {
      return this.#source;
    }
    set srcObject(value: MediaStream | null) {
      this.#source = value;
    }
    get muted(): boolean {
      return this.#muted;
    }
    set muted(value: boolean) {
      this.#muted = value;
    }
    get volume(): number {
      return this.#volume;
    }
    set volume(value: number) {
      this.#volume = value;
      this.dispatchEvent(new Event("volumechange"));
    }
    /** What the webview itself goes by. */
    get isReallyMuted(): boolean {
      return this.#muted;
    }
    play(): this {
      this.paused = false;
      this.dispatchEvent(new Event("playing"));
      return this;
    }
    pause(): void {
      this.paused = true;
      this.dispatchEvent(new Event("pause"));
    }
  }
  return Element;
}

let Element: ReturnType<typeof elements>;
let speakers: Speakers;
let gains: FakeGain[];
let destination: object;

beforeEach(() => {
  Element = elements();
  gains = [];
  destination = {};
  const createGain = (): FakeGain => {
    const gain = new FakeGain();
    gains.push(gain);
    return gain;
  };
  const context = { destination, currentTime: 0, createGain } as unknown as AudioContext;
  speakers = new Speakers(context, Element.prototype);
});

/** A line: its track, and how loud it is. */
function line(): { track: FakeTrack; loudness: () => number } {
  const track = new FakeTrack("audio");
  speakers.add(track.asTrack);
  const gain = gains.at(-1);
  return { track, loudness: () => gain?.gain.target ?? NaN };
}

/** An element that shows a stream. */
function showing(media: MediaStream): InstanceType<typeof Element> {
  const element = new Element();
  element.srcObject = media;
  return element;
}

describe("a line", () => {
  it("is silent from its first sample until an element plays it", () => {
    const { track, loudness } = line();
    expect([gains[0]?.gain.value, loudness()]).toEqual([0, 0]);
    expect([...(gains[0]?.to ?? [])]).toEqual([destination]);
    const element = showing(stream(track));
    expect(loudness()).toBe(0);
    element.play();
    expect(loudness()).toBe(1);
    element.pause();
    expect(loudness()).toBe(0);
  });

  it("is as loud as the loudest of its elements", () => {
    const { track, loudness } = line();
    const [soft, loud] = [showing(stream(track)).play(), showing(stream(track)).play()];
    soft.volume = 0.2;
    loud.volume = 0.7;
    expect(loudness()).toBe(0.7);
    loud.pause();
    expect(loudness()).toBe(0.2);
  });

  it("is not heard through an element of another line", () => {
    const [one, two] = [line(), line()];
    showing(stream(one.track)).play();
    expect([one.loudness(), two.loudness()]).toEqual([1, 0]);
  });

  it("is silent while its track is disabled, which the track itself still tells and does", () => {
    const { track, loudness } = line();
    showing(stream(track)).play();
    track.asTrack.enabled = false;
    expect([loudness(), track.asTrack.enabled]).toEqual([0, false]);
    const own = Object.getOwnPropertyDescriptor(FakeTrack.prototype, "enabled");
    expect(own?.get?.call(track)).toBe(false);
    track.asTrack.enabled = true;
    expect(loudness()).toBe(1);
  });

  it("lets go of the loudspeaker when it is over", () => {
    const { track } = line();
    showing(stream(track)).play();
    speakers.remove(track.asTrack);
    expect(gains[0]?.to.size).toBe(0);
  });
});

describe("an element", () => {
  it("is kept mute itself, and is as muted to the page as the page made it", () => {
    const { track, loudness } = line();
    const element = showing(stream(track)).play();
    expect([element.isReallyMuted, element.muted]).toEqual([true, false]);
    const told: boolean[] = [];
    element.addEventListener("volumechange", () => told.push(element.muted));
    element.muted = true;
    expect([element.isReallyMuted, element.muted, loudness()]).toEqual([true, true, 0]);
    element.muted = true;
    element.muted = false;
    expect([element.isReallyMuted, loudness(), told]).toEqual([true, 1, [true, false]]);
  });

  it("that was muted before stays so", () => {
    const { track, loudness } = line();
    const element = new Element();
    element.muted = true;
    element.srcObject = stream(track);
    element.play();
    expect([element.muted, loudness()]).toEqual([true, 0]);
  });

  it("that gets another stream leaves the line, and is itself again", () => {
    const { track, loudness } = line();
    const element = showing(stream(track)).play();
    element.srcObject = stream(new FakeTrack("audio"));
    expect([element.isReallyMuted, loudness()]).toEqual([false, 0]);
    element.srcObject = stream(track);
    element.muted = true;
    element.srcObject = null;
    expect([element.isReallyMuted, element.srcObject, loudness()]).toEqual([true, null, 0]);
    // What it tells now is no longer of the line.
    element.muted = false;
    element.volume = 0.5;
    expect([element.isReallyMuted, loudness()]).toEqual([false, 0]);
  });

  it("with sound of others plays it itself", () => {
    line();
    const element = showing(stream(new FakeTrack("audio"))).play();
    expect([element.isReallyMuted, Object.hasOwn(element, "muted")]).toEqual([false, false]);
  });
});

describe("a stream that is shown", () => {
  it("is heard when the page puts the line into it, which no event tells", () => {
    const { track, loudness } = line();
    const media = stream();
    showing(media).play();
    media.addTrack(track.asTrack);
    expect(loudness()).toBe(1);
    media.removeTrack(track.asTrack);
    expect(loudness()).toBe(0);
  });

  it("is heard also when it was shown before there was any line", () => {
    const media = stream();
    const element = showing(media).play();
    const { track, loudness } = line();
    media.addTrack(track.asTrack);
    expect([element.isReallyMuted, element.muted, loudness()]).toEqual([true, false, 1]);
  });

  it("is of no matter any more when another one took its place", () => {
    const media = stream();
    const element = showing(media).play();
    element.srcObject = null;
    const { track, loudness } = line();
    media.addTrack(track.asTrack);
    expect([element.isReallyMuted, loudness()]).toEqual([false, 0]);
  });
});
