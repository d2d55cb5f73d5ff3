/** Meetings that can be found. */
import type { RoomSummary } from "../src/gen/protocol";
import type { AppState } from "../src/state/contract";
import { NOTHING_FOUND, type FindingState, type FoundMeeting } from "../src/state/finding";
import { device, ID } from "./people";

const ROOM = "mfrggzdfmztwq2lkmnsgkztbme";

function meeting(number: number, name: string, host: string, more: Partial<RoomSummary> = {}): FoundMeeting {
  const summary = {
    title: "",
    door: "open",
    has_password: false,
    capacity: 16,
    present: 3,
    ...more,
  } as const;
  const hub = { device: host, addresses: [] };
  return { key: `${host}/${number}`, hub, room: ROOM, host, name, summary };
}

const LISTED: FoundMeeting[] = [
  meeting(1, "Bob Fischer", ID.bob, { title: "Stand-up", present: 5 }),
  meeting(2, "王小明", ID.li),
  meeting(3, "Amélie Laurent", device(1), { door: "knock", present: 2 }),
  meeting(4, "Ann Baker", ID.me, {
    title: "Quarterly numbers, with everybody from Lyon and Zürich",
    has_password: true,
    present: 1,
  }),
  meeting(5, "Frida Holm", device(4), { capacity: 4, present: 4 }),
];

const finding = (more: Partial<FindingState>): Partial<AppState> => ({
  finding: { ...NOTHING_FOUND, ...more },
});

export const FINDING: Record<string, () => Partial<AppState>> = {
  "find-none": () => finding({}),
  "find-list": () => finding({ listed: LISTED }),
  "find-looking": () => finding({ listed: LISTED.slice(0, 1), looking: true }),
  "find-unknown": () => finding({ listed: LISTED.slice(0, 1), problem: "code-unknown" }),
  "find-bad": () => finding({ problem: "no-lead" }),
  "find-other-server": () => finding({ problem: "other-server", server: "calls.example.com" }),
  "find-choice": () => finding({ listed: LISTED.slice(0, 1), choice: LISTED.slice(1, 3) }),
  "find-offered": () =>
    finding({ offered: { hub: { device: device(40), addresses: ["192.168.1.20:41234"] }, room: ROOM } }),
  "find-nobody": () => ({ people: [], ...finding({}) }),
};
