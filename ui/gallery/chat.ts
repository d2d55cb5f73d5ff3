/** A chat, as the gallery shows it. */
import type { AppState } from "../src/state/contract";
import { NO_CHAT, type ChatActions, type ChatLine, type ChatState } from "../src/state/chatting";
import { device, ID, NOW } from "./people";
import { ANN, LI, portrait } from "./pictures";
import { bobs, peer, talk } from "./talk";

const MINUTE = 60_000;
let count = 0;

function line(from: string, name: string, text: string, at: number, more: Partial<ChatLine> = {}): ChatLine {
  const id = String(++count);
  return {
    key: id,
    id,
    from,
    name,
    text,
    at: NOW - at * MINUTE,
    told: null,
    isOwn: from === ID.me,
    reactions: [],
    waiting: [],
    ...more,
  };
}

const some = (): ChatLine[] => [
  line(device(77), "Carol Jensen", "I have to go, the notes are in the usual place.", 24, {
    told: { by: ID.bob, name: "Bob Fischer" },
  }),
  line(
    ID.bob,
    "Bob Fischer",
    "Agenda for today: https://wiki.acme.example/meetings/2026/agenda?view=full#today",
    22,
  ),
  line(ID.bob, "Bob Fischer", "And the room for the afternoon is booked.", 21, {
    reactions: [{ reaction: "done", devices: [ID.li], isOwn: false }],
  }),
  line(ID.li, "王小明", "收到，我把第三版的草案也放进去了。", 11, {
    reactions: [
      { reaction: "yes", devices: [ID.me, ID.bob], isOwn: true },
      { reaction: "heart", devices: [ID.bob], isOwn: false },
    ],
  }),
  line(
    ID.me,
    "Ann Baker",
    "Thanks, both of you. Two things from me:\n– the build takes too long\n– who brings cake?",
    6,
    {
      reactions: [{ reaction: "laugh", devices: [ID.bob, ID.li], isOwn: false }],
    },
  ),
  line(ID.bob, "Bob Fischer", "Me. mailto:bob@acme.example if there is anything against nuts", 5),
  line(ID.me, "Ann Baker", "Not https://www.xn--pple-43d.com again.", 1, { waiting: [ID.li] }),
];

const long = (): ChatLine[] =>
  Array.from({ length: 60 }, (_, n) => {
    const [from, name] =
      n % 3 === 0 ? [ID.me, "Ann Baker"] : n % 3 === 1 ? [ID.bob, "Bob Fischer"] : [ID.li, "王小明"];
    const text =
      n % 7 === 0
        ? "A longer thought, which goes on for a while. ".repeat(6)
        : n % 5 === 0
          ? "x".repeat(120)
          : `Message ${n}`;
    return line(from, name, text, 60 - n);
  });

export function chatActions(app: AppState): ChatActions {
  return {
    send(text) {
      if (text.trim() === "") return "empty";
      app.chat.lines = [...app.chat.lines, line(ID.me, "Ann Baker", text.trim(), 0, { at: Date.now() })];
      return null;
    },
    react(to, reaction, on) {
      app.chat.lines = app.chat.lines.map((one) => {
        if (one.id !== to.id) return one;
        const others = one.reactions.filter((other) => other.reaction !== reaction);
        const devices = one.reactions.find((other) => other.reaction === reaction)?.devices ?? [];
        const now = on ? [...devices, ID.me] : devices.filter((who) => who !== ID.me);
        return {
          ...one,
          reactions: now.length === 0 ? others : [...others, { reaction, devices: now, isOwn: on }],
        };
      });
      return null;
    },
    setOpen: (open) => void (open && Object.assign(app.chat, { unread: 0, latest: null })),
  };
}

const inCall = (chat: Partial<ChatState>): Partial<AppState> => ({
  call: talk([bobs(), peer("王小明", ID.li, portrait(LI))], { own: portrait(ANN) }),
  chat: { ...NO_CHAT, since: NOW - 12 * MINUTE, ...chat },
});

export const CHAT: Record<string, () => Partial<AppState>> = {
  "chat-none": () => inCall({}),
  "chat-some": () => inCall({ lines: some() }),
  "chat-long": () => inCall({ lines: long(), cut: true }),
  "chat-two": () => ({ ...inCall({ lines: some() }), call: talk([bobs()], { own: portrait(ANN) }) }),
  "chat-unread": () =>
    inCall({
      lines: some(),
      unread: 3,
      latest: { id: 1, from: ID.bob, name: "Bob Fischer", text: some()[5]?.text ?? "" },
    }),
};

const open = () => document.getElementById("call-chat")?.showPopover();

/** What is done once a scene is there. */
export const CHAT_THEN: Record<string, () => void> = {
  "chat-none": open,
  "chat-some": open,
  "chat-long": open,
  "chat-two": open,
};
