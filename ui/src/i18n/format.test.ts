import { beforeEach, describe, expect, it } from "vitest";
import { clock, length, moment, shortMoment } from "./format";
import { setLanguage } from "./index.svelte";

beforeEach(() => setLanguage("en"));

describe("clock", () => {
  it.each([
    [-3, "0:00"],
    [0, "0:00"],
    [5.9, "0:05"],
    [59, "0:59"],
    [60, "1:00"],
    [3599, "59:59"],
    [3600, "1:00:00"],
    [36_061, "10:01:01"],
  ])("%d s is %s", (seconds, shown) => expect(clock(seconds)).toBe(shown));
});

describe("length", () => {
  it.each([
    [1, "1 second", "1 秒"],
    [59, "59 seconds", "59 秒"],
    [60, "1 minute", "1 分钟"],
    [725, "12 min 5 s", "12 分 5 秒"],
    [4800, "1 h 20 min", "1 小时 20 分"],
  ])("%d s reads %s and %s", (seconds, english, chinese) => {
    expect(length(seconds)).toBe(english);
    setLanguage("zh-CN");
    expect(length(seconds)).toBe(chinese);
  });
});

describe("moment", () => {
  const now = new Date(2026, 10, 22, 14, 30).getTime();
  const at = (...parts: [number, number, number, number, number]) =>
    moment(new Date(...parts).getTime(), now);
  const plain = (text: string) => text.replace(/\u202f/g, " ");

  it("names today and yesterday by the calendar, not by 24 hours", () => {
    expect(plain(at(2026, 10, 22, 0, 5))).toBe("Today, 12:05 AM");
    expect(plain(at(2026, 10, 21, 23, 55))).toBe("Yesterday, 11:55 PM");
  });
  it("names the weekday within a week, then the date, then the year", () => {
    expect(at(2026, 10, 18, 9, 0)).toContain("Wednesday");
    expect(at(2026, 10, 15, 9, 0)).toBe("Nov 15");
    expect(at(2025, 10, 22, 9, 0)).toBe("Nov 22, 2025");
  });
  it("has a short form for lists", () => {
    const brief = (...parts: [number, number, number, number, number]) =>
      shortMoment(new Date(...parts).getTime(), now);
    expect(plain(brief(2026, 10, 22, 9, 5))).toBe("9:05 AM");
    expect(brief(2026, 10, 21, 9, 0)).toBe("Yesterday");
    expect(brief(2026, 10, 18, 9, 0)).toBe("Wed");
    expect(brief(2026, 10, 1, 9, 0)).toBe("Nov 1");
  });
  it("takes a clock that runs ahead as today", () => {
    expect(moment(now + 60_000, now)).toContain("Today");
  });
  it("speaks Chinese", () => {
    setLanguage("zh-CN");
    expect(at(2026, 10, 21, 13, 5)).toBe("昨天 13:05");
  });
});
