import { expect, it } from "vitest";
import type { KnownDevice } from "../../gen/protocol";
import { found } from "./known";

const device = (name: string, kept: string, blocked = false): KnownDevice => ({
  device: name,
  short_id: `ID-${name.toUpperCase()}`,
  standing: { name, trust: "met", blocked },
  kept_name: kept,
  first_met: 0,
  last_met: 0,
});
const known = [device("Uncle Bob", "Robert"), device("Zoë", "Zoë"), device("Mallory", "Mallory", true)];
const names = (query: string) => {
  const { blocked, others } = found(known, query);
  return [others.map((one) => one.standing.name), blocked.map((one) => one.standing.name)];
};

it("keeps the blocked apart, in order", () => {
  expect(names("")).toEqual([["Uncle Bob", "Zoë"], ["Mallory"]]);
});

it("finds by the owner's name, the kept one and the id, whatever the case and the accents", () => {
  expect(names("robert")).toEqual([["Uncle Bob"], []]);
  expect(names("UNCLE b")).toEqual([["Uncle Bob"], []]);
  expect(names("zoe")).toEqual([["Zoë"], []]);
  expect(names("id-mal")).toEqual([[], ["Mallory"]]);
  expect(names("nobody")).toEqual([[], []]);
});
