/** Calls of several people. */
import type { AppState, CallPeer, CallState } from "../src/state/contract";
import { device, ID } from "./people";
import { look, portrait, screen } from "./pictures";
import { bobs, peer, QUALITY, talk } from "./talk";

const NAMES = [
  "Bob Fischer",
  "王小明",
  "Amélie Laurent",
  "Chen Wei",
  "Dmitri",
  "Frida Holm",
  "Grace Hopper",
  "Olu Adeyemi",
  "李雪",
  "Kim",
  "Meeting room 3, second floor, the one by the stairs",
  "Nora Lind",
  "Tomás Ibáñez",
  "Yuki Tanaka",
  "Priya Raman",
  "Sam",
];
/** Not everybody has a camera on. */
const DARK = [2, 7, 10];
const MUTED = [1, 2, 5, 6, 9, 11, 12, 14];

/** `count` people beside oneself: one speaks, some are muted, some have no camera on, one has a poor line. */
export function people(
  count: number,
  change: (one: CallPeer, n: number) => void = () => undefined,
): CallPeer[] {
  return NAMES.slice(0, count).map((name, n) => {
    const id = n === 0 ? ID.bob : n === 1 ? ID.li : device(n + 40);
    const stream = DARK.includes(n) ? null : portrait(look(n), 640, 360);
    const one = peer(name, id, stream, { microphone: !MUTED.includes(n), speaking: n === 3 % count });
    if (n === 5) one.quality = { ...QUALITY, bars: 1, reason: "quality.their-loss" };
    if (n === 8) {
      one.connection = "reconnecting";
      one.quality = { bars: 0, reason: "quality.reconnecting", details: {} };
    }
    change(one, n);
    return one;
  });
}

const meet = (count: number, change?: Parameters<typeof people>[1], more?: Partial<CallState>) => () =>
  ({ call: talk(people(count - 1, change), more) }) satisfies Partial<AppState>;
const shares =
  (...who: number[]) =>
  (one: CallPeer, n: number) => {
    if (!who.includes(n)) return;
    one.screen = true;
    one.screenMedia = n === 0 ? screen() : screen("Release 2.4", "#2f9159");
  };

/** By how many are in the call, oneself among them. */
export const MEETINGS: Record<string, () => Partial<AppState>> = {
  "meet-1": () => ({ call: talk([], { since: null }) }),
  "meet-2": () => ({ call: talk([bobs()]) }),
  "meet-3": meet(3),
  "meet-4": meet(4),
  "meet-9": meet(9),
  "meet-16": meet(16),
  "meet-voice": meet(6, (one) => (one.camera = false), { camera: false, own: null, media: "voice" }),
  "meet-share": meet(4, shares(1)),
  "meet-share-2": meet(2, shares(0)),
  "meet-share-16": meet(16, shares(0)),
  "meet-two-shares": meet(9, shares(0, 1)),
  "meet-share-coming": meet(4, (one, n) => {
    if (n === 0) Object.assign(one, { screen: true, screenMedia: new MediaStream() });
  }),
  "meet-trouble": meet(4, (one, n) => {
    if (n === 0) one.connection = "reconnecting";
    if (n === 1) Object.assign(one, { connection: "connecting", sealed: false });
  }),
  "meet-pinned": meet(9),
  "meet-speaker": meet(9),
  "meet-speaker-4": meet(4),
  "meet-speaker-16": meet(16),
  "meet-own-hidden": meet(9),
  "meet-adding": meet(3, undefined, {
    invited: [
      { device: device(31), name: "Carol Jensen", stage: "ringing" },
      { device: device(32), name: "王小明", stage: "declined", message: "I’m in a meeting. Later?" },
      { device: device(33), name: "Dan", stage: "no-answer" },
    ],
  }),
};

const press = (key: string) =>
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const click = (css: string) => document.querySelector<HTMLElement>(css)?.click();

/** What is clicked once a scene is there. */
export const THEN: Record<string, () => void> = {
  "meet-speaker": () => press("l"),
  "meet-speaker-4": () => press("l"),
  "meet-speaker-16": () => press("l"),
  "meet-pinned": () => click(`[data-key="person:${ID.li}"] [data-main]`),
  "meet-adding": () => press("a"),
  "meet-own-hidden": () => click('[data-key="own"] [data-main]'),
};
