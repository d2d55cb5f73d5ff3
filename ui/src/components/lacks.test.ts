import { describe, expect, it } from "vitest";
import { installLine } from "./lacks";

describe("the line that installs what is missing", () => {
  it("names each package once", () => {
    const lacks = [
      { what: "pictures", install: ["gstreamer1.0-plugins-good"] },
      { what: "sound", install: ["gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good"] },
      { what: "h264", install: ["gstreamer1.0-libav"] },
    ] as const;
    expect(installLine(lacks)).toBe(
      "sudo apt install gstreamer1.0-plugins-good gstreamer1.0-plugins-base gstreamer1.0-libav",
    );
  });
  it("is none where no package would help", () => {
    expect(installLine([{ what: "native", install: [] }])).toBeNull();
    expect(installLine([])).toBeNull();
  });
});
