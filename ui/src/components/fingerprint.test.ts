// Invariant: what is shown, copied and scanned is the whole device id.
import { describe, expect, it } from "vitest";
import { encode } from "uqr";
import { fingerprint } from "./fingerprint";
import { qrCode, QUIET } from "./qr";

const device = "qg3dpwh42ldnuy2z42ldce5bc4g6pfpew4s3qti6bngp3hwfrtuq";

it("shows all of a device id, in groups of four", () => {
  const shown = fingerprint(device);
  expect(shown).toBe("QG3D PWH4 2LDN UY2Z 42LD CE5B C4G6 PFPE W4S3 QTI6 BNGP 3HWF RTUQ");
  expect(shown.replaceAll(" ", "").toLowerCase()).toBe(device);
});

describe("the QR code", () => {
  const { size, path } = qrCode(fingerprint(device));
  const dark = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let step = 0; step < Number(width); step++) {
      const row = dark[Number(y)];
      if (row !== undefined) row[Number(x) + step] = true;
    }
  }

  it("draws every module of the code that holds the fingerprint, and no other", () => {
    expect(dark).toEqual(encode(fingerprint(device), { ecc: "M", boostEcc: true, border: QUIET }).data);
  });
  it("keeps the quiet zone that readers need", () => {
    for (let at = 0; at < size; at++) {
      for (let edge = 0; edge < 4; edge++) {
        for (const [x, y] of [
          [at, edge],
          [at, size - 1 - edge],
          [edge, at],
          [size - 1 - edge, at],
        ] as const)
          expect(dark[y]?.[x]).toBe(false);
      }
    }
  });
  it("has a finder pattern in three corners", () => {
    for (const [x, y] of [
      [QUIET, QUIET],
      [size - QUIET - 7, QUIET],
      [QUIET, size - QUIET - 7],
    ] as const) {
      expect(dark[y]?.slice(x, x + 7)).toEqual([true, true, true, true, true, true, true]);
      expect(dark[y + 3]?.slice(x, x + 7)).toEqual([true, false, true, true, true, false, true]);
    }
  });
});
