import { beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../gen/protocol";
import { FakeClock } from "../testing";
import { Files, type Transfer } from "./files";
import { FakeChannel, FakeFile, FakeStore } from "./testing";
import { BLOCK, WINDOW, ZERO } from "./wire";

class Side {
  readonly store = new FakeStore();
  readonly clock = new FakeClock();
  told: Transfer[] = [];
  readonly files = new Files({
    store: this.store,
    clock: this.clock,
    changed: (transfers) => {
      this.told = transfers;
    },
  });
  get one(): Transfer {
    const [one] = this.files.view();
    if (!one) throw new Error("no transfer");
    return one;
  }
}

let ann: Side;
let bob: Side;
let annEnd: FakeChannel;
let bobEnd: FakeChannel;

function connect(): void {
  [annEnd, bobEnd] = FakeChannel.pair();
  ann.files.attach("bob", annEnd.asChannel, () => LIMITS.MAX_PIECE_BYTES);
  bob.files.attach("ann", bobEnd.asChannel, () => LIMITS.MAX_PIECE_BYTES);
}

/** Byte by byte would take the runner a minute. */
function same(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Digests and blobs are made outside of the promises' queue. */
const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 1));

/** Carries messages until `until` holds; without it until nothing happens any more. */
async function run(until?: () => boolean): Promise<void> {
  // A busy machine may take long over a digest: who waits for something waits as long as the test may last.
  for (let quiet = 0; until || quiet < 25;) {
    if (until?.()) return;
    if (annEnd.carry() || bobEnd.carry()) quiet = 0;
    else {
      await turn();
      quiet++;
    }
  }
}

async function offer(file: FakeFile): Promise<void> {
  expect(await ann.files.offer(["bob"], file)).toBeNull();
  await run();
}

/** What bob says to ann by hand, or ann to bob. */
async function inject(end: FakeChannel, ...data: unknown[]): Promise<void> {
  for (const one of data)
    end.hear(typeof one === "object" && !(one instanceof ArrayBuffer) ? JSON.stringify(one) : one);
  await run();
}

beforeEach(() => {
  [ann, bob] = [new Side(), new Side()];
  connect();
});

describe("a file", () => {
  it.each([0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])("of %d bytes gets there as it was", async (size) => {
    const file = new FakeFile("a.bin", size);
    await offer(file);
    expect(bob.one).toMatchObject({ direction: "in", state: "offered", size, name: "a.bin" });
    bob.files.accept(bob.one.key);
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["done", "done"]);
    expect(same(bob.store.files.get("a.bin"), file.bytes)).toBe(true);
  });

  it("is neither sent nor kept before it is accepted", async () => {
    const file = new FakeFile("a", 10);
    await offer(file);
    expect(file.reads).toEqual([]);
    expect(bob.store.begun).toEqual([]);
    bob.files.cancel(bob.one.key);
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["declined", "declined"]);
    expect(file.reads).toEqual([]);
    expect(bob.store.begun).toEqual([]);
  });

  it("is offered to each, and accepted by each", async () => {
    const carol = new Side();
    const [toCarol, carolEnd] = FakeChannel.pair();
    ann.files.attach("carol", toCarol.asChannel, () => LIMITS.MAX_PIECE_BYTES);
    carol.files.attach("ann", carolEnd.asChannel, () => LIMITS.MAX_PIECE_BYTES);
    const file = new FakeFile("a", 100);
    await ann.files.offer(["bob", "carol"], file);
    await run();
    while (toCarol.carry());
    bob.files.accept(bob.one.key);
    await run();
    expect(bob.one.state).toBe("done");
    expect(carol.one.state).toBe("offered");
    expect(carol.store.begun).toEqual([]);
  });

  it("goes with another in the same line", async () => {
    const files = [new FakeFile("a", 3 * BLOCK), new FakeFile("b", 2 * BLOCK + 9, 7)];
    for (const file of files) await offer(file);
    for (const { key } of bob.files.view()) bob.files.accept(key);
    await run();
    for (const file of files) expect(same(bob.store.files.get(file.name), file.bytes)).toBe(true);
  });

  it("is in pieces that the other side takes", async () => {
    [annEnd, bobEnd] = FakeChannel.pair();
    ann.files.attach("bob", annEnd.asChannel, () => 65_536);
    bob.files.attach("ann", bobEnd.asChannel, () => 65_536);
    const file = new FakeFile("a", BLOCK + 3);
    await offer(file);
    bob.files.accept(bob.one.key);
    let longest = 0;
    await run(() => {
      for (const data of annEnd.waiting)
        if (typeof data !== "string") longest = Math.max(longest, data.byteLength);
      return bob.one.state === "done";
    });
    expect(longest).toBeLessThanOrEqual(65_536);
    expect(same(bob.store.files.get("a"), file.bytes)).toBe(true);
  });
});

describe("what is in memory", () => {
  it("is bounded while the disk of the other side is slow", async () => {
    let open: () => void = () => undefined;
    bob.store.gate = new Promise((done) => {
      open = done;
    });
    const file = new FakeFile("a", 4 * WINDOW);
    await offer(file);
    bob.files.accept(bob.one.key);
    await run();
    // One more block is read, and waits.
    expect(file.reads.length).toBeLessThanOrEqual(WINDOW / BLOCK + 2);
    open();
    await run();
    expect(bob.one.state).toBe("done");
  });

  it("is bounded while the line is slow", async () => {
    await offer(new FakeFile("a", WINDOW));
    bob.files.accept(bob.one.key);
    await run(() => annEnd.bufferedAmount > 0);
    for (let at = 0; at < 30; at++) await turn();
    expect(annEnd.bufferedAmount).toBeLessThan(3 * 1024 * 1024);
    await run();
    expect(annEnd.most).toBeLessThan(3 * 1024 * 1024);
    expect(bob.one.state).toBe("done");
  });

  it("is not filled by who sends without being asked for more", async () => {
    bob.store.gate = new Promise(() => undefined);
    const file = "a".repeat(26);
    await inject(bobEnd, { type: "offer", file, name: "a", size: 64 * BLOCK });
    bob.files.accept(bob.one.key);
    await run();
    await inject(bobEnd, { type: "start", file, number: 0, at: 0 });
    const piece = new ArrayBuffer(4 + BLOCK / 8);
    for (let block = 1; block <= 20 && bob.one.state === "moving"; block++) {
      for (let at = 0; at < 8; at++) bobEnd.hear(piece);
      await inject(bobEnd, { type: "block", file, end: block * BLOCK, digest: ZERO });
    }
    expect(bob.one.state).toBe("failed");
    expect(bobEnd.said.at(-1)).toMatchObject({ type: "refuse", why: "failed" });
  });
});

describe("a line that breaks", () => {
  it("goes on by itself where it was", async () => {
    const file = new FakeFile("a", 12 * BLOCK + 1);
    await offer(file);
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 5 * BLOCK);
    annEnd.cut();
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["waiting", "waiting"]);
    const before = bob.one.moved;
    const reads = file.reads.length;
    connect();
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["done", "done"]);
    expect(same(bob.store.files.get("a"), file.bytes)).toBe(true);
    expect(file.reads.slice(reads).every((at) => at >= before)).toBe(true);
  });

  it("after the last word of it is asked whether it is whole", async () => {
    let open: () => void = () => undefined;
    bob.store.gate = new Promise((done) => {
      open = done;
    });
    const file = new FakeFile("a", 3 * BLOCK);
    await offer(file);
    bob.files.accept(bob.one.key);
    await run();
    annEnd.cut();
    ann = new Side();
    connect();
    open();
    await offer(file);
    expect([ann.one.state, bob.one.state]).toEqual(["done", "done"]);
    expect(same(bob.store.files.get("a"), file.bytes)).toBe(true);
  });

  it("is noticed where nobody says it", async () => {
    await offer(new FakeFile("a", 4 * BLOCK));
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= BLOCK);
    annEnd.readyState = bobEnd.readyState = "closed";
    for (const side of [ann, bob]) await side.clock.pass(1_000);
    expect([ann.one.state, bob.one.state]).toEqual(["waiting", "waiting"]);
  });

  it("goes on after either page was loaded anew", async () => {
    const file = new FakeFile("a", 6 * BLOCK);
    await offer(file);
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 2 * BLOCK);
    annEnd.cut();
    await run();
    // Bob's page is another one; what there is lies on the disk.
    const store = bob.store;
    bob = new Side();
    Object.assign(bob.store, { parts: store.parts });
    connect();
    await run();
    expect(bob.one.state).toBe("offered");
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 4 * BLOCK);
    annEnd.cut();
    // And now ann's: she offers the file once more, and reads it anew up to there.
    ann = new Side();
    connect();
    await run();
    expect(bob.one.state).toBe("waiting");
    await offer(file);
    expect([ann.one.state, bob.one.state]).toEqual(["done", "done"]);
    expect(same(bob.store.files.get("a"), file.bytes)).toBe(true);
  });

  it("begins anew where the beginning is not the same", async () => {
    const file = new FakeFile("a", 4 * BLOCK);
    await offer(file);
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 2 * BLOCK);
    annEnd.cut();
    ann = new Side();
    connect();
    // Of the same name, size and time, and not the same.
    const changed = new FakeFile("a", 4 * BLOCK, 9);
    await offer(changed);
    expect([ann.one.state, bob.one.state]).toEqual(["done", "done"]);
    expect(same(bob.store.files.get("a"), changed.bytes)).toBe(true);
  });

  it("is told that nobody wants it any more", async () => {
    await offer(new FakeFile("a", 4 * BLOCK));
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= BLOCK);
    annEnd.cut();
    await run();
    bob.files.cancel(bob.one.key);
    connect();
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["cancelled", "cancelled"]);
    expect(bob.store.discarded).toBe(1);
  });
});

describe("an end in the middle", () => {
  it.each(["ann", "bob"])("is told by %s, and leaves nothing", async (who) => {
    await offer(new FakeFile("a", 8 * BLOCK));
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 2 * BLOCK);
    const side = who === "ann" ? ann : bob;
    side.files.cancel(side.one.key);
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["cancelled", "cancelled"]);
    expect(bob.store.discarded).toBe(1);
    expect(bob.store.files.size).toBe(0);
  });

  it("is told where the disk is full", async () => {
    await offer(new FakeFile("a", 8 * BLOCK));
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 2 * BLOCK);
    bob.store.fail = "disk-full";
    await run();
    expect(bob.one).toMatchObject({ state: "no-space", code: "disk-full" });
    expect(ann.one.state).toBe("no-space");
  });

  it("is told where the file cannot be read any more", async () => {
    const file = new FakeFile("a", 8 * BLOCK);
    await offer(file);
    bob.files.accept(bob.one.key);
    await run(() => bob.one.moved >= 2 * BLOCK);
    file.broken = true;
    await run();
    expect([ann.one.state, bob.one.state]).toEqual(["unreadable", "unreadable"]);
  });

  it("of one does not touch another", async () => {
    const [one, other] = [new FakeFile("a", 4 * BLOCK), new FakeFile("b", 4 * BLOCK, 3)];
    await offer(one);
    await offer(other);
    const keys = bob.files.view().map(({ key }) => key);
    for (const key of keys) bob.files.accept(key);
    await run(() => bob.one.moved >= BLOCK);
    bob.files.cancel(keys[0] ?? "");
    await run();
    expect(bob.files.view().map(({ state }) => state)).toEqual(["cancelled", "done"]);
    expect(same(bob.store.files.get("b"), other.bytes)).toBe(true);
  });
});

describe("hostile words", () => {
  const file = "b".repeat(26);
  const offered = { type: "offer", file, name: "a", size: 3 * BLOCK };

  it.each([
    "",
    "null",
    "[]",
    "{",
    '{"type":"offer"}',
    { ...offered, file: "b" },
    { ...offered, size: -1 },
    { ...offered, size: 0.5 },
    { ...offered, size: 2 ** 53 },
    { ...offered, size: "1" },
    { ...offered, name: 7 },
    { ...offered, name: "x".repeat(2_000) },
    { ...offered, name: "x".repeat(70_000) },
    { type: "start", file, number: 0, at: 0 },
    { type: "accept", file, at: 0, digest: ZERO },
    { type: "cancel", file, why: "because" },
    new ArrayBuffer(0),
    new ArrayBuffer(4),
    new ArrayBuffer(300_000),
  ])("are not heard: %j", async (word) => {
    await inject(bobEnd, word);
    expect(bob.files.view()).toEqual([]);
    expect(bobEnd.said).toEqual([]);
  });

  it("do not make a name that looks like another", async () => {
    await inject(bobEnd, { ...offered, name: "../photo\u202egpj.exe" });
    expect(bob.one.name).toBe("_._photogpj.exe");
  });

  it("do not make a list without end", async () => {
    for (let at = 0; at < 100; at++)
      await inject(bobEnd, {
        ...offered,
        file: `${"c".repeat(24)}${String.fromCharCode(97 + (at % 26))}${at < 26 ? "a" : at < 52 ? "b" : at < 78 ? "c" : "d"}`,
      });
    expect(bob.files.view()).toHaveLength(LIMITS.MAX_FILES);
    expect(bobEnd.said.at(-1)).toMatchObject({ type: "refuse", why: "too-many" });
  });

  it("do not make an accepted file longer", async () => {
    await inject(bobEnd, offered);
    bob.files.accept(bob.one.key);
    await run();
    await inject(bobEnd, { ...offered, size: 9 * BLOCK });
    expect(bobEnd.said.at(-1)).toMatchObject({ type: "refuse", why: "changed" });
    expect(bob.one.size).toBe(3 * BLOCK);
  });

  it.each([
    [{ type: "start", file, number: 0, at: BLOCK }],
    [
      { type: "start", file, number: 0, at: 0 },
      { type: "block", file, end: BLOCK, digest: ZERO },
    ],
    [
      { type: "start", file, number: 0, at: 0 },
      new ArrayBuffer(4 + 9),
      { type: "block", file, end: 9, digest: ZERO },
    ],
    [
      { type: "start", file, number: 0, at: 0 },
      ...Array.from({ length: 9 }, () => new ArrayBuffer(4 + BLOCK / 8)),
    ],
  ])("end an accepted file, and nothing is written: %#", async (...words) => {
    await inject(bobEnd, offered);
    bob.files.accept(bob.one.key);
    await run();
    await inject(bobEnd, ...words);
    expect(bob.one.state).toBe("failed");
    expect(bob.store.files.size).toBe(0);
    expect(bobEnd.said.at(-1)).toMatchObject({ type: "refuse", why: "failed" });
  });

  it("with a wrong digest end it as changed", async () => {
    await inject(bobEnd, offered);
    bob.files.accept(bob.one.key);
    await run();
    await inject(bobEnd, { type: "start", file, number: 0, at: 0 });
    for (let at = 0; at < 8; at++) bobEnd.hear(new ArrayBuffer(4 + BLOCK / 8));
    await inject(bobEnd, { type: "block", file, end: BLOCK, digest: ZERO });
    expect(bob.one).toMatchObject({ state: "changed", code: "file-changed", moved: 0 });
  });

  it("do not make a sender read without end, or believe what was not sent", async () => {
    const mine = new FakeFile("a", 8 * BLOCK);
    await offer(mine);
    const id = (annEnd.said[0] as unknown as { file: string }).file;
    await inject(annEnd, { type: "got", file: id, end: BLOCK }, { type: "done", file: id });
    expect(ann.one.state).toBe("failed");
    await offer(mine);
    const first = { type: "accept", file: id, at: 0, digest: ZERO };
    await inject(
      annEnd,
      first,
      { type: "got", file: id, end: 99 },
      { type: "got", file: id, end: 64 * BLOCK },
    );
    const reads = mine.reads.length;
    for (let at = 0; at < 20; at++) await inject(annEnd, { ...first, at: 7 * BLOCK });
    expect(mine.reads.length).toBe(reads);
    const [, second] = ann.files.view();
    expect(second).toMatchObject({ state: "moving", moved: 0 });
  });
});

it("tells how fast, and how long it will take", async () => {
  await offer(new FakeFile("a", 8 * BLOCK));
  bob.files.accept(bob.one.key);
  await run(() => bob.one.moved >= BLOCK);
  const early = bob.one.moved;
  await bob.clock.pass(500);
  await run(() => bob.one.moved >= early + 2 * BLOCK);
  const { moved } = bob.one;
  await bob.clock.pass(1000);
  // Seen first within the half second.
  expect(bob.one.speed).toBeGreaterThanOrEqual(((moved - early) * 1000) / 1500);
  expect(bob.one.speed).toBeLessThanOrEqual(moved - early);
  expect(bob.one.seconds).toBeCloseTo((8 * BLOCK - moved) / (bob.one.speed ?? 1));
});
