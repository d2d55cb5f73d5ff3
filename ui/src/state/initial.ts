import { NO_CHAT } from "./chatting";
import type { Ability, AppState, Surface } from "./contract";
import { NOTHING_FOUND } from "./finding";

/** Nothing known yet. */
export function initialState(surface: Surface, title: string, ability: Ability): AppState {
  return {
    surface,
    phase: "connecting",
    problem: null,
    ability,
    me: null,
    node: null,
    serverTitle: title,
    language: "system",
    theme: "system",
    people: [],
    chosen: null,
    incoming: [],
    outgoing: null,
    call: null,
    summary: null,
    entering: null,
    finding: { ...NOTHING_FOUND },
    files: [],
    chat: { ...NO_CHAT },
    calls: [],
    missed: 0,
    known: [],
    devices: {
      microphones: [],
      cameras: [],
      speakers: [],
      microphone: "",
      camera: "",
      speaker: "",
      canChooseSpeaker: "setSinkId" in (globalThis.HTMLMediaElement?.prototype ?? {}),
    },
    preview: { stage: "off", stream: null, level: 0, microphoneProblem: null, cameraProblem: null },
    notices: [],
  };
}
