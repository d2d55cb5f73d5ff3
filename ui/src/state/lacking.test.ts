import { describe, expect, it } from "vitest";
import { missing } from "../rtc/selftest";
import { lacksOf } from "./lacking";

describe("what the window lacks", () => {
  it("is said once, with every package that mends it", () => {
    const [good] = missing("send-vp8").packages;
    expect(lacksOf([missing("send-vp8"), missing("receive-vp8")])).toEqual([
      { what: "pictures", install: [good] },
    ]);
    const both = lacksOf([missing("send-h264"), missing("receive-h264")]);
    expect(both).toHaveLength(1);
    expect(both[0]?.install).toEqual([...missing("send-h264").packages, ...missing("receive-h264").packages]);
  });
  it("is what stands in the way, and only else what would be better", () => {
    expect(lacksOf([missing("send-h264"), missing("native")])).toEqual([{ what: "native", install: [] }]);
    expect(lacksOf([missing("send-h264")])).toMatchObject([{ what: "h264" }]);
  });
  it("is nothing where calls are as good without", () => {
    expect(lacksOf([missing("track-processing")])).toEqual([]);
    expect(lacksOf([])).toEqual([]);
  });
});
