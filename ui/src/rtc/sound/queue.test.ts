import { expect, test } from "vitest";
import { Queue } from "./queue";

const ramp = (from: number, frames: number) => Float32Array.from({ length: frames }, (_, at) => from + at);
const planes = (frames: number) => [new Float32Array(frames), new Float32Array(frames)];

test("plays blocks without a seam, one channel on both sides", () => {
  const queue = new Queue();
  queue.push({ channels: 1, samples: ramp(1, 480) });
  queue.push({ channels: 1, samples: ramp(481, 480) });
  const heard: number[] = [];
  for (let at = 0; at < 5; at++) {
    const out = planes(128);
    queue.pull(out);
    heard.push(...(out[0] ?? []));
    expect(out[1]).toEqual(out[0]);
  }
  expect(heard).toEqual([...ramp(1, 640)]);
  expect(queue.told).toEqual({ played: 640, silent: 0 });
});

test("keeps two channels apart", () => {
  const queue = new Queue();
  queue.push({ channels: 2, samples: Float32Array.from([1, -1, 2, -2]) });
  const out = planes(2);
  queue.pull(out);
  expect(out.map((plane) => [...plane])).toEqual([
    [1, 2],
    [-1, -2],
  ]);
});

test("is silent for want of sound, and counts it", () => {
  const queue = new Queue();
  queue.push({ channels: 1, samples: ramp(1, 100) });
  const out = planes(128);
  for (const plane of out) plane.fill(9);
  queue.pull(out);
  expect(out[0]?.[99]).toBe(100);
  expect([...(out[0]?.subarray(100) ?? [])]).toEqual(new Array(28).fill(0));
  expect(queue.told).toEqual({ played: 128, silent: 28 });
});

test("leaves out the oldest when too much waits", () => {
  const queue = new Queue();
  for (let block = 0; block < 40; block++)
    queue.push({ channels: 1, samples: new Float32Array(480).fill(block) });
  const out = planes(128);
  queue.pull(out);
  expect(out[0]?.[0]).toBe(10);
  expect(queue.told).toEqual({ played: 10 * 480 + 128, silent: 0 });
});
