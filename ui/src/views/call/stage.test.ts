// Invariant: what the person chose wins over what happens; nobody changes place without a reason.
import { describe, expect, it } from "vitest";
import {
  choose,
  deviceOf,
  EMPTY,
  largeOf,
  latestFirst,
  litKey,
  pin,
  popTarget,
  seat,
  START,
  tidy,
  type Key,
} from "./stage";

const people: Key[] = ["person:a", "person:b", "person:c"];
const speaker = { ...START, layout: "speaker" } as const;

describe("what is large", () => {
  it("is nothing in a grid", () => {
    expect(largeOf(START, [], people, "b")).toBeNull();
  });
  it("is the speaker, or the first person while nobody has spoken", () => {
    expect(largeOf(speaker, [], people, "b")).toBe("person:b");
    expect(largeOf(speaker, [], people, null)).toBe("person:a");
    expect(largeOf(speaker, [], people, "gone")).toBe("person:a");
    expect(largeOf(speaker, [], [], "b")).toBeNull();
  });
  it("is a screen, in either layout, the latest of several", () => {
    expect(largeOf(START, ["screen:b"], people, "a")).toBe("screen:b");
    expect(largeOf(speaker, ["screen:c", "screen:b"], people, "a")).toBe("screen:c");
  });
  it("is what is pinned, before all else, for as long as it is there", () => {
    const pinned = pin(speaker, "person:c");
    expect(largeOf(pinned, ["screen:b"], people, "a")).toBe("person:c");
    expect(largeOf(pinned, ["screen:b"], people.slice(0, 2), "a")).toBe("screen:b");
    expect(largeOf(pin(pinned, "person:c"), [], people, "a")).toBe("person:a");
    expect(largeOf(pin(pinned, "screen:b"), ["screen:c", "screen:b"], people, "a")).toBe("screen:b");
  });
  it("is never oneself", () => {
    expect(pin(START, "own")).toBe(START);
  });
});

describe("whom the host shows to everyone", () => {
  const lit = "person:b" as const;
  it("is large in either layout, before a screen and whoever speaks", () => {
    expect(largeOf(START, [], people, "a", lit)).toBe(lit);
    expect(largeOf(speaker, ["screen:c"], people, "a", lit)).toBe(lit);
    expect(largeOf(START, ["screen:c", "screen:a"], people, "a", "screen:a")).toBe("screen:a");
  });
  it("is not, for who has pinned somebody, until they let go", () => {
    const pinned = pin(START, "person:c");
    expect(largeOf(pinned, [], people, "a", lit)).toBe("person:c");
    expect(largeOf(pin(pinned, "person:c"), [], people, "a", lit)).toBe(lit);
  });
  it("is nobody who is not here, and never oneself", () => {
    expect(largeOf(START, [], people, "a", "person:gone")).toBeNull();
    expect(largeOf(START, [], people, "a", litKey({ device: "me", screen: false }, "me"))).toBeNull();
    expect(litKey({ device: "me", screen: true }, "me")).toBeNull();
    expect(litKey({ device: "b", screen: true }, "me")).toBe("screen:b");
    expect(litKey(null, "me")).toBeNull();
  });
  it("is one of many for who asks for the grid, until another is shown", () => {
    const grid = choose(START, "grid", [lit]);
    expect(largeOf(grid, [], people, "a", lit)).toBeNull();
    expect(largeOf(tidy(grid, people, lit), [], people, "a", lit)).toBeNull();
    expect(largeOf(grid, [], people, "a", "person:c")).toBe("person:c");
    const later = tidy(grid, people, null);
    expect(largeOf(later, [], people, "a", lit), "a new spotlight is a new one").toBe(lit);
  });
});

describe("asking for a layout", () => {
  it("lets go of what is pinned", () => {
    expect(choose(pin(START, "person:a"), "speaker", []).pinned).toBeNull();
  });
  it("makes screens tiles like others, until a new one is shared or large ones are wanted again", () => {
    const grid = choose(START, "grid", ["screen:b"]);
    expect(largeOf(grid, ["screen:b"], people, null)).toBeNull();
    expect(largeOf(grid, ["screen:c", "screen:b"], people, null)).toBe("screen:c");
    expect(largeOf(choose(grid, "speaker", ["screen:b"]), ["screen:b"], people, null)).toBe("screen:b");
  });
});

it("forgets what is gone, and only that", () => {
  const choice = { ...choose(START, "grid", ["screen:b"]), pinned: "person:a" } as const;
  expect(tidy(choice, [...people, "screen:b"])).toBe(choice);
  expect(tidy(choice, people)).toMatchObject({ pinned: "person:a", aside: [] });
  expect(tidy(choice, ["screen:b"])).toMatchObject({ pinned: null, aside: ["screen:b"] });
});

it("puts the latest screen first, and leaves the others in their order", () => {
  const one = latestFirst([], ["screen:b"]);
  const two = latestFirst(one, ["screen:a", "screen:b"]);
  expect(two).toEqual(["screen:a", "screen:b"]);
  expect(latestFirst(two, ["screen:a", "screen:b"])).toEqual(two);
  expect(latestFirst(two, ["screen:b"])).toEqual(["screen:b"]);
});

describe("seats", () => {
  const beside = (seats: { order: readonly Key[]; large: Key | null }) =>
    seats.order.filter((key) => key !== seats.large);

  it("are those of joining at first; newcomers come last, and who leaves leaves the others in order", () => {
    const seats = seat(EMPTY, people, null);
    expect(seats.order).toEqual(people);
    expect(seat(seats, ["person:0", ...people], null).order).toEqual([...people, "person:0"]);
    expect(seat(seats, ["person:a", "person:c"], null).order).toEqual(["person:a", "person:c"]);
  });
  it("change hands between the two that change, and nobody else moves", () => {
    const first = seat(EMPTY, [...people, "person:d"], "person:a");
    expect(beside(first)).toEqual(["person:b", "person:c", "person:d"]);
    const second = seat(first, [...people, "person:d"], "person:c");
    expect(beside(second)).toEqual(["person:b", "person:a", "person:d"]);
    expect(seat(second, [...people, "person:d"], "person:c")).toEqual(second);
  });
  it("are kept while a screen is large", () => {
    const seats = seat(EMPTY, people, "screen:b");
    expect(beside(seats)).toEqual(people);
    expect(beside(seat(seats, people, "screen:c"))).toEqual(people);
  });
  it("bring who is heard into sight, in place of the last one seen", () => {
    const seats = seat(EMPTY, people, "screen:b", "person:c", 2);
    expect(seats.order).toEqual(["person:a", "person:c", "person:b"]);
    expect(seat(seats, people, "screen:b", "person:c", 2)).toEqual(seats);
    expect(seat(seats, people, "screen:b", "person:a", 2)).toEqual(seats);
    expect(seat(EMPTY, people, "screen:b", "person:c", 0).order).toEqual(people);
  });
});

it("pops out the first that has a picture", () => {
  expect(popTarget([null, "person:a", "person:b"], (key) => key === "person:b")).toBe("person:b");
  expect(popTarget([null, "person:a"], () => false)).toBeNull();
});

it("knows whose tile it is", () => {
  expect(["own", "person:x", "screen:y"].map((key) => deviceOf(key as Key))).toEqual([null, "x", "y"]);
});
