/** The scenes: canned states. */
import { ERROR_CODES } from "../src/gen/protocol";
import type { Ability, AppState, Lack } from "../src/state/contract";
import { bob, calls, device, entry, ID, NOW, people, record } from "./people";
import { ANN, LI, portrait, screen } from "./pictures";
import { GESTURES } from "./gestures";
import { HOSTING } from "./hosting";
import { CHAT } from "./chat";
import { FILES } from "./files";
import { FINDING } from "./finding";
import { MEETINGS } from "./meeting";
import { base, from, node, summary } from "./state";
import { bobs, peer, QUALITY, silent, talk } from "./talk";
import { TRUST } from "./trust";

const PACKAGES: Partial<Record<Lack["what"], string[]>> = {
  sound: ["gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good"],
  pictures: ["gstreamer1.0-plugins-good"],
  h264: ["gstreamer1.0-plugins-bad", "gstreamer1.0-libav"],
};
const lack = (what: Lack["what"]): Lack => ({ what, install: PACKAGES[what] ?? [] });
const without = (...lacks: Lack["what"][]): Ability => ({ stage: "cannot", lacks: lacks.map(lack) });

const MAKE: Record<string, () => Partial<AppState>> = {
  ...TRUST,
  ...MEETINGS,
  ...FILES,
  ...CHAT,
  ...FINDING,
  ...HOSTING,
  ...GESTURES,
  lobby: () => ({}),
  preview: () => ({
    preview: { stage: "on", stream: portrait(ANN), level: 0.3, microphoneProblem: null, cameraProblem: null },
  }),
  "preview-problem": () => ({
    preview: {
      stage: "on",
      stream: null,
      level: 0,
      microphoneProblem: "microphone-missing",
      cameraProblem: "camera-busy",
    },
    devices: { ...base().devices, microphones: [], cameras: [], canChooseSpeaker: false, speakers: [] },
  }),
  chosen: () => ({ chosen: ID.bob }),
  "chosen-away": () => ({ chosen: device(6) }),
  "chosen-guest": () => ({ chosen: device(8) }),
  nobody: () => ({ people: [], calls: [] }),
  "nobody-network": () => {
    const state = node();
    return {
      people: [],
      node: {
        ...state,
        server: { type: "none" },
        network: { interfaces: [], others: [], problem: "no-network" },
      },
    };
  },
  missed: () => ({
    missed: 2,
    calls: [
      record(1, bob, { type: "cancelled" }, { direction: "incoming", seen: false, media: "voice" }),
      record(2, entry("Old colleague", 30), { type: "no-answer" }, { direction: "incoming", seen: false }),
      ...calls(),
    ],
  }),
  "server-down": () => ({ node: { ...node(), server: { type: "connecting", code: "server-down" } } }),
  window: () => ({ surface: "window", ability: without("native"), chosen: ID.bob }),
  "window-checking": () => ({ surface: "window", ability: { stage: "checking" }, chosen: ID.bob }),
  "window-packages": () => ({ surface: "window", ability: without("pictures", "sound"), chosen: ID.bob }),
  "window-old": () => ({ surface: "window", ability: without("webview-too-old") }),
  "window-h264": () => ({ surface: "window", ability: { stage: "can", lacks: [lack("h264")] } }),
  guest: () => ({
    surface: "guest",
    node: null,
    serverTitle: "Acme Calls",
    people: people()
      .slice(7)
      .map((one) => ({ ...one, group: "Acme Calls" })),
  }),
  incoming: () => ({ incoming: [from("video")] }),
  "incoming-voice": () => ({ incoming: [from("voice", entry("Kim", 8, { kind: "guest" })), from("video")] }),
  "incoming-window": () => ({ surface: "window", ability: without("pictures"), incoming: [from("video")] }),
  "incoming-checking": () => ({
    surface: "window",
    ability: { stage: "checking" },
    incoming: [from("video")],
  }),
  outgoing: () => ({ chosen: ID.bob, outgoing: { to: bob, media: "voice", since: NOW, stage: "dialling" } }),
  "outgoing-ringing": () => ({
    chosen: ID.bob,
    outgoing: { to: bob, media: "video", since: NOW, stage: "ringing" },
    call: talk([], { since: null }),
  }),
  call: () => ({ call: talk([bobs()]) }),
  "call-voice": () => ({
    call: talk([silent({ speaking: true })], { camera: false, own: null, media: "voice" }),
  }),
  "call-connecting": () => ({
    call: talk([silent({ connection: "connecting", camera: true })], { since: null }),
  }),
  "call-reconnecting": () => ({
    call: talk([
      bobs({ connection: "reconnecting", quality: { bars: 0, reason: "quality.reconnecting", details: {} } }),
    ]),
  }),
  "call-muted": () => ({
    call: talk(
      [bobs({ microphone: false, quality: { ...QUALITY, bars: 1, reason: "quality.their-loss" } })],
      {
        microphone: false,
        mutedWhileSpeaking: true,
        camera: false,
        own: null,
        cameraProblem: "camera-missing",
      },
    ),
  }),
  "call-screen": () => ({ call: talk([bobs({ screen: true, screenMedia: screen() })]) }),
  "call-sharing": () => ({ call: talk([bobs()], { screen: true }) }),
  "call-three": () => ({
    call: talk([
      bobs({ speaking: true }),
      peer("王小明", ID.li, portrait(LI)),
      peer("Amélie Laurent", device(1), null, { microphone: false }),
    ]),
  }),
  "call-ring": () => ({ call: talk([bobs()]), incoming: [from("voice", entry("Frida Holm", 4))] }),
  summary: () => summary({ seconds: 725 }),
  "summary-declined": () => summary({ end: { type: "declined", message: "I’m in a meeting. Later?" } }),
  "summary-failed": () => summary({ end: { type: "failed", code: "unreachable" }, entryKey: null }),
  "summary-lost": () => summary({ seconds: 63, end: { type: "failed", code: "call-lost" } }),
  naming: () => ({
    surface: "guest",
    phase: "naming",
    me: null,
    node: null,
    serverTitle: "Acme Calls",
    people: [],
  }),
  gone: () => ({ phase: "gone", problem: "backend-lost" }),
  connecting: () => ({ phase: "connecting", me: null, node: null, people: [] }),
  many: () => ({
    people: Array.from({ length: 60 }, (_, n) =>
      entry(`Colleague ${String(n + 1).padStart(2, "0")}`, n + 100),
    ),
  }),
  notices: () => ({
    notices: [
      { id: 1, level: "error", code: "unreachable", name: "Bob Fischer" },
      { id: 2, level: "info", code: ERROR_CODES.includes("ring-unknown") ? "ring-unknown" : "internal" },
    ],
  }),
};

export const SCENES = Object.keys(MAKE);

export function scene(name: string): AppState {
  const app: AppState = $state({ ...base(), ...MAKE[name]?.() });
  if (app.preview.stage === "on" && app.preview.microphoneProblem === null) {
    setInterval(() => (app.preview.level = 0.2 + 0.15 * Math.sin(performance.now() / 200)), 50);
  }
  return app;
}
