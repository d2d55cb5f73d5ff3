/** Invariants: nobody is sent more than they show; small changes change nothing; the voice is never touched. */
import { describe, expect, it } from "vitest";
import {
  AT_EASE,
  STARVED,
  decide,
  pressure,
  strained,
  type Pressure,
  type Situation,
  type Strain,
} from "./adapt";
import { BITRATE, encodingOf } from "./codecs";

const HD = { width: 1280, height: 720 };
const FULL: Situation = {
  lane: "camera",
  wanted: undefined,
  capture: HD,
  hint: "motion",
  others: 1,
  strain: 0,
  fullHd: false,
  fresh: false,
};
const of = (more: Partial<Situation>, before = null as ReturnType<typeof decide> | null) =>
  decide({ ...FULL, ...more }, before);
const shown = (width: number, height: number) => ({ wanted: { width, height } });

describe("what is sent", () => {
  it("is whole for one other who says nothing", () => {
    expect(of({})).toEqual({
      ...encodingOf("camera", false, false),
      active: true,
      scaleResolutionDownBy: 1,
      maxFramerate: 30,
    });
    expect(of({ fullHd: true, capture: { width: 1920, height: 1080 } }).maxBitrate).toBe(
      BITRATE.cameraFullHd,
    );
    expect(of({ capture: null }).scaleResolutionDownBy).toBe(1);
  });

  it("is nothing where nothing is seen", () => {
    expect(of({ wanted: null }).active).toBe(false);
    expect(of({ wanted: null, lane: "screen" }).active).toBe(false);
  });

  it("fills its place, and no more", () => {
    expect(of(shown(1920, 1080)).scaleResolutionDownBy).toBe(1);
    expect(of(shown(640, 360)).scaleResolutionDownBy).toBe(2);
    // The picture covers its tile: the side that lacks more decides.
    expect(of(shown(200, 360)).scaleResolutionDownBy).toBe(2);
    const tiny = of(shown(160, 90));
    expect(tiny).toMatchObject({ scaleResolutionDownBy: 8, maxFramerate: 15 });
    expect(tiny.maxBitrate).toBeLessThan(BITRATE.camera / 10);
    expect(of(shown(1, 1)).scaleResolutionDownBy).toBe(8);
  });

  it("does not flap at the edge between two sizes", () => {
    const small = of(shown(640, 360));
    // A little more, a little less.
    for (const [width, height] of [
      [690, 388],
      [640, 360],
      [600, 338],
    ] as const)
      expect(of(shown(width, height), small).scaleResolutionDownBy).toBe(2);
    const large = of(shown(720, 405), small);
    expect(large.scaleResolutionDownBy).toBe(1.5);
    expect(of(shown(660, 371), large).scaleResolutionDownBy).toBe(1.5);
    expect(of(shown(600, 338), large).scaleResolutionDownBy).toBe(2);
  });

  it("comes back from rest at the size it had", () => {
    const small = of(shown(320, 180));
    const resting = of({ wanted: null }, small);
    expect(resting).toEqual({ ...small, active: false });
  });

  it("keeps within what a machine codes, however many there are and whatever they ask", () => {
    for (let others = 1; others <= 15; others++) {
      for (const wanted of [undefined, HD, { width: 65_535, height: 65_535 }]) {
        const { scaleResolutionDownBy: by, maxFramerate, maxBitrate } = of({ others, wanted });
        const points = (HD.width * HD.height * maxFramerate * others) / by ** 2;
        expect(points).toBeLessThanOrEqual(2 * HD.width * HD.height * 30);
        expect(maxBitrate * others).toBeLessThanOrEqual(10_000_000);
        expect(HD.height / by).toBeGreaterThanOrEqual(240);
      }
    }
    expect(of({ others: 7 }).maxFramerate).toBe(30);
    expect(of({ others: 8 }).maxFramerate).toBe(15);
  });

  it("keeps a screen's size and drops its pictures, and with motion the other way", () => {
    const screen = { lane: "screen", capture: { width: 1920, height: 1080 } } as const;
    const detail = of({ ...screen, hint: "detail", strain: 3 });
    expect(detail).toMatchObject({
      scaleResolutionDownBy: 1,
      maxFramerate: 8,
      degradation: "maintain-resolution",
    });
    const film = of({ ...screen, hint: "motion", strain: 3 });
    expect(film.scaleResolutionDownBy).toBeGreaterThan(1);
    expect(film.maxFramerate).toBeGreaterThan(detail.maxFramerate);
    expect(film.degradation).toBe("maintain-framerate");
    const crowd = of({ ...screen, hint: "detail", others: 15 });
    expect(crowd).toMatchObject({ scaleResolutionDownBy: 1, maxFramerate: 5 });
    expect(of({ ...screen, ...shown(320, 180), hint: "detail" }).scaleResolutionDownBy).toBe(6);
  });

  it("lets the camera rest before the screen", () => {
    expect(of({ strain: STARVED }).active).toBe(false);
    expect(of({ strain: STARVED - 1 }).active).toBe(true);
    expect(of({ lane: "screen", hint: "detail", strain: STARVED }).active).toBe(true);
  });
});

describe("strain", () => {
  const cpu: Pressure = { limited: "cpu", available: 5_000_000 };
  const thin: Pressure = { limited: "bandwidth", available: 90_000 };
  const good: Pressure = { limited: "none", available: 5_000_000 };
  const LOOK = 2_000;
  const run = (from: Strain, look: Pressure, count: number, at: number): [Strain, number] => {
    let state = from;
    for (let one = 0; one < count; one++) state = strained(state, look, (at += LOOK));
    return [state, at];
  };

  it("takes two looks, and goes by itself", () => {
    expect(run(AT_EASE, cpu, 1, 0)[0].level).toBe(0);
    const [once, at] = run(AT_EASE, cpu, 2, 0);
    expect(once.level).toBe(1);
    expect(run(once, good, 4, at)[0].level).toBe(1);
    expect(run(once, good, 5, at)[0].level).toBe(0);
    expect(run(strained(AT_EASE, cpu, 0), good, 1, 0)[0]).toMatchObject({ level: 0, seen: 0 });
  });

  it("takes the camera only from a line that carries nothing else", () => {
    expect(run(AT_EASE, cpu, 100, 0)[0].level).toBe(STARVED - 1);
    expect(run(AT_EASE, thin, 100, 0)[0].level).toBe(STARVED);
    expect(run(AT_EASE, { limited: "bandwidth", available: 1_000_000 }, 100, 0)[0].level).toBe(0);
    expect(run(AT_EASE, { limited: "bandwidth", available: null }, 100, 0)[0].level).toBe(0);
  });

  it("tries again ever more rarely where trying does not help", () => {
    let [state, at] = run(AT_EASE, cpu, 2, 0);
    let changes = 0;
    let last = state.level;
    // Too much whenever it is given back.
    for (let look = 0; look < 300; look++) {
      state = strained(state, state.level === 0 ? cpu : good, (at += LOOK));
      if (state.level !== last) changes++;
      last = state.level;
    }
    expect(state.hold).toBe(120_000);
    // Ten minutes.
    expect(changes).toBeLessThan(24);
  });
});

describe("a look at getStats", () => {
  const report = (...entries: Record<string, unknown>[]) =>
    new Map(entries.map((one, id) => [String(id), one]));
  it("tells the worst of what is sent, and the line", () => {
    const outbound = { type: "outbound-rtp", kind: "video" };
    expect(
      pressure(
        report(
          { ...outbound, qualityLimitationReason: "bandwidth" },
          { ...outbound, qualityLimitationReason: "cpu", active: false },
          { type: "candidate-pair", availableOutgoingBitrate: 300_000 },
          { type: "candidate-pair" },
        ),
      ),
    ).toEqual({ limited: "bandwidth", available: 300_000 });
    expect(pressure(report({ ...outbound, qualityLimitationReason: "cpu" }))).toEqual({
      limited: "cpu",
      available: null,
    });
    expect(
      pressure(report({ type: "candidate-pair", availableOutgoingBitrate: "many" })).available,
    ).toBeNull();
  });
});
