/** The scenes: canned states, and actions that play along a little. */
import { ERROR_CODES, type CallRecord, type NodeState, type RingEnd } from "../src/gen/protocol";
import type { Actions, AppState, CallPeer, CallState, PersonEntry, Quality } from "../src/state/contract";
import { ANN, BOB, LI, portrait, screen } from "./pictures";

const ID = {
  me: "jgiv4dl5jnac4max2ailyhaoqpfmnr4x23aw4zrub7rsnbutu2qq",
  bob: "qg3dpwh42ldnuy2z42ldce5bc4g6pfpew4s3qti6bngp3hwfrtuq",
  li: "ng76dzxejaq5674kbet327tb54qi7wzf32vegu2fbpb7xeckxvja",
};
const NOW = Date.now();
const MINUTE = 60_000;

const QUALITY: Quality = {
  bars: 3,
  reason: "quality.good",
  details: {
    rttMs: 2,
    lossPercent: 0,
    inKbps: 1840,
    outKbps: 1795,
    width: 1280,
    height: 720,
    fps: 30,
    codec: "VP8",
    route: "direct",
  },
};

function device(n: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return Array.from({ length: 52 }, (_, at) => letters[(n * 7 + at * (n + 3)) % 32]).join("");
}

function entry(
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
    ...rest,
  };
}

const bob = entry("Bob Fischer", ID.bob, { note: "Release day, but do call" });
const people = (): PersonEntry[] => [
  entry("Amélie Laurent", 1),
  bob,
  entry("Chen Wei", 2, { status: "in-call" }),
  entry("Dmitri", 3, { status: "busy", note: "Writing. Back at four" }),
  entry("Frida Holm", 4, { status: "away", note: "At lunch" }),
  entry("Meeting room 3, second floor, the one by the stairs", 5),
  entry("Olu Adeyemi", 6, { reach: "unreachable" }),
  entry("王小明", ID.li, { note: "设计组" }),
  entry("Grace Hopper", 7, { group: "Acme Calls", note: "Berlin" }),
  entry("Kim", 8, { group: "Acme Calls", kind: "guest" }),
];

function record(id: number, who: PersonEntry, end: RingEnd, more: Partial<CallRecord> = {}): CallRecord {
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

const calls = (): CallRecord[] => [
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

function node(): NodeState {
  return {
    device: ID.me,
    short_id: "JGIV-4DL5-JNAC-4FOZ",
    version: "0.1.0",
    person: { name: "Ann Baker", status: "available", note: "" },
    settings: {
      name: "Ann Baker",
      status: "available",
      note: "",
      signaling_url: "wss://calls.acme.example/ws",
      port: 0,
      interfaces: [],
      ice_servers: [
        {
          urls: ["stun:stun.acme.example", "turn:turn.acme.example"],
          username: "acme",
          credential: "secret",
        },
      ],
      language: "system",
      theme: "system",
      microphone: "",
      camera: "",
      speaker: "",
      capture: "allow",
      do_not_disturb: false,
      only_known: false,
      refuse_unverified: false,
      hide_name: false,
    },
    server: { type: "connected", hub: device(90), title: "Acme Calls" },
    network: { interfaces: ["enp3s0"], others: ["wlp2s0"] },
    missed: 0,
  };
}

function base(): AppState {
  return {
    surface: "loopback",
    phase: "ready",
    problem: null,
    canCall: true,
    me: {
      device: ID.me,
      shortId: "JGIV-4DL5-JNAC-4FOZ",
      person: { name: "Ann Baker", status: "available", note: "" },
    },
    node: node(),
    serverTitle: "",
    language: "en",
    theme: "light",
    people: people(),
    chosen: null,
    incoming: [],
    outgoing: null,
    call: null,
    summary: null,
    calls: calls(),
    missed: 0,
    devices: {
      microphones: [
        { id: "m1", label: "Built-in Audio Analog Stereo" },
        { id: "m2", label: "Jabra Evolve2 65" },
      ],
      cameras: [{ id: "c1", label: "Integrated Camera (04f2:b6dd)" }],
      speakers: [
        { id: "s1", label: "Built-in Audio" },
        { id: "s2", label: "Jabra Evolve2 65" },
      ],
      microphone: "m2",
      camera: "",
      speaker: "s2",
      canChooseSpeaker: true,
    },
    preview: { stage: "off", stream: null, level: 0, microphoneProblem: null, cameraProblem: null },
    notices: [],
  };
}

function peer(name: string, id: string, stream: MediaStream | null, more: Partial<CallPeer> = {}): CallPeer {
  return {
    device: id,
    person: { name, status: "in-call", note: "" },
    kind: "install",
    connection: "connected",
    microphone: true,
    camera: stream !== null,
    screen: false,
    media: stream,
    screenMedia: null,
    speaking: false,
    quality: QUALITY,
    ...more,
  };
}

function talk(peers: CallPeer[], more: Partial<CallState> = {}): CallState {
  return {
    since: NOW - 754_000,
    media: "video",
    peers,
    microphone: true,
    camera: true,
    screen: false,
    microphoneProblem: null,
    cameraProblem: null,
    mutedWhileSpeaking: false,
    own: portrait(ANN, 640, 400),
    ...more,
  };
}

const bobs = (more: Partial<CallPeer> = {}) => peer("Bob Fischer", ID.bob, portrait(BOB), more);
const silent = (more: Partial<CallPeer> = {}) => peer("Bob Fischer", ID.bob, null, more);
const summary = (more: Partial<NonNullable<AppState["summary"]>>): Partial<AppState> => ({
  summary: {
    name: "Bob Fischer",
    device: ID.bob,
    media: "video",
    seconds: 0,
    end: null,
    entryKey: ID.bob,
    ...more,
  },
});
const from = (media: "voice" | "video", who: PersonEntry = bob) => ({
  ring: `r${who.key}`,
  from: who,
  media,
  since: NOW,
});

const MAKE: Record<string, () => Partial<AppState>> = {
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
  window: () => ({ surface: "window", canCall: false, chosen: ID.bob }),
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
  "incoming-window": () => ({ surface: "window", canCall: false, incoming: [from("video")] }),
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

/** Enough to click through: choosing, toggling, hanging up, settings. */
export function actionsOn(app: AppState): Actions {
  const done = async () => undefined;
  return {
    choose: (key) => void (app.chosen = key),
    call: async (key, media) => {
      const to = app.people.find((one) => one.key === key);
      app.summary = null;
      if (to !== undefined) app.outgoing = { to, media, since: Date.now(), stage: "dialling" };
      setTimeout(() => app.outgoing !== null && (app.outgoing.stage = "ringing"), 1500);
    },
    cancelRing: async () => void (app.outgoing = null),
    accept: async (ring, media) => {
      app.incoming = app.incoming.filter((one) => one.ring !== ring);
      app.call = talk([bobs()], { media, camera: media === "video" });
    },
    decline: async (ring) => void (app.incoming = app.incoming.filter((one) => one.ring !== ring)),
    hangUp: async () => {
      app.call = null;
      Object.assign(app, summary({ seconds: 725 }));
    },
    setMicrophone: async (on) => void (app.call !== null && (app.call.microphone = on)),
    setCamera: async (on) => void (app.call !== null && (app.call.camera = on)),
    setScreen: async (on) => void (app.call !== null && (app.call.screen = on)),
    chooseDevice: async (kind, id) => void (app.devices[kind] = id),
    setPreview: async (on) => {
      app.preview.stage = on ? "on" : "off";
      app.preview.stream = on ? portrait(ANN) : null;
    },
    dismissSummary: () => void (app.summary = null),
    dismissNotice: (id) => void (app.notices = app.notices.filter((one) => one.id !== id)),
    changeSettings: async (change) => {
      if (change.language !== undefined) app.language = change.language;
      if (change.theme !== undefined) app.theme = change.theme;
      if (app.me !== null) Object.assign(app.me.person, change);
      if (app.node !== null) Object.assign(app.node.settings, change);
      return change.signaling_url?.startsWith("ws://") ? "url-insecure" : null;
    },
    setGuestName: async () => {
      app.phase = "ready";
      return null;
    },
    markCallsSeen: async () => {
      app.missed = 0;
      for (const one of app.calls) one.seen = true;
    },
    clearCalls: async () => void (app.calls = []),
    openInBrowser: done,
    quit: done,
    setWatching: () => undefined,
    testSpeaker: done,
  };
}
