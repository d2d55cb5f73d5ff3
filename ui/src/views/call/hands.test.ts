import { expect, it } from "vitest";
import { handsFirst } from "./hands";

it("whoever raised a hand first is first, and the others keep their order", () => {
  const people = [
    { name: "me", hand: null },
    { name: "ann", hand: 30 },
    { name: "bob", hand: null },
    { name: "cat", hand: 10 },
    { name: "dan", hand: 20 },
  ];
  const names = handsFirst(people, ({ hand }) => hand).map(({ name }) => name);
  expect(names).toEqual(["cat", "dan", "ann", "me", "bob"]);
  expect(people[0]?.name, "what it is given stays as it was").toBe("me");
});
