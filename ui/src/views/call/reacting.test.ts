import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../call/testing";
import type { Reaction } from "../../gen/protocol";
import { ReactionsSaid, SAID_EVERY } from "./reacting";

let clock: FakeClock;
let said: (string | null)[];
let reactions: ReactionsSaid;
let ids: number;

beforeEach(() => {
  clock = new FakeClock();
  said = [];
  ids = 0;
  reactions = new ReactionsSaid(clock, (who, reaction) =>
    said.push(who === null ? null : `${who} ${reaction}`),
  );
});

const by = (name: string, reaction: Reaction = "clap") => ({ name, reaction: { id: ++ids, reaction } });

describe("reactions", () => {
  it("are said once, however long they are shown", () => {
    const one = by("Bob", "heart");
    reactions.put([one]);
    reactions.put([one]);
    reactions.put([]);
    expect(said).toEqual(["Bob heart"]);
  });

  it("of many are one word, and no more often than every three seconds", async () => {
    for (let n = 0; n < 100; n++) {
      reactions.put([by(n % 2 === 0 ? "Bob" : "Cat")]);
      await clock.pass(100);
    }
    expect(said.length).toBeLessThanOrEqual(Math.floor(10_000 / SAID_EVERY) + 1);
    expect(said[0]).toBe("Bob clap");
    expect(said.slice(1)).toEqual([null, null, null]);
  });

  it("of one who reacts again are still theirs", async () => {
    reactions.put([by("Bob")]);
    reactions.put([by("Bob", "heart")]);
    await clock.pass(SAID_EVERY);
    expect(said).toEqual(["Bob clap", "Bob heart"]);
  });

  it("leave nothing behind", () => {
    reactions.put([by("Bob")]);
    reactions.put([by("Cat")]);
    reactions.stop();
    expect(clock.waiting).toBe(0);
  });
});
