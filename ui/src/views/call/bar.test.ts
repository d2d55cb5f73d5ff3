import { describe, expect, it } from "vitest";
import { fitting, measure } from "./bar";

const ITEMS = [
  { id: "share", keep: 6 },
  { id: "chat", keep: 8 },
  { id: "hand", keep: 5 },
  { id: "people", keep: 7 },
  { id: "add", keep: 4 },
  { id: "view", keep: 3 },
  { id: "full", keep: 1 },
];
const at = (width: number, height = 800, control = 48) =>
  fitting(ITEMS, width, control, measure(width, height, control));
const ids = (items: { id: string }[]) => items.map(({ id }) => id);

/** What the controls take up in the end, px. */
function used(width: number, height = 800, control = 48): number {
  const sizes = measure(width, height, control);
  const { shown, away } = at(width, height, control);
  const round = shown.length + (away.length > 0 ? 1 : 0);
  const own = 2 * (control + (sizes.arrows ? 24 : 0)) + sizes.gap;
  const side = sizes.leave + sizes.apart;
  return 2 * sizes.pad + own + round * (control + sizes.gap) + (sizes.oneLine ? 2 * side : side);
}

describe("the call's bar", () => {
  it("shows everything in a wide window and in a tablet's", () => {
    expect(at(1280).away).toEqual([]);
    expect(at(960).away).toEqual([]);
    expect(at(760).away).toEqual([]);
  });
  it("keeps what matters most in a narrow one, in the order of the wide one", () => {
    expect(ids(at(400).shown)).toEqual(["chat", "people"]);
    expect(ids(at(400).away)).toEqual(["share", "hand", "add", "view", "full"]);
    expect(ids(at(320).shown)).toEqual(["chat", "people"]);
  });
  it("never takes more than there is", () => {
    for (let width = 300; width <= 2000; width += 1) {
      expect(used(width), `${width} px`).toBeLessThanOrEqual(width);
      expect(used(width, 240, 40), `${width} px, flat`).toBeLessThanOrEqual(width);
    }
  });
  it("loses nothing", () => {
    for (let width = 200; width <= 2000; width += 20) {
      const { shown, away } = at(width);
      expect(ids([...shown, ...away]).sort()).toEqual(ids(ITEMS).sort());
    }
  });
});
