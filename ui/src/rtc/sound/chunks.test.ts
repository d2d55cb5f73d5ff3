import { expect, test } from "vitest";
import { CHUNK_FRAMES, Chunks, FrameClock } from "./chunks";

test("cuts quanta into pieces of 10 ms, each with its time", () => {
  const chunks = new Chunks(1);
  const pieces = [];
  for (let frame = 0; frame < 1280; frame += 128) {
    const plane = Float32Array.from({ length: 128 }, (_, at) => frame + at);
    // Processed when it is over.
    pieces.push(...chunks.push([plane], 128, frame, 5000 + (frame + 128) / 48));
  }
  expect(pieces.map(({ time }) => Math.round(time))).toEqual([5_000_000, 5_010_000]);
  expect(pieces[1]?.samples[0]).toBe(CHUNK_FRAMES);
});

test("interleaves two channels, and doubles one", () => {
  const left = new Float32Array(480).fill(1);
  const [both] = new Chunks(2).push([left, new Float32Array(480).fill(2)], 480, 0, 0);
  expect([...(both?.samples.subarray(0, 4) ?? [])]).toEqual([1, 2, 1, 2]);
  const [doubled] = new Chunks(2).push([left], 480, 0, 0);
  expect([...(doubled?.samples.subarray(0, 4) ?? [])]).toEqual([1, 1, 1, 1]);
});

test("a track that is over is silent", () => {
  const [piece] = new Chunks(1).push([], 480, 0, 0);
  expect(piece?.samples).toEqual(new Float32Array(480));
});

test("measures the source as webrtc-stats says", () => {
  const chunks = new Chunks(1);
  for (let second = 0; second < 100; second++)
    chunks.push([new Float32Array(480).fill(0.5)], 480, second * 480, 0);
  expect(chunks.level.audioLevel).toBeCloseTo(0.5);
  expect(chunks.level.totalSamplesDuration).toBeCloseTo(1);
  expect(chunks.level.totalAudioEnergy).toBeCloseTo(0.25);
});

test("late processing does not move the clock, a drift does", () => {
  const clock = new FrameClock();
  const late = [0, 30, 3, 0, 80, 12];
  let origin = 0;
  for (let at = 0; at < 600; at++) {
    // The clock runs 1 ms a second faster than the context.
    const ms = at * 10;
    origin = clock.origin(ms * 48, 1000 + ms * 1.001 + (late[at % late.length] ?? 0));
  }
  expect(origin).toBeGreaterThan(1001.5);
  expect(origin).toBeLessThan(1006);
});
