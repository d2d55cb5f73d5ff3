import { describe, expect, it } from "vitest";
import { FakeClock } from "../call/testing";
import { learnAbility, type Trial } from "./ability";

const never = new Promise<Trial>(() => undefined);

describe("whether calls can be made", () => {
  it("is known at once where the engine has connections, and nothing is loaded", () => {
    const install = (): Promise<Trial> => Promise.reject(new Error("loaded"));
    const { now, later } = learnAbility({ isThere: true, install }, new FakeClock());
    expect(now).toEqual({ stage: "can", lacks: [] });
    expect(later).toBeNull();
  });
  it("is known at once where there is nothing to put in their place", () => {
    const { now, later } = learnAbility({ isThere: false, install: null }, new FakeClock());
    expect(now).toEqual({ stage: "cannot", lacks: [] });
    expect(later).toBeNull();
  });
  it("is what the trial shows", async () => {
    const lacks = [{ what: "h264", install: ["some-package"] }] as const;
    for (const works of [true, false]) {
      const install = (): Promise<Trial> => Promise.resolve({ works, lacks });
      const { now, later } = learnAbility({ isThere: false, install }, new FakeClock());
      expect(now).toEqual({ stage: "checking" });
      expect(await later).toEqual({ stage: works ? "can" : "cannot", lacks });
    }
  });
  it("is no where the trial fails, or never ends", async () => {
    const no = { stage: "cannot", lacks: [{ what: "native", install: [] }] };
    const failing = (): Promise<Trial> => Promise.reject(new Error("no chunk"));
    expect(await learnAbility({ isThere: false, install: failing }, new FakeClock()).later).toEqual(no);
    const clock = new FakeClock();
    const { later } = learnAbility({ isThere: false, install: () => never }, clock);
    await clock.pass(20_000);
    expect(await later).toEqual(no);
  });
});
