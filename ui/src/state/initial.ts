import type { Ability, AppState, Surface } from "./contract";

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
