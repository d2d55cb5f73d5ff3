/** Actions that play along a little: enough to click through. */
import { chatActions } from "./chat";
import { filesActions } from "./files";
import type { DeviceId, Standing } from "../src/gen/protocol";
import type { Actions, AnyCode, AppState, VerificationState } from "../src/state/contract";
import { gestureActions } from "./gestures";
import { hostingActions } from "./hosting";
import { ANN, portrait } from "./pictures";
import { summary } from "./state";
import { CODE } from "./trust";
import { bobs, talk } from "./talk";

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const peerOf = (app: AppState, device: DeviceId) => app.call?.peers.find((one) => one.device === device);

function compare(app: AppState, device: DeviceId, verification: VerificationState | null): void {
  const peer = peerOf(app, device);
  if (peer !== undefined) peer.verification = verification;
}

/** Changes what is remembered of a device, wherever it is shown. */
async function change(
  app: AppState,
  device: DeviceId,
  how: (standing: Standing, given: string) => void,
): Promise<AnyCode | null> {
  for (const one of app.people) if (one.device === device && one.standing) how(one.standing, one.person.name);
  for (const one of app.known) if (one.device === device) how(one.standing, one.kept_name);
  return null;
}

/** Choosing, toggling, hanging up, comparing, settings. */
export function actionsOn(app: AppState): Actions {
  const done = async () => undefined;
  return {
    files: filesActions(app),
    gestures: gestureActions(app),
    chat: chatActions(app),
    ...hostingActions(app),
    finding: {
      open: done,
      take: done,
      find: async (text) => {
        app.finding.looking = true;
        await pause(900);
        Object.assign(app.finding, { looking: false, problem: text.length < 9 ? "no-lead" : "code-unknown" });
        return false;
      },
      dismiss: () =>
        void Object.assign(app.finding, { looking: false, problem: null, choice: [], offered: null }),
    },
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
    setShown: () => undefined,
    setScreenHint: (hint) => void (app.call !== null && (app.call.screenHint = hint)),
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
    verify: async (device) => {
      compare(app, device, { stage: { type: "waiting" }, theirs: false, problem: null });
      await pause(1200);
      if (peerOf(app, device)?.verification !== null)
        compare(app, device, { stage: { type: "compare", code: CODE }, theirs: false, problem: null });
    },
    confirmCode: async (device, matches) => {
      compare(app, device, {
        stage: matches ? { type: "confirmed", code: CODE } : { type: "mismatch" },
        theirs: false,
        problem: null,
      });
      if (!matches) return;
      await pause(1200);
      const peer = peerOf(app, device);
      if (peer === undefined || peer.verification === null) return;
      peer.standing.trust = "verified";
      compare(app, device, { stage: { type: "verified" }, theirs: false, problem: null });
    },
    cancelVerify: async (device) => compare(app, device, null),
    rememberDevice: (device) => change(app, device, (standing) => (standing.trust = "met")),
    renameDevice: (device, name) => change(app, device, (standing, given) => (standing.name = name ?? given)),
    acceptName: (device) =>
      change(app, device, (standing, given) => {
        delete standing.warning;
        standing.name = given;
      }),
    blockDevice: (device, blocked) => change(app, device, (standing) => (standing.blocked = blocked)),
    forgetDevice: async (device) => {
      app.known = app.known.filter((one) => one.device !== device);
      return change(app, device, (standing) => (standing.trust = "stranger"));
    },
    setPhrase: async (phrase) => {
      await pause(600);
      if (app.node !== null) app.node.has_phrase = phrase !== null;
      return null;
    },
    invite: done,
    withdrawInvitation: done,
    dismissNotes: async () => void (app.node !== null && (app.node.notes = [])),
  };
}
