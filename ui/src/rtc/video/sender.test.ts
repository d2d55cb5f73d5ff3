import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KEYFRAME } from "../numbers";
import { readHeader, type Header } from "../worker/frame";
import { Sender } from "./sender";
import { Source } from "./source";
import { FakeEncoder, FakeFrame } from "./testing";

const VP8 = { mime_type: "video/VP8", clock_rate: 90_000 };
const SETTINGS = {
  active: true,
  maxBitrate: null,
  maxFramerate: null,
  scaleResolutionDownBy: 1,
  priority: "low",
  degradation: "maintain-resolution",
} as const;

let sent: Header[];
let waiting: number | null;
let source: Source;
let sender: Sender;

class StampedFrame extends FakeFrame {
  constructor(
    of: FakeFrame | Uint8Array,
    init: { timestamp: number; codedWidth?: number; codedHeight?: number },
  ) {
    const { codedWidth: width, codedHeight: height } = init;
    const size = of instanceof Uint8Array ? { width: width ?? 0, height: height ?? 0 } : sizeOf(of);
    super(init.timestamp, size);
  }

  clone(): StampedFrame {
    return new StampedFrame(this, this);
  }
}

function sizeOf({ displayWidth: width, displayHeight: height }: FakeFrame): {
  width: number;
  height: number;
} {
  return { width, height };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("VideoEncoder", FakeEncoder);
  vi.stubGlobal("VideoFrame", StampedFrame);
  FakeEncoder.made = [];
  [sent, waiting] = [[], 0];
  source = new Source(null, { width: 640, height: 480 }, 30);
  sender = new Sender({
    waiting: () => waiting,
    send: (frame) => {
      const header = readHeader(frame.buffer);
      if (header) sent.push(header);
    },
  });
  sender.bind(7, 1);
  sender.set(SETTINGS);
  sender.setSource(source);
  sender.setCodec(VP8);
  sender.setTarget(1_000_000);
});
afterEach(() => {
  source.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** So many pictures at 30 a second. */
function film(count: number, size = { width: 640, height: 480 }): void {
  for (let index = 0; index < count; index++) {
    vi.advanceTimersByTime(33);
    source.take(new FakeFrame(-(2 ** 63), size) as unknown as VideoFrame);
  }
}

function encoder(): FakeEncoder {
  const last = FakeEncoder.made.at(-1);
  if (!last) throw new Error("no encoder was made");
  return last;
}

function keyframes(): number {
  return sent.filter(({ flags }) => flags & KEYFRAME).length;
}

describe("a sender", () => {
  it("sends a keyframe, then what has changed, by the page's clock", () => {
    film(3);
    expect(sent.map(({ flags }) => flags)).toEqual([KEYFRAME, 0, 0]);
    expect(sent[0]).toMatchObject({ pc: 7, stream: 1, codec: 1 });
    const now = (performance.timeOrigin + performance.now()) * 1000;
    expect(Math.abs((sent[2]?.time ?? 0) - now)).toBeLessThan(2_000);
  });

  it("sends nothing before all is known, nor while it may not", () => {
    for (const stop of [
      () => sender.setTarget(0),
      () => sender.setCodec(null),
      () => sender.set({ ...SETTINGS, active: false }),
      () => (waiting = null),
    ]) {
      stop();
      film(3);
      expect(sent).toEqual([]);
      waiting = 0;
      sender.set(SETTINGS);
      sender.setCodec(VP8);
      sender.setTarget(1_000_000);
    }
    film(1);
    expect(sent).toHaveLength(1);
  });

  it("drops pictures at the source when the encoder or the native side is behind", () => {
    film(1);
    encoder().isSlow = true;
    film(10);
    expect(encoder().keyframes).toHaveLength(4);
    encoder().isSlow = false;
    encoder().finish();
    waiting = 300_000;
    film(3);
    expect(encoder().keyframes).toHaveLength(4);
    waiting = 0;
    film(1);
    expect(encoder().keyframes).toHaveLength(5);
  });

  it("gives up an encoder from which nothing comes", () => {
    film(1);
    encoder().isSlow = true;
    film(200);
    expect(FakeEncoder.made.length).toBeGreaterThan(1);
    film(10);
    expect(keyframes()).toBe(2);
  });

  it("sends no more keyframes than four a second", () => {
    for (let index = 0; index < 30; index++) {
      sender.wantKeyframe();
      film(1);
    }
    expect(keyframes()).toBeGreaterThanOrEqual(3);
    expect(keyframes()).toBeLessThanOrEqual(4);
  });

  it("answers the wish for a keyframe though the picture stands still", () => {
    film(1);
    vi.advanceTimersByTime(400);
    sender.wantKeyframe();
    expect(keyframes()).toBe(2);
  });

  it("sends a picture that stands still twice a second", () => {
    film(1);
    vi.advanceTimersByTime(5_000);
    expect(sent).toHaveLength(11);
  });

  it("tells the encoder of another bitrate when it is another", () => {
    film(1);
    sender.setTarget(1_050_000);
    film(1);
    expect(encoder().configs).toHaveLength(1);
    sender.setTarget(700_000);
    film(1);
    expect(encoder().configs.map(({ bitrate }) => bitrate)).toEqual([1_000_000, 700_000]);
    expect(keyframes()).toBe(1);
  });

  it("follows the source's size with a keyframe", () => {
    film(20);
    film(2, { width: 1280, height: 720 });
    expect(encoder().configs.at(-1)).toMatchObject({ width: 1280, height: 720 });
    expect(keyframes()).toBe(2);
  });

  it("sends black while the track is off, often enough to be no freeze", () => {
    film(1);
    source.setLive(false);
    const before = sent.length;
    film(30);
    expect(sent.length - before).toBeGreaterThanOrEqual(9);
    expect(sent.length - before).toBeLessThanOrEqual(11);
    source.setLive(true);
    film(2);
    expect(source.frames).toBe(3);
  });

  it("tries another encoder after one that failed, ever later", () => {
    film(1);
    encoder().on.error(new Error("broken"));
    film(1);
    expect(FakeEncoder.made).toHaveLength(1);
    expect(sender.stats().qualityLimitationReason).toBe("other");
    film(4);
    expect(FakeEncoder.made).toHaveLength(2);
    expect(keyframes()).toBe(2);
    expect(sender.stats().qualityLimitationReason).toBe("none");
  });

  it("takes another source with a keyframe, and lets go of the first", () => {
    film(20);
    const other = new Source(null, { width: 320, height: 240 }, 30);
    sender.setSource(other);
    const before = sent.length;
    film(5);
    expect(sent).toHaveLength(before);
    other.take(new FakeFrame(0, { width: 320, height: 240 }) as unknown as VideoFrame);
    expect(keyframes()).toBe(2);
    other.close();
  });
});
