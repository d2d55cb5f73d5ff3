/** What the backend tells becomes what the views read. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend, BackendMessage } from "../backend/types";
import type { Sounds } from "../call/sounds";
import { FakeClock, FakeTrust, fakeEnvironment, settle } from "../call/testing";
import type { NodeState, OwnerRequest, Presence, Request, Welcome } from "../gen/protocol";
import type { AppState, Surface } from "./contract";
import { GuestStore } from "./guest-store";
import { initialState } from "./initial";
import { Session } from "./session";

let clock: FakeClock;
let app: AppState;
let session: Session;
let asked: (Request | OwnerRequest)[];
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
  app = initialState(surface, "Acme", true);
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
      return Promise.resolve(request.type === "list-calls" ? { type: "calls", calls: [] } : { type: "done" });
    };
  const environment = fakeEnvironment(clock);
  const [devices, measure] = [undefined, () => null];
  session = new Session({
    ...{ app, backend, environment, devices, sounds: silence, store, measure },
    canFullHd: false,
  });
  session.start();
}

beforeEach(() => {
  clock = new FakeClock();
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
