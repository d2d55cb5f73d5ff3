import { beforeEach, describe, expect, it } from "vitest";
import { Adaptation, Pace, type Plan, type Want } from "./adapt";

const VGA: Want = {
  width: 640,
  height: 480,
  framerate: 30,
  scaleDownBy: 1,
  maxFramerate: null,
  maxBitrate: null,
  target: 2_000_000,
  preference: "balanced",
};

let adaptation: Adaptation;
let now: number;
beforeEach(() => {
  adaptation = new Adaptation();
  now = 0;
});

/** What holds after so many ms at ten plans a second. */
function after(ms: number, want: Want): Plan {
  let plan = adaptation.plan(now, want);
  for (const end = now + ms; now < end;) {
    now += 100;
    plan = adaptation.plan(now, want);
  }
  return plan;
}

/** The same, while the encoder needs so much of the time. */
function busy(ms: number, share: number, want: Want): Plan {
  let plan = adaptation.plan(now, want);
  for (const end = now + ms; now < end;) {
    now += 33;
    adaptation.coded(33 * share);
    plan = adaptation.plan(now, want);
  }
  return plan;
}

describe("a picture on a line", () => {
  it("is whole where there is room, and takes no more bits than can be seen", () => {
    const plan = after(1_000, { ...VGA, target: 50_000_000 });
    expect(plan).toMatchObject({ width: 640, height: 480, framerate: null, reason: "none" });
    expect(plan.bitrate).toBeLessThan(2_000_000);
    expect(after(0, { ...VGA, maxBitrate: 300_000 }).bitrate).toBe(300_000);
  });

  it("keeps its rate and shrinks for motion, then loses both", () => {
    const motion: Want = { ...VGA, preference: "maintain-framerate" };
    expect(after(1_000, { ...motion, target: 110_000 })).toMatchObject({
      width: 480,
      height: 360,
      framerate: null,
      reason: "bandwidth",
    });
    expect(after(1_000, { ...motion, target: 9_000 })).toMatchObject({ width: 160, framerate: 20 });
  });

  it("keeps its size and loses pictures for detail", () => {
    const detail: Want = { ...VGA, preference: "maintain-resolution" };
    expect(after(1_000, { ...detail, target: 100_000 })).toMatchObject({ width: 640, framerate: 15 });
    expect(after(1_000, { ...detail, target: 5_000 })).toMatchObject({ width: 640, framerate: 5 });
  });

  it("loses a little of both otherwise", () => {
    expect(after(1_000, { ...VGA, target: 60_000 })).toMatchObject({ width: 480, framerate: 15 });
  });

  it("waits out an estimate that jumps for a moment", () => {
    after(1_000, VGA);
    expect(after(300, { ...VGA, target: 60_000 }).width).toBe(640);
    expect(after(1_000, VGA).framerate).toBeNull();
  });

  it("grows again only after a while, with room to spare", () => {
    const motion: Want = { ...VGA, preference: "maintain-framerate" };
    after(1_000, { ...motion, target: 110_000 });
    // The whole picture wants 184,320 bit/s.
    expect(after(20_000, { ...motion, target: 190_000 }).width).toBe(480);
    expect(after(2_000, { ...motion, target: 400_000 }).width).toBe(480);
    expect(after(2_000, { ...motion, target: 400_000 })).toMatchObject({ width: 640, reason: "none" });
  });

  it("is made smaller as the page wishes, even, and never of a few points", () => {
    expect(after(0, { ...VGA, scaleDownBy: 1.5 })).toMatchObject({ width: 426, height: 320, reason: "none" });
    const small: Want = { ...VGA, width: 200, height: 120, preference: "maintain-framerate", target: 1_000 };
    expect(after(1_000, small).width).toBeGreaterThanOrEqual(160);
  });

  it("has the rate that the page wishes", () => {
    expect(after(0, { ...VGA, maxFramerate: 10 })).toMatchObject({ framerate: 10, reason: "none" });
  });
});

describe("a picture on a slow machine", () => {
  const motion: Want = { ...VGA, preference: "maintain-framerate" };

  it("shrinks when coding takes nearly all the time", () => {
    expect(busy(1_900, 0.95, motion).width).toBe(640);
    expect(busy(500, 0.95, motion)).toMatchObject({ width: 480, reason: "cpu" });
    expect(busy(2_500, 0.95, motion).width).toBe(320);
    expect(busy(9_000, 0.95, motion).width).toBe(320);
  });

  it("shrinks when the encoder is not done in time", () => {
    adaptation.plan(0, motion);
    for (let index = 0; index < 20; index++) {
      adaptation.coded(10);
      adaptation.dropped();
    }
    expect(adaptation.plan(2_000, motion)).toMatchObject({ width: 480, reason: "cpu" });
  });

  it("stays as it is in between", () => {
    expect(busy(30_000, 0.6, motion)).toMatchObject({ width: 640, reason: "none" });
  });

  it("grows again when there is time, and tries ever more seldom", () => {
    busy(2_500, 0.95, motion);
    expect(busy(5_000, 0.2, motion).width).toBe(480);
    expect(busy(8_000, 0.2, motion)).toMatchObject({ width: 640, reason: "none" });
    // It was too much after all: twice the patience.
    busy(4_500, 0.95, motion);
    const again = now;
    while (busy(100, 0.2, motion).reason === "cpu") expect(now - again).toBeLessThan(60_000);
    expect(now - again).toBeGreaterThan(10_000);
  });
});

describe("pacing", () => {
  function passed(framerate: number | null, every: number, ms: number): number {
    const pace = new Pace();
    let count = 0;
    for (let at = 0; at < ms; at += every) if (pace.admits(at, framerate)) count += 1;
    return count;
  }

  it("lets as many pictures through as were asked for", () => {
    expect(passed(null, 33, 3_300)).toBe(100);
    expect(passed(10, 33, 10_000)).toBeGreaterThanOrEqual(95);
    expect(passed(10, 33, 10_000)).toBeLessThanOrEqual(101);
    expect(passed(20, 33.3, 10_000)).toBeGreaterThanOrEqual(185);
    expect(passed(20, 33.3, 10_000)).toBeLessThanOrEqual(201);
    // A source that is as fast as was asked for keeps all.
    expect(passed(30, 33.3, 10_000)).toBeGreaterThanOrEqual(295);
  });

  it("does not make up for a pause by a burst", () => {
    const pace = new Pace();
    pace.admits(0, 10);
    expect(pace.admits(5_000, 10)).toBe(true);
    expect(pace.admits(5_010, 10)).toBe(false);
  });
});
