/** Hands, reactions, what a host asks, the spotlight and the keys. */
import type { Gesture, OwnGestures } from "../src/call/gestures";
import type { AppState, CallState, GestureActions } from "../src/state/contract";
import { meeting } from "./hosting";
import { people } from "./meeting";
import { ID, NOW } from "./people";
import { bobs, talk } from "./talk";

const NONE: OwnGestures = { hand: null, reaction: null, asked: null, spotlight: null };
const call = (
  own: Partial<OwnGestures>,
  theirs: Readonly<Record<number, Partial<Gesture>>> = {},
  more: Partial<CallState> = {},
  count = 4,
): Partial<AppState> => ({
  call: talk(
    people(count, (one, n) => Object.assign(one, theirs[n])),
    { meeting: meeting({ host: ID.bob, founder: ID.bob }), gestures: { ...NONE, ...own }, ...more },
  ),
});
const mine = { meeting: meeting() };
const hands = { 1: { hand: NOW - 9_000 }, 3: { hand: NOW - 30_000 } };

export const GESTURES: Record<string, () => Partial<AppState>> = {
  "hand-up": () =>
    call({ hand: NOW }, hands, {
      comings: [{ id: 1, device: ID.li, name: "王小明", what: "hand" }],
    }),
  "hand-two": () => ({
    call: talk([bobs({ hand: NOW, microphone: false })], { gestures: { ...NONE, hand: NOW } }),
  }),
  "hand-people": () => call({ hand: NOW - 20_000 }, hands),
  "hand-people-host": () =>
    call({ hand: NOW - 20_000, spotlight: { device: ID.li, screen: false } }, hands, mine),
  "hand-person-menu": () => call({}, hands, mine),
  reaction: () =>
    call(
      { reaction: { id: 1, reaction: "clap" } },
      {
        0: { reaction: { id: 2, reaction: "heart" } },
        1: { reaction: { id: 3, reaction: "thumbs-up" } },
        2: { reaction: { id: 4, reaction: "party" } },
        3: { reaction: { id: 5, reaction: "laugh" } },
      },
    ),
  "reaction-two": () => ({
    call: talk([bobs({ reaction: { id: 1, reaction: "party" } })], {
      gestures: { ...NONE, reaction: { id: 2, reaction: "thumbs-up" } },
    }),
  }),
  "reaction-choose": () => call({}),
  "muted-by-host": () =>
    call({ asked: { what: "muted", by: ID.bob, everyone: true } }, {}, { microphone: false }),
  "asked-to-unmute": () =>
    call({ asked: { what: "unmute", by: ID.bob, everyone: false } }, {}, { microphone: false }),
  "talk-held": () => call({}, {}, { microphone: false }),
  spotlight: () => call({ spotlight: { device: ID.li, screen: false } }, {}, {}, 6),
  "spotlight-me": () =>
    call(
      { spotlight: { device: ID.me, screen: false } },
      {},
      {
        comings: [{ id: 1, device: ID.bob, name: "Bob Fischer", what: "spotlit" }],
      },
    ),
  keys: () => call({}),
  "keys-lobby": () => ({}),
};

const press = (key: string) =>
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));

/** What is pressed once a scene is there. */
export const GESTURES_THEN: Record<string, () => void> = {
  "hand-people": () => press("p"),
  "hand-people-host": () => press("p"),
  "hand-person-menu": () => {
    press("p");
    setTimeout(
      () => document.querySelector<HTMLElement>('[aria-label*="王小明"][aria-haspopup=menu]')?.click(),
      300,
    );
  },
  "reaction-choose": () => press("e"),
  "talk-held": () => press(" "),
  keys: () => press("?"),
  "keys-lobby": () => press("?"),
};

let ids = 100;

/** Plays along for oneself, and lets the others obey. */
export function gestureActions(app: AppState): GestureActions {
  const own = (change: Partial<OwnGestures>) => {
    if (app.call !== null) app.call.gestures = { ...app.call.gestures, ...change };
  };
  const peers = () => app.call?.peers ?? [];
  return {
    raiseHand: (up) => own({ hand: up ? Date.now() : null }),
    react: (reaction) => {
      own({ reaction: { id: ++ids, reaction } });
      setTimeout(() => own({ reaction: null }), 4_000);
    },
    lowerHand: (device) => {
      for (const peer of peers()) if (peer.device === device) peer.hand = null;
    },
    mute: (device) => {
      for (const peer of peers()) if (device === null || peer.device === device) peer.microphone = false;
    },
    askUnmute: () => undefined,
    spotlight: (spotlight) => own({ spotlight }),
    dismissAsked: () => own({ asked: null }),
  };
}
