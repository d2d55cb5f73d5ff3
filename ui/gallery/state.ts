/** A made-up node and the state that every scene starts from. */
import type { NodeState } from "../src/gen/protocol";
import type { AppState, PersonEntry } from "../src/state/contract";
import { NO_CHAT } from "../src/state/chatting";
import { NOTHING_FOUND } from "../src/state/finding";
import { bob, calls, device, ID, known, NOW, people } from "./people";

export function node(): NodeState {
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
    has_phrase: false,
    notes: [],
  };
}

export function base(): AppState {
  return {
    surface: "loopback",
    phase: "ready",
    problem: null,
    ability: { stage: "can", lacks: [] },
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
    entering: null,
    files: [],
    chat: { ...NO_CHAT },
    calls: calls(),
    missed: 0,
    known: known(),
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
    finding: { ...NOTHING_FOUND },
  };
}

export const summary = (more: Partial<NonNullable<AppState["summary"]>>): Partial<AppState> => ({
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
export const from = (media: "voice" | "video", who: PersonEntry = bob) => ({
  ring: `r${who.key}`,
  from: who,
  media,
  since: NOW,
});
