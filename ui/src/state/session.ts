/**
 * Everything behind the views: a backend's messages become `AppState`, the views' wishes become requests. Knows no
 * view framework; `app.svelte.ts` gives it a reactive state.
 */
import { codeOf, type Backend, type BackendMessage } from "../backend/types";
import { Call } from "../call/call";
import type { PeerView } from "../call/view";
import { LocalMedia, type Devices } from "../call/local-media";
import type { Environment } from "../call/environment";
import type { LevelSource } from "../call/level";
import type { Sounds } from "../call/sounds";
import { shortId } from "../components/short-id";
import type {
  DeviceId,
  DeviceKind,
  Event,
  NodeState,
  OwnerEvent,
  OwnerRequest,
  Welcome,
} from "../gen/protocol";
import type { Ability, AnyCode, AppState } from "./contract";
import type { Attempted, Remembering } from "./attempt";
import { Calling } from "./calling";
import { Entering } from "./entering";
import { Finding } from "./finding";
import { deviceLists } from "./device-list";
import { isMissed, type GuestStore } from "./guest-store";
import { Chatting } from "./chatting";
import { Filing } from "./filing";
import { GuestKnown, NodeKnown, type Known } from "./known";
import { groupOf, keyOf, remove, upsert, compare } from "./people";
import { Preview } from "./preview";
import { guestPerson, labelsOf, type Labels } from "./settings";
import { Standings } from "./standings";

const MAX_NOTICES = 4;
/** A node that comes back within this is not worth a word, ms. */
const PATIENCE = 2_000;

export interface SessionOptions {
  app: AppState;
  backend: Backend;
  environment: Environment;
  devices: Devices | undefined;
  sounds: Sounds;
  store: GuestStore;
  canFullHd: boolean;
  measure(track: MediaStreamTrack): LevelSource | null;
  /** Whether calls can be made here, where that is not known at once. */
  ability: Promise<Ability> | null;
}

export class Session {
  readonly app: AppState;
  readonly backend: Backend;
  readonly store: GuestStore;
  readonly media: LocalMedia;
  readonly sounds: Sounds;
  readonly calling: Calling;
  readonly filing: Filing;
  readonly chatting: Chatting;
  readonly entering: Entering;
  readonly finding: Finding;
  readonly preview: Preview;
  readonly known: Known;
  readonly #standings: Standings;
  /** Ids of the devices chosen in this session. */
  chosenIds: Labels = { microphone: "", camera: "", speaker: "" };
  #noticeId = 0;
  #watching = false;
  #stopPatience: (() => void) | null = null;

  constructor(private readonly options: SessionOptions) {
    const { app, backend, environment, devices, sounds, store, measure, canFullHd } = options;
    this.app = app;
    this.backend = backend;
    this.store = store;
    this.sounds = sounds;
    this.media = new LocalMedia(devices, environment.clock, {
      changed: (kind) => {
        this.calling.current?.localChanged(kind);
        this.preview.mediaChanged(kind);
      },
      screenChanged: () => this.calling.current?.localScreenChanged(),
      listChanged: () => void this.listDevices(),
    });
    this.preview = new Preview({
      state: app.preview,
      media: this.media,
      clock: environment.clock,
      stream: environment.stream,
      measure,
    });
    const isGuest = app.surface === "guest";
    this.#standings = new Standings(isGuest ? store.devices : null);
    this.known = isGuest
      ? new GuestKnown({
          memory: store.devices,
          seen: (device) => this.#seen(device),
          now: () => environment.clock.now(),
          changed: () => this.#memoryChanged(),
          blockedChanged: () => this.#sayBlocked(),
        })
      : new NodeKnown(backend);
    this.filing = new Filing({
      app,
      backend,
      clock: environment.clock,
      notify: (code) => this.notify("error", code),
    });
    this.chatting = new Chatting({ app, clock: environment.clock });
    this.calling = new Calling({
      app,
      backend,
      media: this.media,
      sounds,
      clock: environment.clock,
      ready: this.#learn(),
      iceServers: () => app.node?.settings.ice_servers ?? [],
      makeCall: (call) => {
        this.chatting.begin(call.room.participants.map(({ device }) => device));
        return new Call({
          ...call,
          me: app.me?.device ?? "",
          environment,
          local: this.media,
          canFullHd,
          measure,
          channels: (device, { chat, files }, most) => {
            this.chatting.attach(device, chat);
            this.filing.files.attach(device, files, most);
          },
        });
      },
      notify: (code, name) => this.notify("error", code, name),
      withdraw: (codes) => this.withdraw(codes),
      standing: (device, person) => this.#standings.of(device, person),
      remember: (peer, what) => this.#remember(peer, what),
      record: (call) => this.#record(call),
      inCall: (on) => {
        if (!on) this.chatting.end();
        this.#statusChanged();
      },
    });
    this.entering = new Entering({
      app,
      backend,
      clock: environment.clock,
      sounds,
      meet: (request) => this.calling.meet(request),
      isBusy: () => this.calling.isBusy,
    });
    this.finding = new Finding({
      app,
      backend,
      origin: globalThis.location?.origin ?? "",
      enter: (room) => this.entering.enter(room),
    });
    this.#adoptPreferences();
    void this.listDevices();
  }

  /** A guest waits for a name; everybody else connects at once. */
  start(): void {
    const { app, store, backend } = this;
    if (app.surface === "guest" && store.memory.name === "") {
      app.phase = "naming";
      return;
    }
    app.phase = "connecting";
    if (app.surface === "guest") {
      this.#showGuestCalls();
      void this.listKnown();
    }
    backend.start((message) => this.receive(message));
  }

  receive(message: BackendMessage): void {
    switch (message.type) {
      case "welcome":
        this.#welcome(message.welcome);
        break;
      case "state":
        this.#node(message.state);
        break;
      case "event":
        this.#event(message.event);
        break;
      case "owner":
        this.#owner(message.event);
        break;
      case "down":
        this.#down(message.code, message.final);
        break;
    }
  }

  notify(level: "info" | "warning" | "error", code: AnyCode, name?: string): void {
    const { app } = this;
    const notice = { id: ++this.#noticeId, level, code, ...(name === undefined ? {} : { name }) };
    app.notices = [...app.notices.filter((one) => one.code !== code), notice].slice(-MAX_NOTICES);
  }

  withdraw(codes: readonly AnyCode[]): void {
    const { app } = this;
    app.notices = app.notices.filter((notice) => !codes.includes(notice.code));
  }

  /** Asks the node; what goes wrong is told. */
  async owner(request: OwnerRequest): Promise<void> {
    try {
      await this.backend.owner?.(request);
    } catch (error) {
      this.notify("error", codeOf(error));
    }
  }

  async listCalls(): Promise<void> {
    try {
      const reply = await this.backend.owner?.({ type: "list-calls" });
      if (reply?.type === "calls") this.app.calls = reply.calls;
    } catch {
      // Listed again when they change, or when the node is back.
    }
  }

  /** Remembered devices. */
  async listKnown(): Promise<void> {
    try {
      this.app.known = await this.known.list();
    } catch {
      // Listed again when they change, or when the node is back.
    }
  }

  /** Another tab of this guest has met, renamed or blocked somebody. */
  reloadMemory(): void {
    this.store.reload();
    this.#memoryChanged();
    this.#showGuestCalls();
  }

  /** Blocks or no longer blocks; null, or why not. */
  async block(device: DeviceId, blocked: boolean): Promise<AnyCode | null> {
    const problem = await this.known.block(device, blocked);
    if (blocked && !problem) this.calling.silence(device);
    return problem;
  }

  async listDevices(): Promise<void> {
    const { app } = this;
    let devices: MediaDeviceInfo[] = [];
    try {
      devices = (await this.options.devices?.enumerateDevices()) ?? [];
    } catch {
      // Refused: an empty list says so.
    }
    Object.assign(app.devices, deviceLists(devices, labelsOf(app, this.store), this.chosenIds));
    this.sounds.setSink(app.devices.speaker);
  }

  watch(watching: boolean): void {
    if (this.#watching === watching) return;
    this.#watching = watching;
    this.#sayWatching();
  }

  /** A guest says who they are, with what has changed. */
  async sayPerson(): Promise<AnyCode | null> {
    const person = guestPerson(this.store, this.calling.isBusy);
    try {
      await this.backend.request({ type: "set-person", person });
    } catch (error) {
      return codeOf(error);
    }
    if (this.app.me) this.app.me.person = person;
    return null;
  }

  /** The network seems to be back. */
  nudge(): void {
    this.calling.current?.nudge();
  }

  markGuestCallsSeen(): void {
    this.store.change({ calls: this.store.memory.calls.map((call) => ({ ...call, seen: true })) });
    this.#showGuestCalls();
  }

  clearGuestCalls(): void {
    this.store.change({ calls: [] });
    this.#showGuestCalls();
  }

  async #learn(): Promise<void> {
    const { ability } = this.options;
    if (ability) this.app.ability = await ability;
  }

  #welcome(welcome: Welcome): void {
    const { app } = this;
    this.#stopPatience?.();
    this.#stopPatience = null;
    if (!welcome.resumed) {
      if (app.phase !== "connecting" || app.me) {
        this.calling.placeLost();
        this.entering.placeLost();
      }
      if (app.surface === "guest" && welcome.title) app.serverTitle = welcome.title;
      app.people = welcome.people.map((presence) => this.#entry(presence)).sort(compare);
    }
    if (app.surface === "guest") {
      const person = guestPerson(this.store, this.calling.isBusy);
      app.me = { device: welcome.you, shortId: app.me?.shortId ?? "", person };
      void shortId(welcome.you).then((short) => {
        if (app.me) app.me.shortId = short;
      });
      app.phase = "ready";
      // A new place knows nothing of whom I have blocked.
      if (!welcome.resumed && this.store.devices.blocked().length > 0) this.#sayBlocked();
    } else {
      // The rest comes with the state, which follows at once.
      if (this.#watching) this.#sayWatching();
      if (app.node) app.phase = "ready";
    }
    app.problem = null;
    this.finding.welcome(welcome);
    if (app.surface === "guest") this.finding.ready();
    this.nudge();
  }

  #node(node: NodeState): void {
    const { app } = this;
    const first = app.node === null;
    const before = app.node?.server;
    app.node = node;
    app.me = { device: node.device, shortId: node.short_id, person: node.person };
    app.missed = node.missed;
    app.phase = "ready";
    app.problem = null;
    if (node.server.type === "connected") app.serverTitle = node.server.title;
    if (JSON.stringify(before) !== JSON.stringify(node.server))
      app.people = app.people.map((entry) => this.#entry(entry)).sort(compare);
    this.#adoptPreferences();
    void this.listDevices();
    if (first) {
      void this.listCalls();
      void this.listKnown();
      this.finding.ready();
    }
  }

  #down(code: AnyCode, final: boolean): void {
    const { app } = this;
    app.problem = code;
    const show = (): void => {
      this.#stopPatience = null;
      // A call goes on without its node; a page that shows it must not be taken away.
      if (this.calling.isBusy && !final) return;
      if (final) this.calling.leaveNow();
      if (final || app.surface !== "guest") app.phase = "gone";
    };
    if (final) show();
    else this.#stopPatience ??= this.options.environment.clock.after(PATIENCE, show);
  }

  #event(event: Event): void {
    const { app } = this;
    switch (event.type) {
      case "person-here":
        upsert(app.people, this.#entry(event.presence));
        break;
      case "person-gone":
        // Who was chosen stays so: they may only have started their program anew.
        remove(app.people, event.device, event.via);
        break;
      case "ringing":
        // The hub was asked to keep them away; it may be a lying one. A node does this for its windows.
        if (app.surface === "guest" && this.store.devices.isBlocked(event.from.device)) return;
        this.calling.event({ ...event, from: this.#standings.complete(event.from) });
        return;
      default:
        break;
    }
    this.calling.event(event);
    this.entering.event(event);
    this.finding.event(event);
  }

  #owner(event: OwnerEvent): void {
    switch (event.type) {
      case "follow-link":
        this.finding.follow(event.link);
        break;
      case "raise":
        globalThis.focus();
        break;
      case "calls-changed":
        this.app.missed = event.missed;
        void this.listCalls();
        break;
      case "devices-changed":
        void this.listKnown();
        break;
      case "standing":
        this.#standings.hear(event.device, event.standing);
        this.#standings.show(this.app);
        break;
    }
  }

  #entry(presence: Welcome["people"][number]): AppState["people"][number] {
    const { app } = this;
    const group = groupOf(presence.via, app.surface, app.serverTitle, app.node);
    const { device, person, kind, reach, via, standing } = this.#standings.complete(presence);
    return {
      device,
      person,
      kind,
      reach,
      ...(via === undefined ? {} : { via }),
      ...(standing === undefined ? {} : { standing }),
      key: keyOf(device, via),
      group,
    };
  }

  /** What a device says of itself now, wherever it is to be seen; for a guest's memory. */
  #seen(device: DeviceId): { name: string; kind: DeviceKind } | null {
    const { people, incoming, call } = this.app;
    const all = [...people, ...incoming.map(({ from }) => from), ...(call?.peers ?? [])];
    const seen = all.find((one) => one.device === device);
    return seen ? { name: seen.person.name, kind: seen.kind } : null;
  }

  /** A node remembers by itself. Nobody knows a key again that is gone with its page. */
  #remember({ device, person, kind }: PeerView, what: Remembering): void {
    if (this.app.surface !== "guest" || kind === "transient") return;
    const { devices } = this.store;
    const now = this.options.environment.clock.now();
    if (what === "met") devices.meet(device, person.name, now);
    else devices.compared(device, person.name, what === "verified", now);
    this.#memoryChanged();
  }

  #memoryChanged(): void {
    this.#standings.show(this.app);
    void this.listKnown();
  }

  /** Said again with every new place, so that a link that is down now does no harm. */
  #sayBlocked(): void {
    const devices = this.store.devices.blocked();
    void this.backend.request({ type: "set-blocked", devices }).catch(() => undefined);
  }

  /** Language, theme and devices, as the node or the browser remembers them. */
  #adoptPreferences(): void {
    const { app, store } = this;
    const { language, theme } = app.node?.settings ?? store.memory;
    app.language = language;
    app.theme = theme;
    const labels = labelsOf(app, store);
    for (const kind of ["microphone", "camera"] as const)
      void this.media.prefer(kind, labels[kind], this.chosenIds[kind]);
  }

  #sayWatching(): void {
    if (this.backend.owner)
      void this.backend.owner({ type: "watch", watching: this.#watching }).catch(() => undefined);
  }

  /** A node sets the status of an install by itself. */
  #statusChanged(): void {
    if (this.app.surface === "guest") void this.sayPerson();
  }

  #record({ with: who, media, outgoing, at, end, seconds }: Attempted): void {
    if (this.app.surface !== "guest") return;
    this.store.addCall({
      device: who.device,
      name: who.person.name,
      direction: outgoing ? "outgoing" : "incoming",
      media,
      end,
      at,
      seconds,
      seen: false,
    });
    this.#showGuestCalls();
  }

  #showGuestCalls(): void {
    const { calls } = this.store.memory;
    this.app.calls = calls;
    this.app.missed = calls.filter(isMissed).length;
  }
}
