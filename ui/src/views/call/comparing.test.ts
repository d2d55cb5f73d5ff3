// Invariant: a comparison that another began is a question until it is taken up, and a mismatch is never hidden.
import { expect, it } from "vitest";
import type { VerifyStage } from "../../gen/protocol";
import type { CallPeer, VerificationState } from "../../state/contract";
import { comparing } from "./comparing";

const code = [1, 2, 3, 4, 5, 6, 7];
const peer = (device: string, verification: VerificationState | null) =>
  ({ device, verification }) as CallPeer;
const stage = (type: VerifyStage["type"]) =>
  (type === "compare" || type === "confirmed" ? { type, code } : { type }) as VerifyStage;
const begun = (type: VerifyStage["type"], theirs: boolean): VerificationState => ({
  stage: stage(type),
  theirs,
  problem: null,
});
const found = (peers: CallPeer[], joined: string[] = []) => {
  const { asked, shown } = comparing(peers, new Set(joined));
  return [asked.map((one) => one.device), shown?.device ?? null];
};

it("shows nothing while nobody compares", () => {
  expect(found([peer("bob", null)])).toEqual([[], null]);
});

it.each(["waiting", "compare", "confirmed"] as const)("asks first when they began (%s)", (type) => {
  expect(found([peer("bob", begun(type, true))])).toEqual([["bob"], null]);
  expect(found([peer("bob", begun(type, true))], ["bob"])).toEqual([[], "bob"]);
});

it.each(["waiting", "compare", "confirmed", "verified", "cancelled"] as const)(
  "shows what was begun here (%s)",
  (type) => expect(found([peer("bob", begun(type, false))])).toEqual([[], "bob"]),
);

it("warns of a mismatch also before anything was taken up", () => {
  expect(found([peer("bob", begun("mismatch", true))])).toEqual([[], "bob"]);
});

it("says nothing of a question that was taken back", () => {
  expect(found([peer("bob", begun("cancelled", true))])).toEqual([[], null]);
});

it("deals with one at a time, and still asks for the other", () => {
  expect(found([peer("bob", begun("compare", false)), peer("li", begun("waiting", true))])).toEqual([
    ["li"],
    "bob",
  ]);
});
