import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CONTIGUOUS, FRAME_PICTURE, KEYFRAME } from "../numbers";
import { newFrame } from "../worker/frame";
import { Receiver, type Screen } from "./receiver";
import { FakeDecoder, type FakeFrame } from "./testing";

const LINE = { pc: 7, line: 1 };
let shown: number[];
let muted: boolean[];
let waiting: number;
let asked: number;
let receiver: Receiver;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("VideoDecoder", FakeDecoder);
  vi.stubGlobal("EncodedVideoChunk", function (this: object, init: object) {
    Object.assign(this, init);
  });
  FakeDecoder.made = [];
  [shown, muted, waiting, asked] = [[], [], 0, 0];
  const screen: Screen = {
    show: (frame) => shown.push(frame.timestamp),
    setMuted: (value) => muted.push(value),
    get waiting() {
      return waiting;
    },
    close: () => undefined,
  };
  receiver = new Receiver(screen, (pc, line) => {
    expect({ pc, line }).toEqual(LINE);
    asked += 1;
  });
  receiver.bind(LINE.pc, LINE.line);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function arrive(time: number, flags: number, { codec = 1, hold = 0, payload = 0 } = {}): void {
  const header = { kind: FRAME_PICTURE, flags, codec, pc: LINE.pc, stream: LINE.line, hold, time };
  receiver.picture(header, newFrame(header, payload).buffer);
}

function decoder(): FakeDecoder {
  const last = FakeDecoder.made.at(-1);
  if (!last) throw new Error("no decoder was made");
  return last;
}

describe("a receiver", () => {
  it("begins with a keyframe, and asks for one at most four times a second", () => {
    for (let index = 0; index < 30; index++) {
      arrive(index, CONTIGUOUS);
      vi.advanceTimersByTime(33);
    }
    expect(decoder().chunks).toEqual([]);
    expect(asked).toBe(4);
    arrive(40, KEYFRAME | CONTIGUOUS);
    arrive(41, CONTIGUOUS);
    expect(decoder().chunks.map(({ type }) => type)).toEqual(["key", "delta"]);
    expect(receiver.stats()).toMatchObject({ framesReceived: 32, framesDropped: 30, keyFramesDecoded: 1 });
  });

  it("goes on at a keyframe after a gap", () => {
    arrive(0, KEYFRAME | CONTIGUOUS);
    arrive(1, 0);
    arrive(2, CONTIGUOUS);
    expect(asked).toBe(1);
    arrive(3, KEYFRAME);
    arrive(4, CONTIGUOUS);
    expect(decoder().chunks.map(({ timestamp }) => timestamp)).toEqual([0, 3, 4]);
  });

  it("takes another decoder after an error, and for another codec", () => {
    arrive(0, KEYFRAME | CONTIGUOUS);
    decoder().fail();
    expect(asked).toBe(1);
    arrive(1, CONTIGUOUS);
    arrive(2, KEYFRAME | CONTIGUOUS);
    expect(FakeDecoder.made).toHaveLength(2);
    arrive(3, CONTIGUOUS, { codec: 2 });
    arrive(4, KEYFRAME | CONTIGUOUS, { codec: 2 });
    expect(FakeDecoder.made.map(({ configs }) => configs[0]?.codec)).toEqual(["vp8", "vp8", "avc1.42e01f"]);
    expect(decoder().chunks.map(({ timestamp }) => timestamp)).toEqual([4]);
  });

  it("gives up on a decoder that is too slow until the next keyframe", () => {
    arrive(0, KEYFRAME | CONTIGUOUS);
    for (let index = 1; index <= 20; index++) arrive(index, CONTIGUOUS);
    expect(asked).toBe(0);
    arrive(21, CONTIGUOUS);
    expect(asked).toBe(1);
    expect(FakeDecoder.made.map(({ state }) => state)).toEqual(["closed", "configured"]);
  });

  it("passes over late pictures while others are behind them, but shows ten a second", () => {
    arrive(0, KEYFRAME | CONTIGUOUS);
    for (let index = 1; index <= 9; index++) arrive(index, CONTIGUOUS);
    vi.advanceTimersByTime(150);
    const frames = [];
    for (let index = 0; index <= 9; index++) {
      frames.push(...decoder().output(1));
      vi.advanceTimersByTime(30);
    }
    expect(shown).toEqual([0, 4, 8, 9]);
    expect(frames.filter((frame) => frame.isClosed)).toHaveLength(6);
    expect(receiver.stats()).toMatchObject({ framesDecoded: 10, framesDropped: 6 });
  });

  it("shows pictures at their time", () => {
    arrive(0, KEYFRAME | CONTIGUOUS, { hold: 80 });
    vi.advanceTimersByTime(10);
    decoder().output();
    vi.advanceTimersByTime(60);
    expect(shown).toEqual([]);
    vi.advanceTimersByTime(15);
    expect(shown).toEqual([0]);
  });

  it("is muted until a picture comes, and again when it may not", () => {
    arrive(0, KEYFRAME | CONTIGUOUS);
    expect(muted).toEqual([true]);
    decoder().output();
    expect(muted).toEqual([true, false]);
    receiver.setActive(false);
    expect(muted).toEqual([true, false, true]);
    arrive(1, KEYFRAME | CONTIGUOUS);
    expect(receiver.stats().framesReceived).toBe(1);
  });

  it("drops pictures that nobody takes, and closes them", () => {
    waiting = 3;
    arrive(0, KEYFRAME | CONTIGUOUS);
    const [frame] = decoder().output();
    expect((frame as FakeFrame).isClosed).toBe(true);
    expect(shown).toEqual([]);
    expect(receiver.stats()).toMatchObject({ framesDecoded: 1, framesDropped: 1 });
  });

  it("tells the decoder of a new size", () => {
    const header = { kind: FRAME_PICTURE, flags: KEYFRAME, codec: 1, pc: 7, stream: 1, hold: 0, time: 0 };
    for (const width of [640, 640, 320]) {
      const frame = newFrame(header, 10);
      frame.set([0x30, 0, 0, 0x9d, 1, 0x2a, width & 255, width >> 8, 0xe0, 1], 24);
      receiver.picture(header, frame.buffer);
    }
    expect(decoder().configs.map(({ codedWidth }) => codedWidth)).toEqual([undefined, 640, 320]);
  });
});
