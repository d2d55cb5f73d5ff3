/** Meetings as their people run them, and the way into one. */
import type { Actions, AnyCode, AppState, CallState } from "../src/state/contract";
import type { Coming, Entering, Knock, Meeting } from "../src/state/meeting";
import { device, ID, standing } from "./people";
import { look, portrait } from "./pictures";
import { summary } from "./state";
import { bobs, peer, QUALITY, talk } from "./talk";

const ROOM = { hub: { device: ID.me, addresses: [] }, room: "k7q2m4x5t6r3vw2y2z4a6b72ca" };

export const meeting = (more: Partial<Meeting> = {}, rules: Partial<Meeting["rules"]> = {}): Meeting => ({
  room: ROOM,
  rules: { title: "Release 2.4", door: "knock", capacity: 8, ...rules },
  host: ID.me,
  founder: ID.me,
  knocking: [],
  stays: true,
  ...more,
});
const knock = (name: string, n: number, more: Partial<Knock> = {}): Knock => ({
  device: device(n),
  person: { name, status: "available", note: "" },
  kind: "install",
  standing: standing(name),
  ...more,
});
const coming = (what: Coming["what"], name: string, n: number): Coming => ({
  id: n,
  device: device(n),
  name,
  what,
});

const three = () => [
  bobs({ speaking: true }),
  peer("王小明", ID.li, portrait(look(1), 640, 360), {
    microphone: false,
    standing: standing("王小明", { trust: "verified" }),
  }),
  peer("Meeting room 3, second floor, the one by the stairs", device(5), null, {
    quality: { ...QUALITY, bars: 1, reason: "quality.their-loss" },
  }),
];
const held = (how: Meeting, more: Partial<CallState> = {}): Partial<AppState> => ({
  call: talk(three(), { meeting: how, ...more }),
});
const door = (more: Partial<Entering>, what: Partial<NonNullable<Entering["summary"]>> = {}) => ({
  entering: {
    room: ROOM,
    stage: "ready" as const,
    summary: {
      title: "Release 2.4",
      door: "open" as const,
      has_password: false,
      capacity: 8,
      present: 3,
      ...what,
    },
    problem: null,
    media: "video" as const,
    admitted: false,
    ...more,
  },
});

export const HOSTING: Record<string, () => Partial<AppState>> = {
  "host-panel": () => held(meeting()),
  "host-panel-password": () => held(meeting({}, { password: "tin can", door: "open" })),
  "host-panel-guest": () => held(meeting({ host: ID.bob, founder: ID.bob }, { password: "tin can" })),
  "host-panel-founder": () => held(meeting({ host: ID.bob }, { title: "" })),
  "host-panel-locked": () => held(meeting({ knocking: [knock("Dan", 33)] }, { door: "locked" })),
  "host-knock": () =>
    held(meeting({ knocking: [knock("Dan", 33, { standing: standing("Dan", { trust: "verified" }) })] })),
  "host-knocks": () =>
    held(
      meeting({
        knocking: [
          knock("Bob Fischer", 34, {
            standing: standing("Bob Fischer", {
              trust: "stranger",
              warning: { type: "taken", by: ID.bob, name: "Bob Fischer" },
            }),
          }),
          knock("Kim", 8, { kind: "guest", standing: standing("Kim", { trust: "stranger" }) }),
          knock("Dan", 33),
          knock("李雪", 36),
        ],
      }),
    ),
  "host-news": () =>
    held(meeting(), {
      comings: [coming("joined", "Dan", 33), coming("removed", "Frida Holm", 4), coming("hosting", "", 1)],
    }),
  "host-alone": () => ({ call: talk([], { since: null, meeting: meeting() }) }),
  "host-start": () => ({}),
  "host-enter": () => door({}),
  "host-enter-looking": () => door({ stage: "looking", summary: null } as Partial<Entering>),
  "host-enter-password": () => door({ problem: "password-wrong" }, { has_password: true }),
  "host-enter-knock": () => door({}, { has_password: true, door: "knock", title: "" }),
  "host-enter-locked": () => door({ problem: "room-locked" }, { door: "locked" }),
  "host-enter-full": () => door({ problem: "room-full" }, { present: 8 }),
  "host-enter-knocking": () => door({ stage: "knocking" }, { door: "knock" }),
  "host-enter-waiting": () => door({ stage: "waiting" }, { present: 8 }),
  "host-enter-welcome": () => door({ stage: "welcome" }, { present: 7 }),
  "host-enter-refused": () => door({ stage: "over", problem: "not-let-in" }),
  "host-over": () =>
    summary({
      seconds: 725,
      entryKey: null,
      meeting: { title: "Release 2.4", host: "Bob Fischer", ended: true },
    }),
  "host-over-removed": () =>
    summary({
      seconds: 63,
      entryKey: null,
      end: { type: "failed", code: "room-removed" },
      meeting: { title: "", host: "Bob Fischer", ended: false },
    }),
  "host-over-left": () =>
    summary({ seconds: 725, entryKey: null, meeting: { title: "Release 2.4", host: null, ended: false } }),
};

const press = (key: string) =>
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));

/** What is clicked once a scene is there. */
export const HOSTING_THEN: Record<string, () => void> = {
  ...Object.fromEntries(
    Object.keys(HOSTING)
      .filter((name) => name.startsWith("host-panel"))
      .map((name) => [name, () => press("p")]),
  ),
  "host-start": () => document.querySelector<HTMLElement>("[data-start-meeting]")?.click(),
};

/** Rules, people and doors play along. */
export function hostingActions(app: AppState): Pick<Actions, "hosting" | "entering"> {
  const now = () => app.call?.meeting ?? null;
  const change = (how: (one: Meeting, call: CallState) => void) => async (): Promise<AnyCode | null> => {
    const one = now();
    if (one === null || app.call === null) return "not-in-room";
    how(one, app.call);
    return null;
  };
  const done = async () => undefined;
  const over = (ended: boolean) => {
    app.call = null;
    Object.assign(app, summary({ seconds: 725, entryKey: null, meeting: { title: "", host: null, ended } }));
  };
  return {
    hosting: {
      start: async (rules, media) => {
        app.call = talk([], { since: null, media, meeting: meeting({}, rules) });
        return null;
      },
      setRules: ({ password, ...rest }) =>
        change((one) => {
          Object.assign(one.rules, rest);
          if (password === null) delete one.rules.password;
          else if (password !== undefined) one.rules.password = password;
        })(),
      admit: (who) => change((one) => (one.knocking = one.knocking.filter((k) => k.device !== who)))(),
      remove: (who) =>
        change((one, call) => {
          one.knocking = one.knocking.filter((k) => k.device !== who);
          call.peers = call.peers.filter((p) => p.device !== who);
        })(),
      handOver: (who) => change((one) => (one.host = who))(),
      takeHost: change((one) => (one.host = ID.me)),
      endForAll: async () => {
        over(true);
        return null;
      },
    },
    entering: {
      enter: done,
      join: async () => void (app.entering !== null && (app.entering.stage = "knocking")),
      waitForPlace: async () => void (app.entering !== null && (app.entering.stage = "waiting")),
      withdraw: async () => void (app.entering !== null && (app.entering.stage = "ready")),
      leave: async () => void (app.entering = null),
    },
  };
}
