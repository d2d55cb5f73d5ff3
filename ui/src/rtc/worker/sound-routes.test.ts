import { beforeEach, describe, expect, it } from "vitest";
import { FRAME_CAPTURED, FRAME_PLAYED, FRAME_SOUND } from "../numbers";
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

  get port(): MessagePort {
    return this as unknown as MessagePort;
  }
}

describe("the ports of worklets", () => {
  it("turn what was captured into frames of their source", () => {
    const port = new FakePort();
    routes.opened(5, 2);
    routes.capture(5, port.port);
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
    routes.play(7, 0, first.port);
    routes.play(7, 3, second.port);
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
    routes.play(7, 0, first.port);
    routes.play(7, 0, second.port);
    expect(first.isClosed).toBe(true);
    second.say(null);
    expect(second.isClosed).toBe(true);
  });

  it("are forgotten with their connection, their source, or all", () => {
    const [play, other, capture] = [new FakePort(), new FakePort(), new FakePort()];
    routes.play(7, 0, play.port);
    routes.play(8, 0, other.port);
    routes.capture(5, capture.port);
    routes.closed(7);
    expect([play.isClosed, other.isClosed, capture.isClosed]).toEqual([true, false, false]);
    routes.clear();
    expect([other.isClosed, capture.isClosed]).toEqual([true, true]);
  });
});
