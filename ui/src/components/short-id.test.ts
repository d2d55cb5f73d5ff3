// Invariant: the same short form as the Rust side's `ShortId` (RFC 4648 base32, SHA-256 check digits).
import { expect, it } from "vitest";
import { shortId } from "./short-id";

it.each([
  ["jgiv4dl5jnac4max2ailyhaoqpfmnr4x23aw4zrub7rsnbutu2qq", "JGIV-4DL5-JNAC-4FOZ"],
  ["qg3dpwh42ldnuy2z42ldce5bc4g6pfpew4s3qti6bngp3hwfrtuq", "QG3D-PWH4-2LDN-UO5M"],
  ["ng76dzxejaq5674kbet327tb54qi7wzf32vegu2fbpb7xeckxvja", "NG76-DZXE-JAQ5-6SWS"],
  ["too-short", ""],
  ["1889dzxejaq5674kbet327tb54qi7wzf32vegu2fbpb7xeckxvja", ""],
])("of %s is %s", async (device, shown) => expect(await shortId(device)).toBe(shown));
