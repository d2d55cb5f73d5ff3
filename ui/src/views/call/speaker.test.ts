// Invariant: the large picture follows the talk, and does not flicker whatever the voices do.
import { describe, expect, it } from "vitest";
import { due, follow, INSIST, PAUSE, QUIET, RISE, SILENCE, STAY, type Talk } from "./speaker";

/** Who is heard from when on: `[at, "ab"]`. Returns who was large, and since when, looked at only when it is due. */
function played(steps: readonly (readonly [at: number, who: string])[], end: number, present = "abc") {
  const large: [number, string | null][] = [];
  let talk: Talk = SILENCE;
  const look = (who: string, now: number) => {
    const before = talk.device;
    talk = follow(
      talk,
      [...present].map((device) => ({ device, speaking: who.includes(device) })),
      now,
    );
    if (talk.device !== before) large.push([now, talk.device]);
  };
  steps.forEach(([at, who], step) => {
    look(who, at);
    const until = steps[step + 1]?.[0] ?? end;
    for (
      let wake = due(talk), tries = 0;
      wake !== null && wake < until && tries < 100;
      wake = due(talk), tries++
    )
      look(who, wake);
  });
  return large;
}

describe("who is large", () => {
  it("is nobody before anybody has spoken", () => {
    expect(played([[0, ""]], 60_000)).toEqual([]);
  });
  it("is whoever speaks, after a short while", () => {
    expect(played([[1000, "b"]], 9000)).toEqual([[1000 + RISE, "b"]]);
  });
  it("is not moved by a cough", () => {
    expect(
      played(
        [
          [0, "a"],
          [5000, ""],
          [9000, "b"],
          [9000 + RISE - 1, ""],
        ],
        20_000,
      ),
    ).toEqual([[RISE, "a"]]);
  });
  it("stays through the pauses of a speech, and a pause does not begin it anew", () => {
    const steps = Array.from({ length: 20 }, (_, n) => [n * 300, n % 2 === 0 ? "b" : ""] as const);
    expect(300).toBeLessThan(PAUSE);
    expect(played(steps, 9000)).toEqual([[RISE, "b"]]);
  });
  it("changes once the large one is quiet, not before", () => {
    const large = played(
      [
        [0, "a"],
        [6000, "b"],
      ],
      20_000,
    );
    expect(large).toEqual([
      [RISE, "a"],
      [6000 + QUIET, "b"],
    ]);
  });
  it("stays for a while even when somebody else goes on at once", () => {
    const large = played(
      [
        [0, "a"],
        [RISE + 100, "b"],
      ],
      20_000,
    );
    expect(large).toEqual([
      [RISE, "a"],
      [RISE + STAY, "b"],
    ]);
  });
  it("is whoever has spoken for longest, of several", () => {
    expect(
      played(
        [
          [0, "c"],
          [100, "abc"],
        ],
        4000,
      ),
    ).toEqual([[RISE, "c"]]);
  });
  it("can be taken over from somebody who is never quiet, once", () => {
    const large = played(
      [
        [0, "a"],
        [10_000, "ab"],
      ],
      120_000,
    );
    expect(large).toEqual([
      [RISE, "a"],
      [10_000 + INSIST, "b"],
    ]);
  });
  it("goes to whoever spoke last when the large one leaves", () => {
    let talk = follow(SILENCE, [{ device: "a", speaking: true }], 0);
    const both = (a: boolean, b: boolean) => [
      { device: "a", speaking: a },
      { device: "b", speaking: b },
      { device: "c", speaking: false },
    ];
    talk = follow(talk, both(true, false), RISE);
    talk = follow(talk, both(true, true), 2000);
    talk = follow(talk, both(true, false), 2100);
    expect(talk.device).toBe("a");
    talk = follow(talk, both(true, false).slice(1), 9000);
    expect(talk).toMatchObject({ device: "b", since: 9000 });
    expect(follow(talk, [], 9100).device).toBeNull();
  });
});

it("never changes more often than it says, whatever is heard", () => {
  // A small generator with a fixed seed: the same conversations each time.
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let run = 0; run < 300; run++) {
    const steps: [number, string][] = [];
    for (let at = 0; at < 60_000; at += Math.round(20 + random() * 1500))
      steps.push([at, [..."abcd"].filter(() => random() < 0.4).join("")]);
    const large = played(steps, 60_000, "abcd");
    large.forEach(([at], n) => {
      const before = large[n - 1];
      if (before !== undefined) expect(at - before[0], `run ${run}`).toBeGreaterThanOrEqual(STAY);
    });
  }
});

it("is asked again exactly when something may change", () => {
  const steps = [
    [0, "a"],
    [3000, "ab"],
    [3500, "b"],
    [9000, ""],
    [9300, "c"],
    [15_000, "bc"],
  ] as const;
  const dense: [number, string][] = [];
  for (let at = 0; at < 25_000; at += 10) dense.push([at, steps.findLast(([from]) => from <= at)?.[1] ?? ""]);
  expect(played(steps, 25_000)).toEqual(played(dense, 25_000));
  expect(played(steps, 25_000).length).toBeGreaterThan(2);
});
