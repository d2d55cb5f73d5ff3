import { describe, expect, it } from "vitest";
import { screenProblemOf } from "./devices";

describe("why a screen was not shared", () => {
  it("is that the person did not want to, unless the engine found no way to ask", () => {
    expect(screenProblemOf(new DOMException("", "NotAllowedError"))).toBe("screen-denied");
    expect(screenProblemOf(new DOMException("", "AbortError"))).toBe("screen-denied");
    expect(screenProblemOf(undefined)).toBe("screen-denied");
  });
  it("is the desktop's portal, where the engine names no reason that fits", () => {
    expect(screenProblemOf(new DOMException("", "OverconstrainedError"))).toBe("screen-no-portal");
    expect(screenProblemOf({ name: "OverconstrainedError" })).toBe("screen-no-portal");
  });
  it("is the engine, where it cannot share screens at all", () => {
    expect(screenProblemOf(new DOMException("", "NotFoundError"))).toBe("screen-missing");
  });
});
