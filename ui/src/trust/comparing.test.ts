/** Two people compare the short code: both sides whole, each with its own half of the exchange, on a wire of our own. */
import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock, coded } from "../call/testing";
import { Verifying } from "../call/verifying";
import { LIMITS, type Verify, type VerifyStep } from "../gen/protocol";
import { encode } from "./base32";
import { random32 } from "./bytes";
import { Verification } from "./verification";

const ROOM = encode(new Uint8Array(16).fill(7));
const KEYS = [1, 2, 3, 4].map((byte) => encode(new Uint8Array(32).fill(byte)));

let clock: FakeClock;

class Side {
  readonly said: Verify[] = [];
  readonly steps: VerifyStep[] = [];
  other: Side | null = null;
  isOpen = true;
  /** Words wait here until they are let through. */
  held: Verify[] | null = null;
  fails = false;
  readonly verifying: Verifying;

  constructor(own: string, other: string) {
    const verification = new Verification(own, other, ROOM);
    this.verifying = new Verifying({
      clock,
      step: async (step) => {
        this.steps.push(step);
        if (this.fails) throw coded("internal");
        return verification.step(clock.now(), encode(random32()), step);
      },
      say: (verify) => {
        if (!this.isOpen) return false;
        this.said.push(verify);
        if (this.held) this.held.push(verify);
        else this.other?.verifying.heard(verify);
        return true;
      },
      changed: () => undefined,
    });
  }

  get stage(): string | undefined {
    return this.verifying.view?.stage.type;
  }

  get code(): number[] | undefined {
    const stage = this.verifying.view?.stage;
    return stage && "code" in stage ? stage.code : undefined;
  }

  letThrough(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const verify of held) this.other?.verifying.heard(verify);
  }
}

/** Hashing takes real turns of the event loop. */
async function done(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

function two(keyA = KEYS[0] ?? "", keyB = KEYS[1] ?? "", seenA = keyA, seenB = keyB): [Side, Side] {
  const [a, b] = [new Side(keyA, seenB), new Side(keyB, seenA)];
  a.other = b;
  b.other = a;
  return [a, b];
}

beforeEach(() => {
  clock = new FakeClock();
});

describe("two who compare", () => {
  it("see the same code, confirm, and are verified", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    await done();
    expect([ann.stage, bob.stage]).toEqual(["compare", "compare"]);
    expect(ann.code).toHaveLength(7);
    expect(bob.code).toEqual(ann.code);
    expect([ann.verifying.view?.theirs, bob.verifying.view?.theirs]).toEqual([false, true]);
    ann.verifying.confirm(true);
    await done();
    expect([ann.stage, bob.stage]).toEqual(["confirmed", "compare"]);
    bob.verifying.confirm(true);
    await done();
    expect([ann.stage, bob.stage]).toEqual(["verified", "verified"]);
    expect(clock.waiting).toBe(0);
    ann.verifying.cancel();
    await done();
    expect([ann.stage, bob.stage]).toEqual([undefined, "verified"]);
    expect(ann.said.at(-1)).toEqual({ type: "result", matches: true });
  });

  it("both begin at once, whoever has the smaller id", async () => {
    for (const [a, b] of [two(), two(KEYS[1], KEYS[0])]) {
      for (const side of [a, b]) side.held = [];
      for (const side of [a, b]) side.verifying.begin();
      await done();
      for (const side of [a, b]) side.letThrough();
      await done();
      expect([a.stage, b.stage]).toEqual(["compare", "compare"]);
      expect(b.code).toEqual(a.code);
      expect([a.verifying.view?.theirs, b.verifying.view?.theirs]).toEqual([false, false]);
      a.verifying.confirm(true);
      b.verifying.confirm(true);
      await done();
      expect([a.stage, b.stage]).toEqual(["verified", "verified"]);
    }
  });

  it("see different codes with somebody in the middle who has an exchange with each", async () => {
    const [ann, towardsAnn] = two(KEYS[0], KEYS[2]);
    const [towardsBob, bob] = two(KEYS[3], KEYS[1]);
    ann.verifying.begin();
    towardsBob.verifying.begin();
    await done();
    expect([ann.stage, bob.stage, towardsAnn.stage]).toEqual(["compare", "compare", "compare"]);
    expect(ann.code).not.toEqual(bob.code);
  });

  it("find out who passes the words on as they are", async () => {
    // Each of them has the key of whoever stands between for the other's.
    const [ann, bob] = two(KEYS[0], KEYS[1], KEYS[2], KEYS[3]);
    ann.verifying.begin();
    await done();
    expect(bob.verifying.view).toMatchObject({
      stage: { type: "cancelled" },
      problem: "verification-failed",
    });
    expect(ann.stage).toBe("cancelled");
  });

  it("are both warned when one says that the codes differ", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    await done();
    ann.verifying.confirm(true);
    await done();
    bob.verifying.confirm(false);
    await done();
    expect([ann.stage, bob.stage]).toEqual(["mismatch", "mismatch"]);
    // The warning cannot be wiped away by asking again.
    ann.verifying.cancel();
    ann.verifying.begin();
    await done();
    expect(bob.stage).toBe("mismatch");
    expect(ann.stage).toBe("cancelled");
    bob.verifying.cancel();
    ann.verifying.begin();
    await done();
    expect([ann.stage, bob.stage]).toEqual(["compare", "compare"]);
  });
});

describe("giving up", () => {
  it("ends it on the other side, and begins anew whenever one likes", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    await done();
    bob.verifying.cancel();
    await done();
    expect([ann.stage, bob.stage]).toEqual(["cancelled", undefined]);
    expect(ann.verifying.view?.problem).toBeNull();
    bob.verifying.begin();
    await done();
    expect([ann.stage, bob.stage]).toEqual(["compare", "compare"]);
    expect(bob.code).toEqual(ann.code);
  });

  it("happens by itself when it takes too long", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    await done();
    await clock.pass(LIMITS.VERIFY_TIMEOUT - 10);
    expect(ann.stage).toBe("compare");
    await clock.pass(20);
    await done();
    expect([ann.stage, bob.stage]).toEqual(["cancelled", "cancelled"]);
    expect(clock.waiting).toBe(0);
  });

  it("also while the first word is still on its way to the key", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    ann.verifying.cancel();
    await done();
    expect(ann.stage).toBeUndefined();
    expect(bob.stage).toBe("cancelled");
  });

  it("stops with the connection, and leaves nothing running", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    await done();
    ann.verifying.stop();
    bob.verifying.confirm(true);
    await done();
    expect(bob.stage).toBe("confirmed");
    bob.verifying.stop();
    expect(clock.waiting).toBe(0);
    ann.verifying.begin();
    await done();
    expect(ann.steps.at(-1)).toEqual({ type: "cancel" });
  });
});

describe("what goes wrong", () => {
  it("says so when there is no way to say it", async () => {
    const [ann] = two();
    ann.isOpen = false;
    ann.verifying.begin();
    await done();
    expect(ann.verifying.view).toMatchObject({ stage: { type: "cancelled" }, problem: "link-lost" });
  });

  it("says so when the key does not answer, also to the other side", async () => {
    const [ann, bob] = two();
    ann.verifying.begin();
    await done();
    bob.fails = true;
    bob.verifying.confirm(true);
    await done();
    expect(bob.verifying.view).toMatchObject({ stage: { type: "cancelled" }, problem: "internal" });
    expect(ann.stage).toBe("cancelled");
  });

  it("takes no word out of order, and none that nobody asked for", async () => {
    const [ann] = two();
    for (const word of [
      { type: "nonce", nonce: KEYS[0] ?? "" },
      { type: "reveal", nonce: KEYS[0] ?? "" },
      { type: "result", matches: true },
      { type: "cancel" },
    ] as const)
      ann.verifying.heard(word);
    await done();
    expect(ann.verifying.view).toBeNull();
    expect(ann.steps).toEqual([]);
    ann.verifying.begin();
    ann.verifying.heard({ type: "result", matches: true });
    await done();
    expect(ann.verifying.view?.problem).toBe("verification-failed");
  });

  it("looks at a bounded number of words", async () => {
    const [ann] = two();
    for (let word = 0; word < 100; word++) {
      ann.verifying.heard({ type: "commit", commitment: KEYS[0] ?? "" });
    }
    await done();
    expect(ann.steps.length).toBeLessThan(20);
  });
});
