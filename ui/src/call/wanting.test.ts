/** Invariants: more is asked for at once, less after a moment; never many messages; never more cameras than a mesh carries. */
import { beforeEach, describe, expect, it } from "vitest";
import { LIMITS, type Control } from "../gen/protocol";
import { FakeClock } from "./testing";
import { Asking, CALM, GAP, Wanting, chosen, sizesOf, type InSight } from "./wanting";

const size = (width: number) => ({ width, height: width / 2 });
const WHOLE = sizesOf("a", [], false).screen;

let clock: FakeClock;
let said: Control[];
let open: boolean;
let wanting: Wanting;
const put = (width: number | null) =>
  wanting.put({ camera: width === null ? null : size(width), screen: WHOLE });
const cameras = () => said.map((one) => (one.type === "want" ? (one.camera?.width ?? null) : null));

beforeEach(() => {
  clock = new FakeClock();
  said = [];
  open = true;
  wanting = new Wanting(clock, (message) => open && said.push(message) > 0);
});

describe("asking somebody", () => {
  it("for less after a moment, for more at once", async () => {
    put(320);
    await clock.pass(CALM - 10);
    expect(said).toEqual([]);
    await clock.pass(20);
    expect(cameras()).toEqual([320]);
    await clock.pass(GAP);
    put(640);
    expect(cameras()).toEqual([320, 640]);
  });

  it("not at all when somebody only glances elsewhere", async () => {
    put(320);
    await clock.pass(2 * CALM);
    put(null);
    await clock.pass(CALM / 2);
    put(320);
    await clock.pass(9 * CALM);
    expect(cameras()).toEqual([320]);
    put(null);
    await clock.pass(2 * CALM);
    expect(said.at(-1)).toEqual({ type: "want", screen: WHOLE });
    expect(clock.waiting).toBe(0);
  });

  it("a few times a second at most, and ends with what holds", async () => {
    for (let width = 10; width <= 1_000; width += 10) {
      put(width);
      await clock.pass(20);
    }
    await clock.pass(9 * CALM);
    expect(said.length).toBeLessThanOrEqual(2_000 / GAP + 2);
    expect(cameras().at(-1)).toBe(1_000);
  });

  it("says it once it can be said", async () => {
    open = false;
    put(320);
    await clock.pass(2 * CALM);
    expect(said).toEqual([]);
    open = true;
    wanting.tell();
    expect(cameras()).toEqual([320]);
  });

  it("says nothing any more when it is stopped", async () => {
    put(320);
    wanting.stop();
    await clock.pass(9 * CALM);
    expect(said).toEqual([]);
  });
});

describe("the sizes of one", () => {
  it("are those of the tiles, and a screen that is not shared yet is wanted whole", () => {
    const seen: InSight[] = [
      { device: "a", what: "camera", ...size(100.4) },
      { device: "b", what: "screen", ...size(900) },
    ];
    expect(sizesOf("a", seen, false)).toEqual({ camera: { width: 101, height: 51 }, screen: WHOLE });
    expect(sizesOf("a", seen, true)).toMatchObject({ screen: null });
    expect(sizesOf("b", seen, true)).toEqual({ camera: null, screen: size(900) });
  });
});

describe("more cameras than a mesh carries", () => {
  const many = (count: number): InSight[] =>
    Array.from({ length: count }, (_, at) => ({ device: `d${at}`, what: "camera", ...size(300) }));

  it("are all asked for up to eight people", () => {
    expect(chosen(many(LIMITS.MAX_CAMERAS), new Map(), new Set()).size).toBe(LIMITS.MAX_CAMERAS);
  });

  it("are not asked for: the large one first, then who spoke last, then who was seen", () => {
    const seen = many(15).map((one, at) => (at === 14 ? { ...one, ...size(1_200) } : one));
    const first = chosen(
      seen,
      new Map([
        ["d12", 5],
        ["d13", 9],
      ]),
      new Set(["d9", "d10"]),
    );
    expect([...first]).toEqual(["d14", "d13", "d12", "d9", "d10", "d0", "d1"]);
  });

  it("changes one for another when a silent one speaks", () => {
    const asking = new Asking();
    expect(asking.of("d0", false)).toBeNull();
    asking.shown(many(15));
    expect(asking.of("d0", false)?.camera).toEqual(size(300));
    expect([asking.isLeftOut("d14"), asking.of("d14", false)?.camera]).toEqual([true, null]);
    expect(asking.heard("d14", 1)).toBe(true);
    expect(asking.heard("d14", 2)).toBe(false);
    expect(asking.isLeftOut("d14")).toBe(false);
    expect(asking.isLeftOut("d6")).toBe(true);
    expect(many(15).filter(({ device }) => !asking.isLeftOut(device))).toHaveLength(LIMITS.MAX_CAMERAS);
    asking.shown(many(4));
    expect([asking.isLeftOut("d3"), asking.isLeftOut("d14")]).toEqual([false, false]);
    expect(asking.of("d14", false)?.camera).toBeNull();
  });
});
