import { describe, expect, it } from "vitest";
import { codecByte, codecString, toAnnexB } from "./codec";
import { sizeOfKeyframe } from "./picture-size";

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hex.split(" ").map((byte) => parseInt(byte, 16)));
}

describe("a codec", () => {
  it("is found by its mime type", () => {
    expect([codecByte("video/VP8"), codecByte("VIDEO/h264"), codecByte("video/AV1")]).toEqual([1, 2, 0]);
  });

  it("has the level that the size needs", () => {
    expect(codecString(1, 640, 480)).toBe("vp8");
    expect(codecString(2, 1280, 720)).toBe("avc1.42e01f");
    expect(codecString(2, 1920, 1080)).toBe("avc1.42e028");
    expect(codecString(2, 3840, 2160)).toBe("avc1.42e033");
    expect(codecString(0, 640, 480)).toBeNull();
  });
});

describe("a picture of H.264", () => {
  it("has start codes where its lengths were", () => {
    const picture = bytes("00 00 00 02 67 42 00 00 00 03 65 01 02");
    toAnnexB(picture);
    expect(picture).toEqual(bytes("00 00 00 01 67 42 00 00 00 01 65 01 02"));
  });

  it("stays as it is where it has start codes", () => {
    const annexB = "00 00 00 01 67 42 c0 1f 00 00 00 01 65 88 84";
    const picture = bytes(annexB);
    toAnnexB(picture);
    expect(picture).toEqual(bytes(annexB));
  });

  it("stays as it is where its lengths go past its end", () => {
    const picture = bytes("00 00 00 09 67 42");
    toAnnexB(picture);
    expect(picture).toEqual(bytes("00 00 00 09 67 42"));
  });
});

describe("the size of a keyframe", () => {
  it("is in the first bytes of VP8's", () => {
    expect(sizeOfKeyframe("vp8", bytes("30 fa 00 9d 01 2a 80 02 e0 01"))).toEqual({
      width: 640,
      height: 480,
    });
    // Of the upper two bits something else is meant.
    expect(sizeOfKeyframe("vp8", bytes("10 56 00 9d 01 2a 40 41 f0 80"))).toEqual({
      width: 320,
      height: 240,
    });
    expect(sizeOfKeyframe("vp8", bytes("31 fa 00 9d 01 2a 80 02 e0 01"))).toBeNull();
    expect(sizeOfKeyframe("vp8", bytes("30 fa 00"))).toBeNull();
  });

  it("is in the parameter set of H.264's", () => {
    // Of encoders in use: OpenH264, constrained baseline, 640x480, and x264, high, 1920x1080, which crops 8 lines.
    const baseline = "00 00 00 01 67 42 c0 1f 8c 8d 40 50 1e d0 0f 08 84 6a 00 00 00 01 68 ce 3c 80";
    expect(sizeOfKeyframe("avc1.42e01f", bytes(baseline))).toEqual({ width: 640, height: 480 });
    const high =
      "00 00 00 01 67 64 00 28 ac d9 40 78 02 27 e5 c0 44 00 00 03 00 04 00 00 03 00 c8 3c 60 c6 58 00 00 01 65";
    expect(sizeOfKeyframe("avc1.42e01f", bytes(high))).toEqual({ width: 1920, height: 1080 });
  });

  it("is not known where the parameter set is missing, or cut off", () => {
    expect(sizeOfKeyframe("avc1.42e01f", bytes("00 00 00 01 65 88 84 00"))).toBeNull();
    expect(sizeOfKeyframe("avc1.42e01f", bytes("00 00 00 01 67 42 c0 1f"))).toBeNull();
  });
});
