// Invariant: what comes while the chat is closed is counted once, only what is said now is shown by itself, and nothing
// of a call's chat is left after it.
import { describe, expect, it } from "vitest";
import { FakeChannel } from "../call/files/testing";
import { FakeClock, settle } from "../call/testing";
import type { AppState, CallPeer, CallState } from "./contract";
import { Chatting, NO_CHAT } from "./chatting";

const [ANN, BOB] = ["a".repeat(52), "b".repeat(52)];

async function bobTalks() {
  const peer = { device: BOB, person: { name: "Bob" }, standing: { name: "Bobby" } } as unknown as CallPeer;
  const app: Pick<AppState, "chat" | "me" | "call"> = {
    chat: { ...NO_CHAT },
    me: { device: ANN, shortId: "", person: { name: "Ann", status: "available", note: "" } },
    call: { peers: [peer] } as unknown as CallState,
  };
  const chatting = new Chatting({ app, clock: new FakeClock() });
  chatting.begin([BOB]);
  const [mine, his] = FakeChannel.pair();
  chatting.attach(BOB, mine.asChannel);
  await settle();
  let count = 0;
  const say = async (text: string) => {
    mine.hear(
      JSON.stringify({ type: "text", id: "abcdefg".charAt(count++).repeat(26), text, at: 1_000_000 }),
    );
    await settle();
  };
  return { app, chatting, mine, his, say };
}

describe("chat as views see it", () => {
  it("counts what is not read, and shows the latest", async () => {
    const { app, chatting, say } = await bobTalks();
    await say("one");
    await say("two");
    expect(app.chat).toMatchObject({ unread: 2, latest: { id: 2, from: BOB, name: "Bob", text: "two" } });
    chatting.setOpen(true);
    expect(app.chat).toMatchObject({ unread: 0, latest: null });
    await say("three");
    expect(app.chat.unread).toBe(0);
    chatting.setOpen(false);
    await say("four");
    expect(app.chat).toMatchObject({ unread: 1, latest: { text: "four" } });
    expect(app.chat.lines.map(({ text }) => text)).toEqual(["one", "two", "three", "four"]);
  });
  it("counts what was said before, without showing it by itself, and one's own not at all", async () => {
    const { app, chatting, mine } = await bobTalks();
    const past = { id: "x".repeat(26), from: BOB, name: "Bob", text: "before", at: 1 };
    mine.hear(
      JSON.stringify({ type: "history", now: 1_000_000, messages: [past], reactions: [], last: true }),
    );
    chatting.send("hello");
    await settle();
    expect(app.chat).toMatchObject({ unread: 1, latest: null });
    expect(app.chat.lines).toHaveLength(2);
    expect(mine.said.map(({ type }) => type)).toEqual(["history-wanted", "text"]);
  });
  it("leaves nothing behind, and does not hear the call before", async () => {
    const { app, chatting, say } = await bobTalks();
    await say("secret");
    chatting.end();
    await settle();
    expect(JSON.stringify(app.chat)).toBe(JSON.stringify(NO_CHAT));
    await say("late");
    chatting.begin([]);
    await settle();
    expect(app.chat).toMatchObject({ lines: [], unread: 0, latest: null });
  });
});
