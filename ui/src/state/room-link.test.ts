import { describe, expect, it } from "vitest";
import { LIMITS, type RoomRef } from "../gen/protocol";
import { codeOfRoom, grouped, leadOf, linkOf, roomOfFragment, webLinkOf } from "./room-link";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** A small generator of numbers, the same in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function base32(bytes: readonly number[]): string {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = bits.match(/.{1,5}/g) ?? [];
  return digits.map((five) => ALPHABET.charAt(parseInt(five.padEnd(5, "0"), 2))).join("");
}

function someRoom(next: (below: number) => number): RoomRef {
  const id = (length: number): string => base32(Array.from({ length }, () => next(256)));
  const addresses = Array.from({ length: next(5) }, () => {
    const port = 1 + next(65_535);
    switch (next(4)) {
      case 0:
        return `[fd00::${next(65_536).toString(16)}]:${port}`;
      case 1:
        return "wss://calls.example.com/ws";
      default:
        return `192.168.${next(256)}.${next(256)}:${port}`;
    }
  });
  return { hub: { device: id(32), addresses }, room: id(16) };
}

describe("a link to a room", () => {
  it("is read as it was written", () => {
    const next = numbers(7);
    for (let round = 0; round < 2000; round++) {
      const room = someRoom(next);
      const link = linkOf(room);
      expect(leadOf(link)).toEqual({
        type: "room",
        room: { ...room, hub: { ...room.hub, addresses: room.hub.addresses.slice(0, 4) } },
      });
      expect(leadOf(`  ${link}\n`)).toEqual(leadOf(link));
      const web = webLinkOf("https://calls.example.com/", room.room);
      expect(leadOf(web)).toEqual({ type: "web", origin: "https://calls.example.com", room: room.room });
      expect(roomOfFragment(new URL(web).hash)).toBe(room.room);
    }
  });

  it("says nothing of addresses that lead nowhere", () => {
    const room = someRoom(numbers(1));
    const addresses = ["[fe80::1%eth0]:7000", "somebody.example:80", "http://10.0.0.1:1", "10.0.0.1:7000"];
    const read = leadOf(linkOf({ ...room, hub: { ...room.hub, addresses } }));
    expect(read).toMatchObject({ room: { hub: { addresses: ["10.0.0.1:7000"] } } });
  });

  const { hub, room } = someRoom(numbers(3));
  const good = `earshot:room?id=${room}&hub=${hub.device}`;
  it.each([
    "",
    "earshot:",
    "earshot:room",
    "earshot:room?",
    `earshot:room?id=${room}`,
    `earshot:quit?id=${room}&hub=${hub.device}`,
    `${good}&id=${room}`,
    `${good}&hub=${hub.device}`,
    `${good}&password=tin`,
    `${good}&at=somebody.example:80`,
    `${good}&at=javascript:alert(1)`,
    `${good}&at=10.0.0.1:0`,
    `${good}&at=ws://10.0.0.1/ws`,
    `${good}&at=wss://a@b/ws`,
    `${good}${"&at=10.0.0.1:1".repeat(LIMITS.MAX_ADDRESSES + 1)}`,
    `${good}#more`,
    good.replace(room, `${room.slice(0, -1)}1`),
    good.replace(room, room.slice(1)),
    good.replace(hub.device, `${hub.device}a`),
    `earshot:room?id=${room}&hub=${hub.device}&at=${"1".repeat(3000)}`,
    `javascript:alert(1)#room=${room}`,
    `http://calls.example.com/#room=${room}`,
    `ftp://calls.example.com/#room=${room}`,
    `https://ann:secret@calls.example.com/#room=${room}`,
    `https://calls.example.com/#room=${room}x`,
    `https://calls.example.com/?room=${room}`,
    `file:///etc/passwd#room=${room}`,
    "data:text/html,<script>alert(1)</script>",
  ])("is not this: %s", (text) => {
    expect(leadOf(text)).toBeNull();
  });

  it("survives whatever is pasted", () => {
    const next = numbers(11);
    const pieces = [
      good,
      "earshot:",
      "room?",
      "&at=",
      "%",
      "%ff",
      "\0",
      "\u202e",
      "#room=",
      "123",
      "https://",
      "[",
      "é",
      "\ud800",
      " ",
    ];
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: next(8) }, () => pieces[next(pieces.length)] ?? "").join("");
      const lead = leadOf(text);
      if (lead?.type === "room") expect(leadOf(linkOf(lead.room))).toEqual(lead);
    }
  });
});

describe("a room's code", () => {
  it("is the one that hubs make of the id", async () => {
    // The same two as in src-tauri/crates/protocol/src/listing.rs.
    expect(await codeOfRoom(base32(Array.from({ length: 16 }, () => 0)))).toBe("486650783");
    expect(await codeOfRoom(base32(Array.from({ length: 16 }, () => 7)))).toBe("341731256");
    for (const bad of ["", "a", "a".repeat(27), `${"a".repeat(25)}b`, "A".repeat(26)])
      expect(await codeOfRoom(bad)).toBe("");
  });

  it.each([
    "486650783",
    "486 650 783",
    " 486-650-783 ",
    "486.650.783",
    "４８６ ６５０ ７８３",
    "486 650 783",
  ])("is read as people type it: %s", (text) => {
    expect(leadOf(text)).toEqual({ type: "code", code: "486650783" });
  });

  it("has nine digits", () => {
    for (const text of ["48665078", "4866507830", "48665078a", "+486650783"]) expect(leadOf(text)).toBeNull();
    expect(grouped("486650783")).toBe("486 650 783");
  });
});
