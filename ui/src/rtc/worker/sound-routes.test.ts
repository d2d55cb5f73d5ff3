import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FRAME_CAPTURED, FRAME_PLAYED, FRAME_SOUND } from "../numbers";
import type { Way } from "../sound/link";
import { Ring } from "../sound/ring";
import { newFrame, payloadOf, readHeader } from "./frame";
import { SoundRoutes } from "./sound-routes";

let sent: Uint8Array<ArrayBuffer>[];
let routes: SoundRoutes;
beforeEach(() => {
  sent = [];
  routes = new SoundRoutes((frame) => sent.push(frame));
});

/** A port, and the end that a worklet has. */
class FakePort {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  posted: unknown[] = [];
  isClosed = false;

  postMessage(message: unknown): void {
    this.posted.push(message);
  }

  close(): void {
    this.isClosed = true;
  }

  say(data: unknown): void {
    if (!this.isClosed) this.onmessage?.({ data });
  }

  constructor(readonly memory: SharedArrayBuffer | null = null) {}

  get way(): Way {
    return { port: this as unknown as MessagePort, memory: this.memory };
  }
}

describe("the ports of worklets", () => {
  it("turn what was captured into frames of their source", () => {
    const port = new FakePort();
    routes.opened(5, 2);
    routes.capture(5, port.way);
    port.say({ time: 123, samples: new Float32Array([0.5, -0.5, 0.25, 0]) });
    const frame = sent[0] as Uint8Array<ArrayBuffer>;
    expect(readHeader(frame.buffer)).toMatchObject({
      kind: FRAME_CAPTURED,
      codec: 2,
      pc: 0,
      stream: 5,
      time: 123,
    });
    expect([...new Float32Array(payloadOf(frame).slice().buffer)]).toEqual([0.5, -0.5, 0.25, 0]);
    port.say(null);
    expect(port.isClosed).toBe(true);
  });

  it("get the sound of their line, and tell what they played", () => {
    const [first, second] = [new FakePort(), new FakePort()];
    routes.play(7, 0, first.way);
    routes.play(7, 3, second.way);
    const header = { kind: FRAME_SOUND, flags: 0, codec: 1, pc: 7, stream: 3, hold: 0, time: 0 };
    const frame = newFrame(header, 8);
    new Float32Array(frame.buffer, 24).set([0.5, 1]);
    routes.heard(header, frame.buffer);
    expect(first.posted).toEqual([]);
    expect(second.posted).toEqual([{ channels: 1, samples: new Float32Array([0.5, 1]) }]);
    second.say({ played: 960 });
    expect(readHeader((sent[0] as Uint8Array<ArrayBuffer>).buffer)).toMatchObject({
      kind: FRAME_PLAYED,
      pc: 7,
      stream: 3,
      time: 960,
    });
  });

  it("give way to a later one of the same line", () => {
    const [first, second] = [new FakePort(), new FakePort()];
    routes.play(7, 0, first.way);
    routes.play(7, 0, second.way);
    expect(first.isClosed).toBe(true);
    second.say(null);
    expect(second.isClosed).toBe(true);
  });

  it("are forgotten with their connection, their source, or all", () => {
    const [play, other, capture] = [new FakePort(), new FakePort(), new FakePort()];
    routes.play(7, 0, play.way);
    routes.play(8, 0, other.way);
    routes.capture(5, capture.way);
    routes.closed(7);
    expect([play.isClosed, other.isClosed, capture.isClosed]).toEqual([true, false, false]);
    routes.clear();
    expect([other.isClosed, capture.isClosed]).toEqual([true, true]);
  });
});

describe("memory that worklets share", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("carries what was captured without a message", () => {
    const port = new FakePort(Ring.memory());
    const worklet = new Ring(port.memory as SharedArrayBuffer);
    routes.opened(5, 1);
    routes.capture(5, port.way);
    worklet.put(123, new Float32Array([0.5, -0.5]));
    worklet.put(124, new Float32Array([0.25]));
    vi.advanceTimersByTime(5);
    const headers = sent.map((frame) => readHeader(frame.buffer));
    expect(headers.map((header) => [header?.kind, header?.stream, header?.time])).toEqual([
      [FRAME_CAPTURED, 5, 123],
      [FRAME_CAPTURED, 5, 124],
    ]);
    expect([...new Float32Array(payloadOf(sent[0] as Uint8Array<ArrayBuffer>).slice().buffer)]).toEqual([
      0.5, -0.5,
    ]);
    routes.closedSource(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("carries the sound of a line, and what was played of it beyond 2^32", () => {
    const port = new FakePort(Ring.memory());
    const worklet = new Ring(port.memory as SharedArrayBuffer);
    routes.play(7, 3, port.way);
    const header = { kind: FRAME_SOUND, flags: 0, codec: 2, pc: 7, stream: 3, hold: 0, time: 0 };
    const frame = newFrame(header, 8);
    payloadOf(frame).set(new Uint8Array(new Float32Array([0.25, -0.25]).buffer));
    routes.heard(header, frame.buffer);
    expect(worklet.take()).toEqual({ tag: 2, samples: new Float32Array([0.25, -0.25]) });
    expect(port.posted).toEqual([]);
    const tell = (played: number, silent: number) => {
      worklet.tell(played, silent);
      vi.advanceTimersByTime(5);
    };
    tell(2 ** 31, 1);
    tell(2 ** 32 + 384, 128);
    vi.advanceTimersByTime(50);
    const told = sent.map((frame) => readHeader(frame.buffer));
    expect(told.map((header) => [header?.kind, header?.time, header?.hold])).toEqual([
      [FRAME_PLAYED, 2 ** 31, 1],
      [FRAME_PLAYED, 2 ** 32 + 384, 128],
    ]);
    routes.closed(7);
    expect(vi.getTimerCount()).toBe(0);
  });
});
