/** Made-up people, what is remembered of them, and their calls. */
import type { CallRecord, KnownDevice, RingEnd, Standing } from "../src/gen/protocol";
import type { PersonEntry } from "../src/state/contract";

export const ID = {
  me: "jgiv4dl5jnac4max2ailyhaoqpfmnr4x23aw4zrub7rsnbutu2qq",
  bob: "qg3dpwh42ldnuy2z42ldce5bc4g6pfpew4s3qti6bngp3hwfrtuq",
  li: "ng76dzxejaq5674kbet327tb54qi7wzf32vegu2fbpb7xeckxvja",
};
export const NOW = Date.now();
export const MINUTE = 60_000;

export function device(n: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return Array.from({ length: 52 }, (_, at) => letters[(n * 7 + at * (n + 3)) % 32]).join("");
}

export function standing(name: string, more: Partial<Standing> = {}): Standing {
  return { name, trust: "met", blocked: false, ...more };
}

export function entry(
  name: string,
  n: number | string,
  more: Partial<PersonEntry> & { status?: PersonEntry["person"]["status"]; note?: string } = {},
): PersonEntry {
  const { status = "available", note = "", ...rest } = more;
  const id = typeof n === "string" ? n : device(n);
  return {
    key: id,
    device: id,
    group: null,
    kind: "install",
    reach: "here",
    person: { name, status, note },
    standing: standing(name),
    ...rest,
  };
}

export const bob = entry("Bob Fischer", ID.bob, {
  note: "Release day, but do call",
  standing: standing("Bob Fischer", { trust: "verified" }),
});
export const people = (): PersonEntry[] => [
  entry("Amélie Laurent", 1),
  bob,
  entry("Chen Wei", 2, { status: "in-call" }),
  entry("Dmitri", 3, { status: "busy", note: "Writing. Back at four" }),
  entry("Frida Holm", 4, { status: "away", note: "At lunch" }),
  entry("Meeting room 3, second floor, the one by the stairs", 5, {
    standing: standing("Meeting room 3, second floor, the one by the stairs", { trust: "verified" }),
  }),
  entry("Olu Adeyemi", 6, { reach: "unreachable" }),
  entry("王小明", ID.li, { note: "设计组" }),
  entry("Grace Hopper", 7, { group: "Acme Calls", note: "Berlin" }),
  entry("Kim", 8, {
    group: "Acme Calls",
    kind: "guest",
    standing: standing("Kim", { trust: "stranger" }),
  }),
];

export const DAY = 24 * 60 * MINUTE;

export function remembered(who: PersonEntry, more: Partial<KnownDevice> = {}): KnownDevice {
  return {
    device: who.device,
    short_id:
      `${who.device.slice(0, 4)}-${who.device.slice(4, 8)}-${who.device.slice(8, 12)}-FOZX`.toUpperCase(),
    standing: who.standing ?? standing(who.person.name),
    kept_name: who.person.name,
    first_met: NOW - 212 * DAY,
    last_met: NOW - 2 * DAY,
    ...more,
  };
}

export const known = (): KnownDevice[] => [
  ...people()
    .slice(0, 8)
    .map((one, at) => remembered(one, { first_met: NOW - (212 - at * 19) * DAY })),
  remembered(entry("Mallory", 21, { standing: standing("Mallory", { blocked: true }) })),
  remembered(
    entry("Unknown caller", 22, {
      standing: standing("Unknown caller", { blocked: true, trust: "stranger" }),
    }),
  ),
];

export function record(
  id: number,
  who: PersonEntry,
  end: RingEnd,
  more: Partial<CallRecord> = {},
): CallRecord {
  return {
    id,
    device: who.device,
    name: who.person.name,
    direction: "outgoing",
    media: "video",
    end,
    at: NOW - id * 95 * MINUTE,
    seconds: 0,
    seen: true,
    ...more,
  };
}

export const calls = (): CallRecord[] => [
  record(1, bob, { type: "accepted" }, { seconds: 725 }),
  record(2, entry("Frida Holm", 4), { type: "no-answer" }, { direction: "incoming" }),
  record(9, bob, { type: "declined" }),
  record(
    15,
    entry("王小明", ID.li),
    { type: "accepted" },
    { direction: "incoming", media: "voice", seconds: 48 },
  ),
  record(22, bob, { type: "accepted" }, { direction: "incoming", seconds: 4810 }),
  record(40, entry("Old colleague", 30), { type: "busy" }),
  record(80, entry("Dmitri", 3), { type: "cancelled" }),
];
