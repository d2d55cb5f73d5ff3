import { describe, expect, it } from "vitest";
import { Rate, Shown } from "./freeze";
import { MAX_WAITING, Playout, type Timer } from "./playout";

class FakeTimer implements Timer {
  #now = 0;
  #calls: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const entry = { at: this.#now + ms, call };
    this.#calls.push(entry);
    return () => (this.#calls = this.#calls.filter((one) => one !== entry));
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#calls.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#calls.shift();
      this.#now = next.at;
      next.call();
    }
    this.#now = end;
  }
}

describe("what was shown", () => {
  function steady(count: number): Shown {
    const shown = new Shown();
    for (let index = 0; index <= count; index++) shown.show(33 * index);
    return shown;
  }

  it("is no freeze at a steady rate, nor a little late", () => {
    const shown = steady(60);
    shown.show(33 * 60 + 180);
    expect(shown.freezeCount).toBe(0);
    expect(shown.totalInterFrameDelay).toBeCloseTo(2.16);
    expect(shown.totalSquaredInterFrameDelay).toBeCloseTo(60 * 0.033 ** 2 + 0.18 ** 2);
  });

  it("froze when a picture took three times as long, and 150 ms more", () => {
    const shown = steady(60);
    shown.show(33 * 60 + 183);
    expect(shown.freezeCount).toBe(1);
    expect(shown.totalFreezesDuration).toBeCloseTo(0.183);
    expect(shown.pauseCount).toBe(0);
  });

  it("paused when nothing came for five seconds, which is no freeze", () => {
    const shown = steady(60);
    shown.show(33 * 60 + 5_001);
    expect([shown.freezeCount, shown.pauseCount]).toEqual([0, 1]);
    expect(shown.totalPausesDuration).toBeCloseTo(5.001);
  });

  it("did not freeze while nothing was expected", () => {
    const shown = steady(60);
    shown.stop();
    shown.show(9_000);
    expect([shown.freezeCount, shown.pauseCount]).toEqual([0, 0]);
  });

  it("is counted over the last second", () => {
    const rate = new Rate();
    for (let at = 0; at < 3_000; at += 100) rate.count(at);
    expect(rate.perSecond(2_950)).toBe(10);
    expect(rate.perSecond(3_450)).toBe(5);
    expect(rate.perSecond(9_000)).toBe(0);
  });
});

describe("the playout", () => {
  it("shows each picture at its time", () => {
    const timer = new FakeTimer();
    const shown: [string, number][] = [];
    const playout = new Playout<string>(timer, (picture) => shown.push([picture, timer.now()]));
    playout.push("a", 0);
    playout.push("b", 80);
    playout.push("c", 110);
    expect(shown).toEqual([["a", 0]]);
    timer.pass(200);
    expect(shown).toEqual([
      ["a", 0],
      ["b", 80],
      ["c", 110],
    ]);
  });

  it("never shows one before another that came first", () => {
    const timer = new FakeTimer();
    const shown: string[] = [];
    const playout = new Playout<string>(timer, (picture) => shown.push(picture));
    playout.push("a", 100);
    playout.push("b", 20);
    timer.pass(50);
    expect(shown).toEqual([]);
    timer.pass(60);
    expect(shown).toEqual(["a", "b"]);
  });

  it("shows the oldest early when too many wait", () => {
    const timer = new FakeTimer();
    const shown: number[] = [];
    const playout = new Playout<number>(timer, (picture) => shown.push(picture));
    for (let index = 0; index < MAX_WAITING + 2; index++) playout.push(index, 60_000);
    expect(shown).toEqual([0, 1]);
  });

  it("gives back what was not shown", () => {
    const timer = new FakeTimer();
    const shown: string[] = [];
    const playout = new Playout<string>(timer, (picture) => shown.push(picture));
    playout.push("a", 100);
    expect(playout.clear()).toEqual(["a"]);
    timer.pass(500);
    expect(shown).toEqual([]);
  });
});
