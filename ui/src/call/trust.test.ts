/** What the device key has not opened never reaches the engine, by whichever way it comes. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Description, DeviceKind, ErrorCode, Signal } from "../gen/protocol";
import { RETRY_EVERY } from "./healing";
import { OFFER_FOR } from "./peer";
import { FakeClock, FakeConnection, FakeTrust, coded, settle } from "./testing";
import { side, type Side } from "./testing-side";
import { refusalOf } from "./trust";

let clock: FakeClock;

async function pair(kind: DeviceKind = "install"): Promise<{ newcomer: Side; host: Side }> {
  const newcomer = side(clock, true, [], kind);
  const host = side(clock, false);
  await settle();
  return { newcomer, host };
}

function descriptionIn(sent: readonly Signal[]): Description {
  const found = sent.find((signal) => signal.type === "description");
  if (found?.type !== "description") throw new Error("a description was expected");
  return structuredClone(found.description);
}

function hand(to: Side, description: Description): void {
  to.peer.receive({ type: "description", description });
}

async function deliver(from: Side, to: Side): Promise<void> {
  for (const signal of from.sent.splice(0)) to.peer.receive(signal);
  await settle();
}

async function connected(): Promise<{ newcomer: Side; host: Side }> {
  const both = await pair();
  await deliver(both.newcomer, both.host);
  await deliver(both.host, both.newcomer);
  for (const { pc } of [both.newcomer, both.host]) {
    pc.become("connected");
    pc.open();
  }
  await settle();
  return both;
}

/** What `from` says on the data channel, heard by `to`. */
function overTheChannel(from: Side, to: Side): void {
  for (const said of from.pc.channels[0]?.sent.splice(0) ?? []) to.pc.hear(said);
}

beforeEach(() => {
  clock = new FakeClock();
  FakeConnection.made = [];
});

const swapped = (sdp: string): string => sdp.replace("sha-256 AA", "sha-256 EE");

/** What somebody in the middle may do to a description, and what it is called. */
const ATTACKS: readonly [string, ErrorCode, (good: Description) => Description | Promise<Description>][] = [
  ["without a seal", "description-unsigned", ({ type, sdp, round }) => ({ type, sdp, round })],
  ["with another fingerprint", "description-forged", (good) => ({ ...good, sdp: swapped(good.sdp) })],
  ["with another round", "description-forged", (good) => ({ ...good, round: good.round + 1 })],
  [
    "with another kind",
    "description-forged",
    (good) => ({ ...good, seal: good.seal && { ...good.seal, kind: "guest" } }) as Description,
  ],
  [
    "sealed by somebody else",
    "description-forged",
    ({ type, sdp, round }) => new FakeTrust("eve").seal("host", { type, sdp, round }),
  ],
  [
    "sealed for somebody else",
    "description-forged",
    ({ type, sdp, round }) => new FakeTrust("newcomer").seal("eve", { type, sdp, round }),
  ],
  [
    "sealed for another room",
    "description-forged",
    ({ type, sdp, round }) => new FakeTrust("newcomer", "elsewhere").seal("host", { type, sdp, round }),
  ],
  [
    "with a weak fingerprint only",
    "fingerprint-weak",
    ({ type, sdp, round, seal }) => {
      const newcomer = new FakeTrust("newcomer");
      newcomer.sequence = seal?.sequence ?? 0;
      return newcomer.seal("host", { type, sdp: sdp.replace("sha-256", "sha-1"), round });
    },
  ],
];

describe("the first offer", () => {
  it.each(ATTACKS)("%s is %s, and the connection is given up", async (_, code, attack) => {
    const { newcomer, host } = await pair();
    hand(host, await attack(descriptionIn(newcomer.sent)));
    await clock.pass(100);
    expect(host.log).toEqual([code]);
    expect(host.pc.remoteDescription).toBeNull();
    expect(host.sent).toEqual([]);
    expect(host.peer.kind).toBeNull();
  });

  it("of an earlier connection is no offer", async () => {
    const { newcomer, host } = await pair();
    const offer = descriptionIn(newcomer.sent);
    await host.trust.open("newcomer", structuredClone(offer));
    hand(host, offer);
    await settle();
    expect(host.log).toEqual(["description-replayed"]);
    expect(host.pc.remoteDescription).toBeNull();
  });

  it("from a browser that keeps no key is refused where that is wished, and marked where it is not", async () => {
    const refusing = await pair("transient");
    refusing.host.trust.refusesTransient = true;
    await deliver(refusing.newcomer, refusing.host);
    expect(refusing.host.log).toEqual(["unverified-refused"]);
    expect(refusing.host.pc.remoteDescription).toBeNull();
    const { newcomer, host } = await pair("transient");
    await deliver(newcomer, host);
    expect(host.peer.kind).toBe("transient");
  });
});

describe("the first answer", () => {
  it.each(ATTACKS.filter(([name]) => !/somebody else|another room|weak/.test(name)))(
    "%s is %s, and the connection is given up",
    async (_, code, attack) => {
      const { newcomer, host } = await pair();
      await deliver(newcomer, host);
      hand(newcomer, await attack(descriptionIn(host.sent)));
      await settle();
      expect(newcomer.log).toEqual([code]);
      expect(newcomer.pc.remoteDescription).toBeNull();
    },
  );

  it("in another's place is forged", async () => {
    const { newcomer, host } = await pair();
    await deliver(newcomer, host);
    const { type, sdp, round } = descriptionIn(host.sent);
    hand(newcomer, await new FakeTrust("eve").seal("newcomer", { type, sdp, round }));
    await settle();
    expect(newcomer.log).toEqual(["description-forged"]);
    expect(newcomer.pc.remoteDescription).toBeNull();
  });

  it("to another offer is forged", async () => {
    const { newcomer, host } = await pair();
    const { type, sdp, round } = descriptionIn(host.sent.concat(newcomer.sent.splice(0)));
    expect(type).toBe("offer");
    hand(newcomer, await host.trust.seal("newcomer", { type: "answer", sdp, round }));
    await settle();
    expect(newcomer.log).toEqual(["description-forged"]);
  });

  it("is vouched for on both sides when it is good", async () => {
    const { newcomer, host } = await pair("guest");
    await deliver(newcomer, host);
    await deliver(host, newcomer);
    expect([newcomer.peer.kind, host.peer.kind]).toEqual(["install", "guest"]);
    expect([newcomer.log, host.log]).toEqual([[], []]);
  });
});

describe("after a good one", () => {
  it.each(ATTACKS.filter(([name]) => !name.includes("another round")))(
    "an offer %s is %s and ends it",
    async (_, code, attack) => {
      const { newcomer, host } = await connected();
      const before = host.pc.remoteDescription;
      newcomer.pc.become("failed");
      await settle();
      hand(host, await attack(descriptionIn(newcomer.sent)));
      await settle();
      expect(host.log).toEqual([code]);
      expect(host.pc.remoteDescription).toBe(before);
    },
  );

  it("late copies do no harm, by both ways and in any order", async () => {
    const { newcomer, host } = await connected();
    const said: Signal[] = [];
    for (const delay of [0, OFFER_FOR + RETRY_EVERY]) {
      if (delay === 0) newcomer.pc.become("failed");
      await clock.pass(delay);
      said.push(...newcomer.sent.splice(0));
      newcomer.pc.channels[0]?.sent.splice(0);
    }
    const offered = said.filter((signal) => signal.type === "description");
    const offers = [1, 2].flatMap(
      (round) => offered.find(({ description }) => description.round === round) ?? [],
    );
    expect(offers).toHaveLength(2);
    for (const signal of [...offers].reverse()) {
      host.pc.hear({ type: "signal", signal });
      host.peer.receive(signal);
    }
    await settle();
    for (const signal of offers) host.peer.receive(signal);
    await settle();
    expect(host.log).toEqual([]);
    expect(host.pc.remoteDescription?.sdp).toContain("a=ice-ufrag:offer3");
    expect(host.trust.log.slice(1)).toEqual(["offer 2 good", "offer 1 description-replayed"]);
    overTheChannel(host, newcomer);
    await deliver(host, newcomer);
    expect(newcomer.log).toEqual([]);
    expect(newcomer.pc.signalingState).toBe("stable");
  });

  it("a restart over the data channel alone is sealed and opened", async () => {
    const { newcomer, host } = await connected();
    for (const one of [newcomer, host]) one.pc.channels[0]?.sent.splice(0);
    newcomer.sent.length = 0;
    newcomer.pc.become("failed");
    await settle();
    const [said] = newcomer.pc.channels[0]?.sent ?? [];
    expect(said).toMatchObject({ type: "signal", signal: { description: { seal: { key: "newcomer" } } } });
    overTheChannel(newcomer, host);
    await settle();
    expect(host.trust.log).toEqual(["offer 0 good", "offer 1 good"]);
    expect(host.pc.remoteDescription?.sdp).toContain("a=ice-ufrag:offer2");
    overTheChannel(host, newcomer);
    await settle();
    expect(newcomer.trust.log).toEqual(["answer 0 good", "answer 1 good"]);
    expect(newcomer.pc.signalingState).toBe("stable");
  });

  it("an unsigned one on the data channel ends it too", async () => {
    const { newcomer, host } = await connected();
    newcomer.pc.become("failed");
    await settle();
    const { type, sdp, round } = descriptionIn(newcomer.sent);
    host.pc.hear({ type: "signal", signal: { type: "description", description: { type, sdp, round } } });
    await settle();
    expect(host.log).toEqual(["description-unsigned"]);
  });

  it("a forged one in front does not hide the true one's round", async () => {
    const { newcomer, host } = await pair();
    const offer = descriptionIn(newcomer.sent);
    hand(host, { ...offer, round: 7 });
    hand(host, offer);
    await settle();
    expect(host.log).toEqual(["description-forged"]);
    expect(host.trust.log).toEqual(["offer 7 description-forged", "offer 0 good"]);
  });
});

describe("a key that cannot be asked", () => {
  it("refuses nobody: the copy is looked at when it can be again", async () => {
    const { newcomer, host } = await pair();
    const offer = descriptionIn(newcomer.sent);
    host.trust.broken = "link-lost";
    hand(host, offer);
    await settle();
    expect(host.log).toEqual([]);
    expect(host.pc.remoteDescription).toBeNull();
    host.trust.broken = null;
    hand(host, offer);
    await settle();
    expect(host.pc.remoteDescription?.sdp).toBe(offer.sdp);
  });

  it("sends nothing unsealed, and tries again", async () => {
    const newcomer = side(clock, true);
    newcomer.trust.broken = "link-lost";
    await clock.pass(10);
    expect(newcomer.sent).toEqual([]);
    newcomer.trust.broken = null;
    await clock.pass(2 * RETRY_EVERY);
    expect(descriptionIn(newcomer.sent).seal).toMatchObject({ key: "newcomer" });
  });

  it("tells what is refused from what was not looked at", () => {
    expect(refusalOf(coded("description-forged"))).toBe("description-forged");
    expect(refusalOf(coded("unverified-refused"))).toBe("unverified-refused");
    expect(refusalOf(coded("link-lost"))).toBeNull();
    expect(refusalOf(new Error("description-forged"))).toBeNull();
  });
});

describe("candidates", () => {
  it("are used with the ufrag of a good description only", async () => {
    const { newcomer, host } = await pair();
    const candidate = (line: string, usernameFragment?: string) =>
      host.peer.receive({
        type: "candidate",
        candidate: { candidate: line, ...(usernameFragment === undefined ? {} : { usernameFragment }) },
      });
    candidate("candidate:1 early", "offer1");
    candidate("candidate:2 of somebody else", "offer1x");
    candidate("candidate:3 without any");
    await deliver(newcomer, host);
    candidate("candidate:4 late 1 udp 1 192.0.2.1 9 typ host ufrag offer1 network-id 1");
    candidate("candidate:5 of somebody else ufrag eve1");
    candidate("candidate:6 without any");
    await settle();
    expect(host.pc.candidates.map(({ candidate: line }) => line.slice(0, 11))).toEqual([
      "candidate:1",
      "candidate:4",
    ]);
  });

  it("of a description that was refused are not used", async () => {
    const { newcomer, host } = await connected();
    newcomer.pc.become("failed");
    await settle();
    const { type, sdp, round } = descriptionIn(newcomer.sent);
    hand(host, { type, sdp, round });
    host.peer.receive({
      type: "candidate",
      candidate: { candidate: "candidate:9", usernameFragment: "offer2" },
    });
    await settle();
    expect(host.pc.candidates).toEqual([]);
  });
});

describe("the sources", () => {
  // Less the engine of our own, which is what descriptions are set on.
  const sources = import.meta.glob<string>(
    ["../**/*.ts", "../**/*.svelte", "!../**/*test*.ts", "!../rtc/**"],
    { query: "?raw", import: "default", eager: true },
  );

  it("set a remote description in one place, and only a checked one", () => {
    const places = Object.entries(sources).flatMap(([path, text]) =>
      [...text.matchAll(/\.setRemoteDescription\(([^)]*)\)/g)].map(([, what]) => [path, what]),
    );
    expect(places).toEqual([["./peer.ts", "checked.init"]]);
  });
});
