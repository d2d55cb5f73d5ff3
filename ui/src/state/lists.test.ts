import { describe, expect, it } from "vitest";
import type { CallView, PeerView } from "../call/view";
import { UNKNOWN } from "../call/quality";
import type { NodeState, Person, Standing } from "../gen/protocol";
import type { CallPeer, CallState, PersonEntry } from "./contract";
import { deviceLists } from "./device-list";
import { GuestStore, isMissed } from "./guest-store";
import { mergeCall } from "./merge";
import { groupOf, keyOf, remove, upsert } from "./people";

/** Of a call that nobody was rung into, and where nothing has happened. */
const NOTHING = { meeting: null, comings: [], invited: [], via: null };
const person = (name: string): Person => ({ name, status: "available", note: "" });

function entry(device: string, name: string, via?: string, group: string | null = null): PersonEntry {
  return {
    device,
    person: person(name),
    kind: "install",
    reach: "here",
    ...(via === undefined ? {} : { via }),
    key: keyOf(device, via),
    group,
  };
}

describe("the list of people", () => {
  it("is ordered by group and name, the local network first, and stays so", () => {
    const people: PersonEntry[] = [];
    upsert(people, entry("1", "zoe"));
    upsert(people, entry("2", "Ann", "hub", "Acme"));
    upsert(people, entry("3", "bob"));
    upsert(people, entry("4", "Bob"));
    expect(people.map(({ device }) => device)).toEqual(["3", "4", "1", "2"]);
    upsert(people, entry("1", "Aaron"));
    expect(people.map(({ device }) => device)).toEqual(["1", "3", "4", "2"]);
  });

  it("keeps one device in two lists apart", () => {
    const people: PersonEntry[] = [];
    upsert(people, entry("1", "Ann"));
    upsert(people, entry("1", "Ann", "hub", "Acme"));
    expect(people).toHaveLength(2);
    remove(people, "1", "hub");
    expect(people.map(({ key }) => key)).toEqual(["1@"]);
    remove(people, "9", undefined);
    expect(people).toHaveLength(1);
  });

  it("names groups", () => {
    const node = { server: { type: "connected", hub: "hub", title: "Acme" } } as NodeState;
    expect(groupOf(undefined, "window", "", node)).toBeNull();
    expect(groupOf("hub", "window", "old", node)).toBe("Acme");
    expect(groupOf("hub", "window", "old", null)).toBe("old");
    expect(groupOf(undefined, "guest", "Acme", null)).toBe("Acme");
  });
});

describe("merging a call into the state", () => {
  const stream = {} as MediaStream;
  const peer = (device: string, more: Partial<PeerView> = {}): PeerView => ({
    device,
    person: person(device),
    kind: "install",
    sealed: true,
    verification: null,
    connection: "connected",
    microphone: true,
    camera: true,
    screen: false,
    media: stream,
    screenMedia: null,
    speaking: false,
    quality: UNKNOWN,
    hand: null,
    reaction: null,
    ...more,
  });
  const standing = (name: string): Standing => ({ name, trust: "met", blocked: false });
  const shown = (one: PeerView): CallPeer => ({ ...one, standing: standing(one.device) });
  const merge = (state: CallState, view: CallView): void =>
    mergeCall(state, view, (_, { name }) => standing(name));
  const view = (peers: PeerView[]): CallView => ({
    since: 5,
    peers,
    microphone: true,
    camera: true,
    screen: false,
    screenHint: "detail",
    microphoneProblem: null,
    cameraProblem: null,
    mutedWhileSpeaking: false,
    own: null,
    gestures: { hand: null, reaction: null, asked: null, spotlight: null },
  });

  it("writes only what has changed", () => {
    const written: string[] = [];
    const watch = <T extends object>(target: T): T =>
      new Proxy(target, {
        set(object, field, value) {
          written.push(String(field));
          return Reflect.set(object, field, value);
        },
      });
    const ann = watch(shown(peer("ann")));
    const state = watch<CallState>({ ...view([]), media: "video", ...NOTHING, peers: [ann] });
    merge(state, view([peer("ann")]));
    expect(written).toEqual([]);
    merge(state, view([peer("ann", { speaking: true })]));
    expect(written).toEqual(["speaking"]);
    merge(state, view([peer("ann", { speaking: true }), peer("bob")]));
    expect(written).toEqual(["speaking", "peers"]);
    expect(state.peers[0]).toBe(ann);
    merge(state, view([peer("bob")]));
    expect(state.peers.map(({ device }) => device)).toEqual(["bob"]);
  });

  it("also takes back what was there", () => {
    const state: CallState = {
      ...NOTHING,
      ...view([]),
      peers: [shown(peer("ann"))],
      media: "video",
      own: stream,
      since: 1,
    };
    merge(state, { ...view([peer("ann", { media: null })]), since: null });
    expect([state.own, state.since, state.peers[0]?.media]).toEqual([null, null, null]);
  });
});

describe("the lists of devices", () => {
  const info = (kind: MediaDeviceKind, deviceId: string, label: string) =>
    ({ kind, deviceId, label, groupId: "" }) as MediaDeviceInfo;
  const devices = [
    info("audioinput", "default", "Default - Inner"),
    info("audioinput", "1", "Inner"),
    info("audioinput", "2", "Headset"),
    info("videoinput", "", ""),
    info("audiooutput", "3", "Loud"),
  ];
  const none = { microphone: "", camera: "", speaker: "" };

  it("hold real devices only, and find the chosen ones by label", () => {
    expect(deviceLists(devices, { microphone: "Headset", camera: "Lid", speaker: "" }, none)).toEqual({
      microphones: [
        { id: "1", label: "Inner" },
        { id: "2", label: "Headset" },
      ],
      cameras: [],
      speakers: [{ id: "3", label: "Loud" }],
      microphone: "2",
      camera: "",
      speaker: "",
    });
  });

  it("tell two of one label apart", () => {
    const twins = [info("audioinput", "1", "USB"), info("audioinput", "2", "USB")];
    const chosen = deviceLists(twins, { ...none, microphone: "USB" }, { ...none, microphone: "2" });
    expect(chosen.microphone).toBe("2");
  });
});

describe("what a guest's browser remembers", () => {
  function storage(initial?: string) {
    let kept = initial ?? null;
    return { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
  }
  const missed = {
    device: "d",
    name: "Ann",
    direction: "incoming",
    media: "voice",
    end: { type: "no-answer" },
    at: 1,
    seconds: 0,
    seen: false,
  } as const;

  it("is there the next time", () => {
    const page = storage();
    new GuestStore(page).change({ name: "Gast", theme: "dark" });
    expect(new GuestStore(page).memory).toMatchObject({ name: "Gast", theme: "dark", language: "system" });
  });

  it("survives a storage that is broken, full or forbidden", () => {
    expect(new GuestStore(storage("{")).memory.name).toBe("");
    expect(new GuestStore(null).memory.name).toBe("");
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("", "QuotaExceededError");
      },
    };
    const store = new GuestStore(full);
    store.change({ name: "Gast" });
    expect(store.memory.name).toBe("Gast");
  });

  it("keeps the latest calls, and counts the missed ones", () => {
    const store = new GuestStore(storage());
    for (let at = 0; at < 80; at++) store.addCall({ ...missed, at });
    expect(store.memory.calls).toHaveLength(50);
    expect(store.memory.calls[0]?.at).toBe(79);
    expect(store.memory.calls.every(isMissed)).toBe(true);
    expect(isMissed({ ...missed, id: 1, direction: "outgoing" })).toBe(false);
    expect(isMissed({ ...missed, id: 1, end: { type: "accepted" } })).toBe(false);
    expect(isMissed({ ...missed, id: 1, seen: true })).toBe(false);
  });
});
