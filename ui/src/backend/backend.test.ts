import { describe, expect, it } from "vitest";
import { decode, encode } from "../trust/base32";
import { fromPair, helloToSign } from "../trust/key";
import { NodeSession } from "./node-session";
import { ReconnectPolicy } from "./reconnect";
import type { BackendMessage } from "./types";
import type { FromNode, ToNode } from "../gen/protocol";

describe("base32", () => {
  // RFC 4648, section 10, in lower case and without padding.
  it.each([
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ])("%s is %s", (text, coded) => {
    const bytes = new TextEncoder().encode(text);
    expect(encode(bytes)).toBe(coded);
    expect(decode(coded)).toEqual(bytes);
  });

  it("refuses what is not base32", () => {
    expect(decode("mzxw6!")).toBeNull();
    expect(decode("mzxw1")).toBeNull();
    expect(decode("mz")).toBeNull();
  });
});

describe("a guest's key", () => {
  it("signs label, hub, nonce, own key and no exporter, and nothing else", async () => {
    const generated = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    const pair = generated as CryptoKeyPair;
    const key = await fromPair(pair, "guest");
    const [hub, nonce] = [encode(new Uint8Array(32).fill(1)), encode(new Uint8Array(32).fill(2))];
    const raw = decode(key.publicKey);
    const expected = new Uint8Array([
      ...new TextEncoder().encode("earshot hello v1\0"),
      ...new Uint8Array(32).fill(1),
      ...new Uint8Array(32).fill(2),
      ...(raw ?? []),
      ...new Uint8Array(32),
    ]);
    expect(helloToSign(hub, nonce, key.publicKey)).toEqual(expected);
    const signature = decode(await key.signHello(hub, nonce));
    expect(signature).toHaveLength(64);
    const good = await crypto.subtle.verify(
      { name: "Ed25519" },
      pair.publicKey,
      signature ?? new Uint8Array(),
      expected,
    );
    expect(good).toBe(true);
  });

  it("signs nothing for a hub whose ids are not ids", async () => {
    expect(helloToSign("short", "short", "short")).toBeNull();
  });
});

describe("the reconnect policy", () => {
  it("doubles, stays under its cap, and begins anew after a link that stood", () => {
    const policy = new ReconnectPolicy(() => 1, 250, 10_000);
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => policy.next())).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
    policy.reset();
    expect(policy.next()).toBe(250);
  });

  it("spreads by half a step", () => {
    expect(new ReconnectPolicy(() => 0, 1000).next()).toBe(500);
    expect(new ReconnectPolicy(() => 0.5, 1000).next()).toBe(750);
  });

  it("never overflows", () => {
    const policy = new ReconnectPolicy(() => 0);
    for (let at = 0; at < 5_000; at++) policy.next();
    expect(policy.next()).toBe(5_000);
  });
});

describe("a page and its node", () => {
  function session() {
    const heard: BackendMessage[] = [];
    const sent: ToNode[] = [];
    const node = new NodeSession((message) => heard.push(message));
    return { node, heard, sent, attach: () => node.attached((message) => sent.push(message)) };
  }

  it("numbers each sort of question by itself and gives each its own answer", async () => {
    const { node, sent, attach } = session();
    attach();
    const leave = node.request({ type: "leave", room: "r" });
    const list = node.owner({ type: "list-calls" });
    const again = node.request({ type: "leave", room: "s" });
    expect(sent.map(({ type, id }) => [type, id])).toEqual([
      ["request", 1],
      ["owner", 1],
      ["request", 2],
    ]);
    node.receive({ type: "owner-ok", id: 1, reply: { type: "calls", calls: [] } });
    node.receive({ type: "message", seq: 1, message: { type: "error", id: 2, code: "not-in-room" } });
    node.receive({ type: "message", seq: 2, message: { type: "ok", id: 1, reply: { type: "done" } } });
    await expect(list).resolves.toEqual({ type: "calls", calls: [] });
    await expect(again).rejects.toMatchObject({ code: "not-in-room" });
    await expect(leave).resolves.toEqual({ type: "done" });
  });

  it("leaves nobody waiting when the node is gone", async () => {
    const { node, attach } = session();
    await expect(node.request({ type: "leave", room: "r" })).rejects.toMatchObject({ code: "link-lost" });
    attach();
    const waiting = node.owner({ type: "quit" });
    node.detached("link-lost");
    await expect(waiting).rejects.toMatchObject({ code: "link-lost" });
  });

  it("is told why it was put out", () => {
    const { node, heard, attach } = session();
    attach();
    node.receive({ type: "refused", code: "too-many-windows" } as FromNode);
    expect(heard).toEqual([{ type: "down", code: "too-many-windows", final: true }]);
  });
});
