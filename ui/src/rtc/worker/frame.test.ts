import { describe, expect, it } from "vitest";
import { CONTIGUOUS, FRAME_PICTURE, HEADER_BYTES, KEYFRAME } from "../numbers";
import { newFrame, payloadOf, readHeader, type Header } from "./frame";

const HEADER: Header = {
  kind: FRAME_PICTURE,
  flags: KEYFRAME | CONTIGUOUS,
  codec: 2,
  pc: 0x01020304,
  stream: 0x80000001,
  hold: 40,
  time: 1_795_355_228_218_123,
};

describe("a binary frame", () => {
  it("is read as it was written", () => {
    const frame = newFrame(HEADER, 3);
    payloadOf(frame).set([7, 8, 9]);
    expect(readHeader(frame.buffer)).toEqual(HEADER);
    expect([...frame.subarray(HEADER_BYTES)]).toEqual([7, 8, 9]);
  });

  it("has its bytes where the native side looks for them", () => {
    const frame = newFrame({ ...HEADER, time: 258 }, 0);
    expect([...frame]).toEqual([
      ...[1, 3, 2, 0],
      ...[4, 3, 2, 1],
      ...[1, 0, 0, 128],
      ...[40, 0, 0, 0],
      ...[2, 1, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it("is none when it is too short", () => {
    expect(readHeader(new ArrayBuffer(HEADER_BYTES - 1))).toBeNull();
  });
});
