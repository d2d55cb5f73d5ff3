/** Scenes about who somebody is and whether a call is private. */
import type { NameWarning, StartNote } from "../src/gen/protocol";
import type { AppState, PersonEntry, VerificationState } from "../src/state/contract";
import { bob, device, entry, ID, known, people, standing } from "./people";
import { LI, portrait } from "./pictures";
import { from, node, summary } from "./state";
import { bobs, peer, QUALITY, talk } from "./talk";

/** A code with the longest names. */
export const CODE = [25, 37, 61, 14, 36, 3, 41];

const met = standing("Bob Fischer");
const taken: NameWarning = { type: "taken", by: ID.bob, name: "Bob Fischer" };
const changed: NameWarning = { type: "changed", from: "Bob Fischer", to: "Robert Fischer" };

const impostor = entry("Bob Fischer", 31, {
  standing: standing("Bob Fischer", { trust: "stranger", warning: taken }),
});
const renamed: PersonEntry = {
  ...bob,
  person: { ...bob.person, name: "Robert Fischer" },
  standing: standing("Bob Fischer", { warning: changed }),
};
const stranger = entry("Nora Lind", 32, { standing: standing("Nora Lind", { trust: "stranger" }) });
const guest = entry("Kim", 8, { kind: "guest", standing: standing("Kim", { trust: "stranger" }) });
const transient = entry("Kim", 8, { kind: "transient", standing: standing("Kim", { trust: "stranger" }) });
const blocked = entry("Mallory", 21, { standing: standing("Mallory", { blocked: true }) });
const own = entry("Frida Holm", 4, { status: "away", standing: standing("Aunt Frida") });

const listed = (): PersonEntry[] =>
  [
    ...people().filter((one) => one.device !== bob.device && one.device !== own.device),
    bob,
    impostor,
    stranger,
    transient,
    blocked,
    own,
  ].sort((a, b) => Number(a.group !== null) - Number(b.group !== null));
const page = (who: PersonEntry, more: Partial<AppState> = {}): Partial<AppState> => ({
  people: [...listed().filter((one) => one.key !== who.key), who],
  chosen: who.key,
  ...more,
});
const comparing = (more: Partial<VerificationState>): Partial<AppState> => ({
  call: talk([
    bobs({
      standing: met,
      verification: { stage: { type: "compare", code: CODE }, theirs: false, problem: null, ...more },
    }),
  ]),
});
const stopped = (code: Parameters<typeof failed>[0]) => summary(failed(code));
const failed = (
  code: "description-forged" | "description-unsigned" | "fingerprint-weak" | "unverified-refused",
) => ({
  end: { type: "failed" as const, code },
});
const note = (type: StartNote["type"], file: string): StartNote => ({ type, file });
const ofNode = (more: Partial<NonNullable<AppState["node"]>["settings"]>): AppState["node"] => {
  const made = node();
  return { ...made, settings: { ...made.settings, ...more } };
};

export const TRUST: Record<string, () => Partial<AppState>> = {
  "lobby-marks": () => ({ people: listed() }),
  "lobby-disturb": () => ({
    node: ofNode({ do_not_disturb: true }),
    me: {
      device: ID.me,
      shortId: "JGIV-4DL5-JNAC-4FOZ",
      person: { name: "Ann Baker", status: "busy", note: "" },
    },
  }),
  "person-verified": () => page(bob),
  "person-met": () => page(entry("Dmitri", 3)),
  "person-stranger": () => page(stranger, { node: ofNode({ only_known: true }) }),
  "person-guest": () => page(guest),
  "person-transient": () => page(transient),
  "person-taken": () => page(impostor),
  "person-changed": () =>
    page(renamed, {
      known: known().map((one) => (one.device === bob.device ? { ...one, standing: met } : one)),
    }),
  "person-blocked": () => page(blocked),
  "person-own-name": () => page(own),
  "incoming-taken": () => ({ incoming: [from("video", impostor)] }),
  "incoming-changed": () => ({ incoming: [from("video", renamed)] }),
  "incoming-first": () => ({ incoming: [from("voice", stranger)] }),
  "incoming-transient": () => ({ incoming: [from("voice", transient)] }),
  "call-met": () => ({ call: talk([bobs({ standing: met })]) }),
  "call-verified": () => ({
    call: talk([bobs({ standing: standing("Bob Fischer", { trust: "verified" }) })]),
  }),
  "call-first": () => ({
    call: talk([bobs({ standing: standing("Bob Fischer", { trust: "stranger", warning: taken }) })]),
  }),
  "call-unverified": () => ({
    call: talk([
      peer("Kim", device(8), null, {
        kind: "transient",
        standing: standing("Kim", { trust: "stranger" }),
        quality: { ...QUALITY, details: { ...QUALITY.details, route: "relay" } },
      }),
    ]),
  }),
  "call-asked": () => comparing({ theirs: true, stage: { type: "waiting" } }),
  "call-three-asked": () => ({
    call: talk([
      bobs({ standing: standing("Bob Fischer", { trust: "verified" }) }),
      peer("王小明", ID.li, portrait(LI), {
        verification: { stage: { type: "waiting" }, theirs: true, problem: null },
      }),
      peer("Kim", device(8), null, { kind: "transient", standing: standing("Kim", { trust: "stranger" }) }),
    ]),
  }),
  "compare-waiting": () => comparing({ stage: { type: "waiting" } }),
  compare: () => comparing({}),
  "compare-confirmed": () => comparing({ stage: { type: "confirmed", code: CODE } }),
  "compare-verified": () => comparing({ stage: { type: "verified" } }),
  "compare-mismatch": () => comparing({ stage: { type: "mismatch" } }),
  "compare-cancelled": () => comparing({ stage: { type: "cancelled" } }),
  "compare-failed": () => comparing({ problem: "verification-failed" }),
  "stopped-forged": () => stopped("description-forged"),
  "stopped-unsigned": () => stopped("description-unsigned"),
  "stopped-weak": () => stopped("fingerprint-weak"),
  "stopped-unverified": () =>
    summary({ ...failed("unverified-refused"), name: "Kim", device: device(8), entryKey: null }),
  "note-key": () => ({
    node: {
      ...node(),
      notes: [note("key-set-aside", "/home/ann/.local/share/earshot/device.key.unreadable-1")],
    },
  }),
  "note-all": () => ({
    node: {
      ...node(),
      notes: [
        note("settings-set-aside", "/home/ann/.config/earshot/settings.toml.unreadable-1"),
        note("history-set-aside", "/home/ann/.local/share/earshot/store.db.unreadable-2"),
        note("phrase-set-aside", "/home/ann/.local/share/earshot/office-phrase.key.unreadable-1"),
      ],
    },
  }),
  "privacy-empty": () => ({ known: [], node: { ...node(), has_phrase: true } }),
};
