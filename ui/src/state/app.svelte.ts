/** The reactive state and the actions that the views are given. */
import type { Backend } from "../backend/types";
import { Sounds } from "../call/sounds";
import { LIMITS, type SettingsChange } from "../gen/protocol";
import { learnAbility } from "./ability";
import { audioContext, canFullHd, engine, environment, measureTrack } from "./browser";
import type { Actions, AnyCode, AppState } from "./contract";
import { KEY, type GuestStore } from "./guest-store";
import { initialState } from "./initial";
import { Session } from "./session";
import { changeGuestSettings, changeOwnerSettings, setOwnerPhrase } from "./settings";

export interface Earshot {
  app: AppState;
  actions: Actions;
  /** For what the page itself notices: the network is back, the page goes. */
  session: Session;
}

/** @param title of the server that a guest visits, or "" */
export function createApp(backend: Backend, title: string, store: GuestStore): Earshot {
  const { now, later } = learnAbility(engine(backend.rtcTicket), environment.clock);
  const app: AppState = $state(initialState(backend.surface, title, now));
  const session = new Session({
    app,
    backend,
    environment,
    devices: navigator.mediaDevices as MediaDevices | undefined,
    sounds: new Sounds(audioContext),
    store,
    canFullHd: canFullHd(),
    measure: measureTrack,
    ability: later,
  });
  // Only other tabs are told so.
  if (backend.surface === "guest")
    addEventListener("storage", ({ key }) => {
      if (key === KEY) session.reloadMemory();
    });
  return { app, actions: actionsOf(session), session };
}

/** A page that has nothing behind it, and says why. */
export function createLostApp(code: AnyCode): Pick<Earshot, "app"> {
  const nothing = initialState("loopback", "", { stage: "cannot", lacks: [] });
  const app: AppState = $state({ ...nothing, phase: "gone", problem: code });
  return { app };
}

function actionsOf(session: Session): Actions {
  const { app, calling, preview, media, sounds, store, backend, known } = session;
  const isGuest = app.surface === "guest";

  async function changeSettings(change: SettingsChange): Promise<AnyCode | null> {
    if (!isGuest) return changeOwnerSettings(backend, change);
    changeGuestSettings(store, change);
    app.language = store.memory.language;
    app.theme = store.memory.theme;
    return change.note === undefined && change.status === undefined ? null : session.sayPerson();
  }

  const { hosting } = calling;
  const { entering, finding } = session;
  return {
    files: session.filing,
    gestures: {
      raiseHand: (up) => calling.current?.gestures.raise(up),
      react: (reaction) => void calling.current?.gestures.react(reaction),
      lowerHand: (device) => calling.current?.gestures.lowerHand(device),
      mute: (device) => calling.current?.gestures.mute(device),
      askUnmute: (device) => calling.current?.gestures.askUnmute(device),
      spotlight: (spotlight) => calling.current?.gestures.light(spotlight),
      dismissAsked: () => calling.current?.gestures.dismiss(),
    },
    chat: session.chatting,
    hosting: {
      async start(rules, how, via) {
        const where = via === undefined ? {} : { via };
        const result = await calling.meet({ type: "create-room", ...where, rules, media: how });
        return result === "knocking" ? "internal" : result;
      },
      setRules: (change) => hosting.setRules(change),
      admit: (device) => hosting.admit(device),
      remove: (device) => hosting.remove(device),
      handOver: (device) => hosting.handOver(device),
      takeHost: () => hosting.takeHost(),
      endForAll: () => hosting.endForAll(),
    },
    entering: {
      enter: (room) => entering.enter(room),
      join: (how, password) => entering.join(how, password),
      waitForPlace: () => entering.waitForPlace(),
      withdraw: () => entering.withdraw(),
      leave: () => entering.leave(),
    },
    finding: {
      open: (key) => finding.open(key),
      find: (text) => finding.find(text),
      take: () => finding.take(),
      dismiss: () => finding.dismiss(),
    },
    choose(key) {
      app.chosen = key;
    },
    async call(key, how) {
      const to = app.people.find((entry) => entry.key === key);
      if (to) await calling.call($state.snapshot(to), how);
    },
    cancelRing: () => calling.cancelRing(),
    accept: (ring, how) => calling.accept(ring, how),
    decline: (ring, message) => calling.decline(ring, message),
    hangUp: () => calling.hangUp(),
    async invite(key) {
      const to = app.people.find((entry) => entry.key === key);
      if (to) await calling.inviting.invite($state.snapshot(to));
    },
    withdrawInvitation: (device) => calling.inviting.withdraw(device),
    setMicrophone: (on) => calling.sending.setMicrophone(on),
    setCamera: (on) => calling.sending.setCamera(on),
    setScreen: (on) => calling.sending.setScreen(on),
    setScreenHint: (hint) => calling.sending.setScreenHint(hint),
    async chooseDevice(kind, id) {
      const label = app.devices[`${kind}s`].find((device) => device.id === id)?.label ?? "";
      session.chosenIds[kind] = id;
      if (kind !== "speaker") void media.prefer(kind, label, id);
      const problem = await changeSettings({ [kind]: label });
      if (problem) session.notify("error", problem);
      app.devices[kind] = id;
      if (kind === "speaker") sounds.setSink(id);
    },
    setPreview: (on) => preview.set(on),
    dismissSummary() {
      app.summary = null;
    },
    dismissNotice(id) {
      app.notices = app.notices.filter((notice) => notice.id !== id);
    },
    changeSettings,
    async setGuestName(name) {
      const said = name.trim();
      if (said === "" || [...said].length > LIMITS.MAX_NAME_CHARS) return "name-invalid";
      if (!isGuest) return "not-allowed";
      const before = store.memory.name;
      store.change({ name: said });
      if (app.phase === "naming") {
        session.start();
        return null;
      }
      const problem = await session.sayPerson();
      if (problem) store.change({ name: before });
      return problem;
    },
    async markCallsSeen() {
      if (isGuest) session.markGuestCallsSeen();
      else await session.owner({ type: "mark-calls-seen" });
    },
    async clearCalls() {
      if (isGuest) session.clearGuestCalls();
      else await session.owner({ type: "clear-calls" });
    },
    openInBrowser: () => session.owner({ type: "open-in-browser" }),
    quit: () => session.owner({ type: "quit" }),
    setWatching: (watching) => session.watch(watching),
    setShown(shown) {
      calling.current?.shown(shown);
    },
    verify(device) {
      calling.current?.verifying(device)?.begin();
      return Promise.resolve();
    },
    confirmCode(device, matches) {
      calling.current?.verifying(device)?.confirm(matches);
      return Promise.resolve();
    },
    cancelVerify(device) {
      calling.current?.verifying(device)?.cancel();
      return Promise.resolve();
    },
    rememberDevice: (device) => known.remember(device),
    renameDevice: (device, name) => known.rename(device, name),
    acceptName: (device) => known.acceptName(device),
    blockDevice: (device, blocked) => session.block(device, blocked),
    forgetDevice: (device) => known.forget(device),
    setPhrase: (phrase) => setOwnerPhrase(backend, phrase),
    dismissNotes: () => session.owner({ type: "dismiss-notes" }),
    testSpeaker() {
      sounds.test();
      return Promise.resolve();
    },
  };
}
