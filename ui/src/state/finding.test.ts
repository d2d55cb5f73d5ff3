import { beforeEach, describe, expect, it } from "vitest";
import { CodedError } from "../backend/types";
import type { Event, FoundRoom, NodeState, OpenRoom, Reply, Request, RoomRef } from "../gen/protocol";
import type { AnyCode, AppState, Surface } from "./contract";
import { Finding } from "./finding";
import { initialState } from "./initial";
import { linkOf, webLinkOf } from "./room-link";

const ROOM = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER = "baaaaaaaaaaaaaaaaaaaaaaaaa";
const DEVICE = "a".repeat(52);
const STRANGER = `b${"a".repeat(51)}`;
const SERVER = `c${"a".repeat(51)}`;

let app: AppState;
let finding: Finding;
let entered: RoomRef[];
let asked: Request[];
/** What the next codes lead to. */
let answers: (FoundRoom[] | AnyCode)[];
/** Waits until it is let go, where it is not null. */
let held: Promise<void> | null;

const hub = (device: string) => ({ device, addresses: [] });
const open = (room: string, name = "Ann", present = 1, title = ""): OpenRoom => ({
  room,
  summary: { title, door: "open", has_password: false, capacity: 16, present },
  host: DEVICE,
  name,
});
const changed = (device: string, here: OpenRoom[], gone: string[] = []): Event => ({
  type: "rooms-changed",
  hub: hub(device),
  here,
  gone,
});
const welcome = (device: string, rooms?: OpenRoom[], resumed = false): void => {
  finding.welcome({ hub: hub(device), resumed, ...(rooms ? { rooms } : {}) });
};
const listed = () =>
  app.finding.listed.map(({ room, hub: at, name }) => `${name} ${room[0] ?? ""}@${at.device[0] ?? ""}`);

function begin(surface: Surface): void {
  app = initialState(surface, "", { stage: "can", lacks: [] });
  entered = [];
  asked = [];
  answers = [];
  held = null;
  finding = new Finding({
    app,
    origin: "https://calls.example.com",
    backend: {
      request: async (request): Promise<Reply> => {
        asked.push(request);
        await held;
        const answer = answers.shift() ?? "room-unknown";
        if (typeof answer === "string") throw new CodedError(answer);
        return { type: "found", rooms: answer };
      },
    },
    enter: (room) => {
      entered.push(room);
      return Promise.resolve();
    },
  });
}

function onServer(): void {
  app.node = {
    server: { type: "connected", hub: SERVER, title: "Acme" },
    settings: { signaling_url: "wss://calls.example.com/ws" },
  } as NodeState;
}

beforeEach(() => begin("loopback"));

describe("the list of meetings", () => {
  it("follows what hubs tell, each by itself", () => {
    welcome(DEVICE);
    finding.event(changed(DEVICE, [open(ROOM), open(OTHER, "Bob", 3)]));
    // The same room at two hubs, as while it moves.
    finding.event(changed(SERVER, [open(ROOM, "Cat")]));
    expect(listed()).toEqual(["Bob b@a", "Ann a@a", "Cat a@c"]);
    finding.event(changed(DEVICE, [open(ROOM, "Anna", 5)], [OTHER]));
    expect(listed()).toEqual(["Anna a@a", "Cat a@c"]);
    finding.event(changed(DEVICE, [], [ROOM]));
    expect(listed()).toEqual(["Cat a@c"]);
    welcome(DEVICE, undefined, true);
    expect(listed()).toEqual(["Cat a@c"]);
    welcome(DEVICE);
    expect(listed()).toEqual([]);
  });

  it("is in a server's welcome to a guest", () => {
    begin("guest");
    welcome(SERVER, [open(ROOM)]);
    expect(listed()).toEqual(["Ann a@c"]);
  });

  it("leads to the page before the room", async () => {
    finding.event(changed(DEVICE, [open(ROOM)]));
    await finding.open(app.finding.listed[0]?.key ?? "");
    await finding.open("nobody's");
    expect(entered).toEqual([{ hub: hub(DEVICE), room: ROOM }]);
  });
});

describe("a code", () => {
  const found = (room: string): FoundRoom => ({ hub: hub(DEVICE), room: open(room) });

  it("leads straight to the only room that has it", async () => {
    answers = [[found(ROOM)]];
    expect(await finding.find("481 204 937")).toBe(true);
    expect(asked).toEqual([{ type: "find-room", code: "481204937" }]);
    expect(entered).toEqual([{ hub: hub(DEVICE), room: ROOM }]);
  });

  it("that several rooms have is a choice", async () => {
    answers = [[found(ROOM), found(OTHER)]];
    expect(await finding.find("481204937")).toBe(true);
    expect(entered).toEqual([]);
    const second = app.finding.choice[1];
    await finding.open(second?.key ?? "");
    expect(entered.map(({ room }) => room)).toEqual([second?.room]);
    expect(app.finding.choice).toEqual([]);
  });

  it.each<[AnyCode, string]>([
    ["room-unknown", "code-unknown"],
    ["too-many-requests", "too-many-requests"],
    ["server-down", "server-down"],
  ])("that fails with %s says %s", async (code, problem) => {
    answers = [code];
    expect(await finding.find("481204937")).toBe(false);
    expect(app.finding).toMatchObject({ problem, looking: false });
    finding.dismiss();
    expect(app.finding.problem).toBeNull();
  });

  it("that was given up leads nowhere when its answer comes", async () => {
    let letGo = (): void => undefined;
    held = new Promise((resolve) => (letGo = resolve));
    answers = [[found(ROOM)]];
    const looking = finding.find("481204937");
    expect(app.finding.looking).toBe(true);
    finding.dismiss();
    letGo();
    expect(await looking).toBe(false);
    expect(entered).toEqual([]);
    expect(app.finding).toMatchObject({ looking: false, problem: null });
  });
});

describe("a link", () => {
  const lan = { hub: { device: STRANGER, addresses: ["10.0.0.1:7000"] }, room: ROOM };

  it("that a person pastes leads to the room", async () => {
    expect(await finding.find(linkOf(lan))).toBe(true);
    expect(entered).toEqual([lan]);
  });

  it("from outside to a device nobody knows is offered, and nothing is dialled before", async () => {
    finding.ready();
    finding.follow(linkOf(lan));
    expect(entered).toEqual([]);
    expect(app.finding.offered).toEqual(lan);
    finding.dismiss();
    await finding.take();
    expect(entered).toEqual([]);
    finding.follow(linkOf(lan));
    await finding.take();
    expect(entered).toEqual([lan]);
    expect(app.finding.offered).toBeNull();
  });

  it("from outside to a colleague shows the page before the room", () => {
    finding.ready();
    app.people = [{ device: STRANGER } as AppState["people"][number]];
    finding.follow(linkOf(lan));
    expect(entered).toEqual([lan]);
  });

  it("from outside waits until there is a connection", () => {
    finding.follow(linkOf(lan));
    expect(app.finding.offered).toBeNull();
    finding.ready();
    expect(app.finding.offered).toEqual(lan);
  });

  it("that is hostile is no more than a sentence", () => {
    finding.ready();
    for (const link of ["earshot:quit", "earshot:room?id=../../etc&hub=x", "javascript:alert(1)", "%%%"]) {
      finding.follow(link);
      expect(app.finding).toMatchObject({ problem: "no-lead", offered: null });
    }
    expect(entered).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("to the server that is set leads there, to another one to its name", async () => {
    onServer();
    expect(await finding.find(webLinkOf("https://calls.example.com/", ROOM))).toBe(true);
    expect(entered).toEqual([
      { hub: { device: SERVER, addresses: ["wss://calls.example.com/ws"] }, room: ROOM },
    ]);
    expect(await finding.find(webLinkOf("https://calls.example.org:8443/", ROOM))).toBe(false);
    expect(app.finding).toMatchObject({ problem: "other-server", server: "calls.example.org:8443" });
    const elsewhere = { hub: { device: STRANGER, addresses: ["wss://calls.example.org/ws"] }, room: ROOM };
    expect(await finding.find(linkOf(elsewhere))).toBe(false);
    expect(app.finding).toMatchObject({ problem: "other-server", server: "calls.example.org" });
    expect(entered).toHaveLength(1);
  });

  it("in the address of a guest's page leads to the server's room, once they have a name", () => {
    begin("guest");
    const page = "https://calls.example.com/";
    expect(finding.followFragment(`#room=${ROOM}`, page)).toBe(true);
    expect(finding.followFragment("#something", page)).toBe(false);
    expect(entered).toEqual([]);
    welcome(SERVER);
    finding.ready();
    expect(entered).toEqual([{ hub: hub(SERVER), room: ROOM }]);
  });

  it("to somebody's own network is not a guest's", async () => {
    begin("guest");
    welcome(SERVER);
    expect(await finding.find(linkOf(lan))).toBe(false);
    expect(app.finding.problem).toBe("needs-app");
    expect(await finding.find(linkOf({ hub: hub(SERVER), room: ROOM }))).toBe(true);
    expect(entered).toHaveLength(1);
  });
});
