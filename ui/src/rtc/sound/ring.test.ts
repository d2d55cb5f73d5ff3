import { describe, expect, it } from "vitest";
import { Ring } from "./ring";

function pair(): [Ring, Ring] {
  const memory = Ring.memory() as SharedArrayBuffer;
  return [new Ring(memory), new Ring(memory)];
}

describe("shared memory", () => {
  it("gives what was put, in order and whole, around its end many times", () => {
    const [to, from] = pair();
    let taken = 0;
    for (let put = 0; put < 5_000; put++) {
      // Lengths of all kinds, so that ends fall everywhere.
      const samples = new Float32Array(1 + ((put * 37) % 961)).fill(put);
      expect(to.put(put, samples)).toBe(true);
      if (put % 3 === 0) continue;
      for (let record = from.take(); record; record = from.take()) {
        expect(record.tag).toBe(taken);
        expect(record.samples.length).toBe(1 + ((taken * 37) % 961));
        expect(record.samples.every((sample) => sample === taken)).toBe(true);
        taken++;
      }
      expect(taken).toBe(put + 1);
    }
  });

  it("is full at some time, loses nothing of what it took, and has room again", () => {
    const [to, from] = pair();
    const samples = new Float32Array(960);
    let put = 0;
    while (to.put(put, samples)) put++;
    expect(put).toBeGreaterThanOrEqual(16);
    expect(to.put(-1, samples)).toBe(false);
    for (let at = 0; at < put; at++) expect(from.take()?.tag).toBe(at);
    expect(from.take()).toBeNull();
    expect(to.put(7, samples)).toBe(true);
    expect(from.take()?.tag).toBe(7);
  });

  it("keeps times to the µs", () => {
    const [to, from] = pair();
    const time = 1_795_360_866_428_323;
    to.put(time, new Float32Array(480));
    expect(from.take()?.tag).toBe(time);
  });

  it("tells numbers that belong together", () => {
    const [to, from] = pair();
    expect(from.told).toEqual({ played: 0, silent: 0 });
    to.tell(2 ** 32 + 5, 2 ** 31);
    expect(from.told).toEqual({ played: 5, silent: 2 ** 31 });
  });
});
