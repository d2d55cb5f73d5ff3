/** What the backend tells becomes what the views read. */
import { beforeEach, describe, expect, it } from "vitest";
import { CodedError, type Backend, type BackendMessage } from "../backend/types";
import type { Sounds } from "../call/sounds";
import { FakeClock, FakeTrust, fakeEnvironment, settle } from "../call/testing";
import type { KnownDevice, NodeState, OwnerRequest, Presence, Request, Standing } from "../gen/protocol";
import type { RoomRef, Welcome } from "../gen/protocol";
import type { AppState, Surface } from "./contract";
import { GuestStore } from "./guest-store";
import { initialState } from "./initial";
import { Session } from "./session";

let clock: FakeClock;
let app: AppState;
let session: Session;
let asked: (Request | OwnerRequest)[];
let known: KnownDevice[];
let tell: (message: BackendMessage) => void;

const presence = (device: string, via?: string): Presence => ({
  device,
  person: { name: device, status: "available", note: "" },
  kind: "install",
  reach: "here",
  ...(via === undefined ? {} : { via }),
});

function welcome(people: Presence[], resumed = false): BackendMessage {
  const empty = { hub: { device: "hub", addresses: [] }, title: "Acme", ice_servers: [], resume: "token" };
  return { type: "welcome", welcome: { version: 1, you: "me", people, resumed, ...empty } satisfies Welcome };
}

function node(more: Partial<NodeState> = {}): BackendMessage {
  const settings = {
    ...{ name: "Me", status: "available", note: "", signaling_url: "", port: 0, interfaces: [] },
    ...{ ice_servers: [], language: "zh-CN", theme: "dark", microphone: "", camera: "", speaker: "" },
    capture: "ask",
  } as const;
  const state = {
    ...{ device: "me", short_id: "ABCD", version: "1", missed: 2, server: { type: "none" } },
    person: { name: "Me", status: "available", note: "" },
    settings: { ...settings, interfaces: [], ice_servers: [] },
    network: { interfaces: [], others: [] },
    ...more,
  };
  return { type: "state", state: state as NodeState };
}

function start(surface: Surface, store = new GuestStore(null)): void {
  asked = [];
  tell = () => {
    throw new Error("not started");
  };
  app = initialState(surface, "Acme", { stage: "can", lacks: [] });
  const silence = new Proxy({}, { get: () => () => undefined }) as Sounds;
  const backend: Backend = {
    surface,
    start: (on) => (tell = on),
    request: (request) => {
      asked.push(request);
      return Promise.resolve({ type: "done" });
    },
    trust: () => new FakeTrust("me"),
    close: () => undefined,
  };
  if (surface !== "guest")
    backend.owner = (request) => {
      asked.push(request);
      if (request.type === "list-calls") return Promise.resolve({ type: "calls", calls: [] });
      if (request.type === "list-devices") return Promise.resolve({ type: "devices", devices: known });
      return Promise.resolve({ type: "done" });
    };
  const environment = fakeEnvironment(clock);
  const [devices, measure] = [undefined, () => null];
  session = new Session({
    ...{ app, backend, environment, devices, sounds: silence, store, measure },
    canFullHd: false,
    ability: null,
  });
  session.start();
}

beforeEach(() => {
  clock = new FakeClock();
  known = [];
});

describe("an owner's page", () => {
  it("is ready with the state, and takes language, theme and history from it", async () => {
    start("loopback");
    tell(welcome([presence("ann")]));
    expect(app.phase).toBe("connecting");
    tell(node());
    await settle();
    expect(app).toMatchObject({ phase: "ready", language: "zh-CN", theme: "dark", missed: 2 });
    expect(app.me).toMatchObject({ device: "me", shortId: "ABCD" });
    expect(asked).toContainEqual({ type: "list-calls" });
  });

  it("groups people by their list, also when the server's name comes later", () => {
    start("loopback");
    tell(welcome([presence("ann", "hub"), presence("bob")]));
    tell(node({ server: { type: "connected", hub: "hub", title: "Werk" } }));
    tell({ type: "event", event: { type: "person-here", presence: presence("eve", "hub") } });
    expect(app.people.map(({ device, group }) => [device, group])).toEqual([
      ["bob", null],
      ["ann", "Werk"],
      ["eve", "Werk"],
    ]);
    tell({ type: "event", event: { type: "person-gone", device: "ann", via: "hub" } });
    tell({ type: "event", event: { type: "person-gone", device: "bob" } });
    expect(app.people.map(({ device }) => device)).toEqual(["eve"]);
  });

  it("says that the node is gone after a moment, and comes back by itself", async () => {
    start("loopback");
    tell(welcome([]));
    tell(node());
    tell({ type: "down", code: "backend-lost", final: false });
    expect(app).toMatchObject({ phase: "ready", problem: "backend-lost" });
    await clock.pass(3_000);
    expect(app.phase).toBe("gone");
    tell(welcome([presence("ann")]));
    expect(app).toMatchObject({ phase: "ready", problem: null });
    expect(app.people).toHaveLength(1);
  });

  it("gives up at once what is final", () => {
    start("loopback");
    tell({ type: "down", code: "key-used", final: true });
    expect(app).toMatchObject({ phase: "gone", problem: "key-used" });
  });

  it("tells a new node that somebody is looking", () => {
    start("window");
    session.watch(true);
    session.watch(true);
    tell(welcome([]));
    const watching = asked.filter(({ type }) => type === "watch");
    expect(watching).toEqual([
      { type: "watch", watching: true },
      { type: "watch", watching: true },
    ]);
  });

  it("forgets rings with a place that is new, and keeps them with one that is had back", () => {
    start("loopback");
    tell(welcome([]));
    tell(node());
    const room = { hub: { device: "ann", addresses: [] }, room: "r" };
    tell({
      type: "event",
      event: { type: "ringing", ring: "1", from: presence("ann"), room, media: "voice" },
    });
    expect(app.incoming).toHaveLength(1);
    tell(welcome([], true));
    expect(app.incoming).toHaveLength(1);
    tell(welcome([]));
    expect(app.incoming).toEqual([]);
  });
});

describe("a guest's page", () => {
  it("asks for a name first, and connects with it", () => {
    const store = new GuestStore(null);
    start("guest", store);
    expect(app.phase).toBe("naming");
    expect(() => tell(welcome([]))).toThrow("not started");
    store.change({ name: "Gast" });
    session.start();
    tell(welcome([presence("ann")]));
    expect(app).toMatchObject({ phase: "ready", me: { device: "me", person: { name: "Gast" } } });
    expect(app.people).toMatchObject([{ device: "ann", group: "Acme" }]);
  });

  it("stays ready while the server is tried again", async () => {
    const store = new GuestStore(null);
    store.change({ name: "Gast" });
    start("guest", store);
    tell(welcome([]));
    tell({ type: "down", code: "server-down", final: false });
    await clock.pass(60_000);
    expect(app).toMatchObject({ phase: "ready", problem: "server-down" });
  });
});

describe("notices", () => {
  it("are few, and no sentence is there twice", () => {
    start("window");
    for (const code of [
      "unreachable",
      "camera-busy",
      "unreachable",
      "internal",
      "server-down",
      "link-lost",
    ] as const)
      session.notify("error", code);
    expect(app.notices.map(({ code }) => code)).toEqual([
      "unreachable",
      "internal",
      "server-down",
      "link-lost",
    ]);
  });
});

const MET: Standing = { name: "Ann of sales", trust: "met", blocked: false };
const LIE: Standing = { name: "Ann", trust: "verified", blocked: false };
const ROOM: RoomRef = { hub: { device: "hub", addresses: [] }, room: "r" };
const ringing = (from: Presence): BackendMessage => ({
  type: "event",
  event: { type: "ringing", ring: from.device, from, room: ROOM, media: "voice" },
});

describe("what a node remembers", () => {
  beforeEach(() => {
    start("loopback");
    tell(welcome([{ ...presence("ann"), standing: MET }, presence("bob")]));
    tell(node());
  });

  it("is shown in the list, with what they say of themselves beside it", () => {
    expect(app.people).toMatchObject([
      { device: "ann", person: { name: "ann" }, standing: MET },
      { device: "bob", standing: { name: "bob", trust: "stranger", blocked: false } },
    ]);
  });

  it("changes everything that is shown of a device, and the list is ordered by what is read in it", () => {
    tell(ringing({ ...presence("ann"), standing: MET }));
    const standing: Standing = { name: "Zoe", trust: "verified", blocked: false };
    tell({ type: "owner", event: { type: "standing", device: "ann", standing } });
    expect(app.people.map((entry) => entry.standing?.name)).toEqual(["bob", "Zoe"]);
    expect(app.incoming).toMatchObject([{ from: { standing } }]);
    // A presence that comes later brings what holds then.
    tell({ type: "event", event: { type: "person-here", presence: { ...presence("ann"), standing: MET } } });
    expect(app.people[0]?.standing).toEqual(MET);
  });

  it("is listed, and listed again when it changes", async () => {
    await settle();
    expect(app.known).toEqual([]);
    known = [{ device: "ann", short_id: "A", standing: MET, kept_name: "ann", first_met: 1, last_met: 2 }];
    tell({ type: "owner", event: { type: "devices-changed" } });
    await settle();
    expect(app.known).toEqual(known);
    expect(await session.known.rename("ann", null)).toBeNull();
    expect(await session.known.rename("ann", "Boss")).toBeNull();
    expect(asked.slice(-2)).toEqual([
      { type: "rename-device", device: "ann" },
      { type: "rename-device", device: "ann", name: "Boss" },
    ]);
    expect(await session.block("ann", true)).toBeNull();
    expect(asked.at(-1)).toEqual({ type: "block-device", device: "ann", blocked: true });
  });

  it("answers with the code why not", async () => {
    session.backend.owner = () => Promise.reject(new CodedError("device-unknown"));
    expect(await session.known.forget("ann")).toBe("device-unknown");
  });
});

describe("what a guest's browser remembers", () => {
  let store: GuestStore;

  beforeEach(() => {
    store = new GuestStore(null);
    store.change({ name: "Gast" });
    start("guest", store);
    tell(welcome([presence("ann")]));
  });

  it("is its own: a hub's word for somebody's standing is never shown", () => {
    tell({ type: "event", event: { type: "person-here", presence: { ...presence("bob"), standing: LIE } } });
    tell(ringing({ ...presence("eve"), standing: LIE }));
    const stranger = { trust: "stranger", blocked: false };
    expect(app.people).toMatchObject([{ standing: stranger }, { standing: { ...stranger, name: "bob" } }]);
    expect(app.incoming).toMatchObject([{ from: { standing: { ...stranger, name: "eve" } } }]);
    tell({ type: "owner", event: { type: "standing", device: "bob", standing: LIE } });
    expect(app.people[1]?.standing?.trust).toBe("stranger");
  });

  it("is shown wherever they are, and listed", async () => {
    expect(await session.known.remember("ann")).toBeNull();
    expect(await session.known.rename("ann", "Boss")).toBeNull();
    expect(app.people[0]?.standing).toEqual({ name: "Boss", trust: "met", blocked: false });
    tell({
      type: "event",
      event: {
        type: "person-here",
        presence: { ...presence("eve"), person: { ...presence("eve").person, name: "ANN" } },
      },
    });
    expect(app.people.find(({ device }) => device === "eve")?.standing?.warning).toEqual({
      type: "taken",
      by: "ann",
      name: "Boss",
    });
    await settle();
    expect(app.known).toMatchObject([{ device: "ann", kept_name: "ann", own_name: "Boss" }]);
    expect(await session.known.remember("nobody")).toBe("device-unknown");
    expect(await session.known.forget("ann")).toBeNull();
    expect(app.people.find(({ device }) => device === "eve")?.standing?.warning).toBeUndefined();
  });

  it("is that of all their tabs", async () => {
    let kept: string | null = null;
    const storage = { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
    const [mine, other] = [new GuestStore(storage), new GuestStore(storage)];
    mine.change({ name: "Gast" });
    start("guest", mine);
    tell(welcome([presence("ann")]));
    other.reload();
    other.devices.block("ann", "ann", true, 1);
    session.reloadMemory();
    expect(app.people[0]?.standing?.blocked).toBe(true);
    expect(await session.known.remember("ann")).toBeNull();
    other.reload();
    expect(other.devices.standing("ann", "ann")).toEqual({ name: "ann", trust: "met", blocked: true });
  });

  it("keeps no key that is gone with its page", async () => {
    tell({
      type: "event",
      event: { type: "person-here", presence: { ...presence("tab"), kind: "transient" } },
    });
    expect(await session.known.remember("tab")).toBe("not-allowed");
  });

  it("answers blocked ones with silence, tells the hub, and tells it again at a new place", async () => {
    tell(ringing(presence("ann")));
    expect(app.incoming).toHaveLength(1);
    expect(await session.block("ann", true)).toBeNull();
    expect(app.incoming).toEqual([]);
    expect(app.people[0]?.standing?.blocked).toBe(true);
    tell(ringing(presence("ann")));
    expect(app.incoming).toEqual([]);
    const said = (): (Request | OwnerRequest)[] => asked.filter(({ type }) => type !== "watch");
    expect(said()).toEqual([{ type: "set-blocked", devices: ["ann"] }]);
    tell(welcome([], true));
    expect(said()).toHaveLength(1);
    tell(welcome([]));
    expect(said()).toHaveLength(2);
    expect(await session.block("ann", false)).toBeNull();
    expect(said().at(-1)).toEqual({ type: "set-blocked", devices: [] });
    tell(ringing(presence("ann")));
    expect(app.incoming).toHaveLength(1);
  });
});
