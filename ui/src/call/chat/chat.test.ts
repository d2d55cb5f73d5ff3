// Invariant: everybody in a call ends up with the same words, each once, in the same order, whoever comes late or is cut
// off; and nobody can put words into the mouth of somebody who is there, push out what others said, or cost much.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../gen/protocol";
import { deviceOf, idOf, Office, Stranger } from "./testing";
import { parts, read } from "./wire";

async function three() {
  const office = new Office();
  const [ann, bob, cat] = [office.add("Ann"), office.add("Bob"), office.add("Cat")];
  ann.chat.begin([]);
  bob.chat.begin([ann.device]);
  office.join(ann, bob);
  await office.settle();
  return { office, ann, bob, cat };
}

const text = (words: string, id = "a", at = 1_000_000) => ({ type: "text", id: idOf(id), text: words, at });
const past = (from: string, words: string, id = "a", more = {}) => ({
  id: idOf(id),
  from: deviceOf(from),
  name: from,
  text: words,
  at: 1_000_000,
  ...more,
});
const history = (messages: unknown[], more = {}) => ({
  type: "history",
  now: 1_000_000,
  messages,
  reactions: [],
  last: true,
  ...more,
});

describe("talking", () => {
  it("says to everybody what one writes, once, and counts it as live", async () => {
    const { office, ann, bob, cat } = await three();
    expect(ann.chat.send("  hello\r\nBob\u202e \u0007 ")).toBeNull();
    await office.settle();
    await office.clock.pass(10);
    bob.chat.send("hi");
    await office.settle();
    for (const one of [ann, bob]) expect(one.words).toEqual(["Ann: hello\nBob", "Bob: hi"]);
    expect(bob.live).toEqual(["hello\nBob"]);
    expect(ann.lines.map(({ isOwn }) => isOwn)).toEqual([true, false]);
    expect(cat.words).toEqual([]);
  });
  it("refuses what is empty, too long or too fast, and keeps nothing of it", async () => {
    const { office, ann, bob } = await three();
    expect(ann.chat.send(" \n\u202e ")).toBe("empty");
    expect(ann.chat.send("好".repeat(LIMITS.MAX_CHAT_CHARS))).toBeNull();
    expect(ann.chat.send("好".repeat(LIMITS.MAX_CHAT_CHARS + 1))).toBe("too-long");
    for (let n = 1; n < LIMITS.MAX_CHAT_AT_ONCE; n++) expect(ann.chat.send(`${n}`)).toBeNull();
    expect(ann.chat.send("more")).toBe("too-fast");
    await office.settle();
    expect(bob.lines).toHaveLength(LIMITS.MAX_CHAT_AT_ONCE);
    await office.clock.pass(500);
    expect(ann.chat.send("later")).toBeNull();
  });
  it("shows reactions with who reacts, also taken back, and before their message is here", async () => {
    const { office, ann, bob, cat } = await three();
    ann.chat.send("lunch?");
    const [line] = ann.lines;
    if (!line) throw new Error("no line");
    await office.settle();
    bob.chat.react(line.from, line.id, "yes", true);
    bob.chat.react(line.from, line.id, "heart", true);
    bob.chat.react(line.from, line.id, "heart", false);
    await office.settle();
    expect(ann.lines[0]?.reactions).toEqual([{ reaction: "yes", devices: [bob.device], isOwn: false }]);
    expect(bob.lines[0]?.reactions[0]?.isOwn).toBe(true);
    // Bob's is quicker than Ann's words.
    cat.chat.begin([]);
    office.join(bob, cat);
    await office.settle();
    expect(cat.lines).toEqual([]);
    office.join(ann, cat);
    await office.settle();
    expect(cat.lines[0]?.reactions.map(({ reaction }) => reaction)).toEqual(["yes"]);
  });
  it("forgets everything with the call", async () => {
    const { office, ann, bob } = await three();
    ann.chat.send("secret");
    await office.settle();
    bob.chat.end();
    expect(bob.words).toEqual([]);
    ann.chat.send("more");
    await office.settle();
    expect(bob.words).toEqual([]);
  });
});

describe("coming late", () => {
  it("hears from each author what they said, and of who has left from the one longest in the call", async () => {
    const { office, ann, bob, cat } = await three();
    const dan = office.add("Dan");
    dan.chat.begin([ann.device, bob.device]);
    office.join(ann, dan);
    office.join(bob, dan);
    await office.settle();
    dan.chat.send("I have to go");
    await office.clock.pass(10);
    ann.chat.send("bye");
    await office.clock.pass(10);
    bob.chat.send("see you");
    await office.settle();
    const [said] = ann.lines;
    if (said) ann.chat.react(said.from, said.id, "yes", true);
    await office.settle();
    for (const one of [ann, bob]) office.cut(one, dan);
    cat.chat.begin([ann.device, bob.device]);
    // The one who has been there longest is connected a little later.
    office.join(bob, cat);
    await office.settle();
    office.join(ann, cat);
    await office.clock.pass(1_500);
    await office.settle();
    expect(cat.words).toEqual(["Dan: I have to go (Ann)", "Ann: bye", "Bob: see you"]);
    expect(cat.lines[0]?.told).toEqual({ by: ann.device, name: "Ann" });
    expect(cat.lines[0]?.reactions).toEqual([{ reaction: "yes", devices: [ann.device], isOwn: false }]);
    expect(cat.live).toEqual([]);
    expect([...cat.late].sort()).toEqual(["I have to go", "bye", "see you"]);
    // Nobody is asked by the others for more than their own words.
    expect(ann.words).toEqual(["Dan: I have to go", "Ann: bye", "Bob: see you"]);
  });
  it("asks the next when there is no answer, and once only", async () => {
    const { office, ann, bob, cat } = await three();
    ann.chat.send("one");
    await office.settle();
    const silent = deviceOf("z");
    cat.chat.begin([silent, bob.device, ann.device]);
    const stranger = new Stranger(cat, silent);
    await office.settle();
    expect(stranger.heard).toEqual([{ type: "history-wanted", all: true }]);
    const [, end] = office.join(bob, cat);
    await office.settle();
    expect(end.said).toContainEqual({ type: "history-wanted", all: false });
    expect(cat.words).toEqual([]);
    await office.clock.pass(LIMITS.CHAT_ANSWER_TIME);
    await office.settle();
    expect(cat.words).toEqual(["Ann: one (Bob)"]);
    await office.clock.pass(60_000);
    expect(stranger.heard).toHaveLength(1);
    // Its author's own word takes its place.
    office.join(ann, cat);
    await office.settle();
    expect(cat.words).toEqual(["Ann: one"]);
    expect(cat.late).toEqual(["one"]);
  });
  it("takes a long chat in parts that each fit into a message", async () => {
    const { office, ann, bob, cat } = await three();
    for (let n = 0; n < 30; n++) {
      expect(ann.chat.send(`${n} `.padEnd(LIMITS.MAX_CHAT_CHARS, "字"))).toBeNull();
      await office.clock.pass(1_000);
    }
    await office.settle();
    cat.chat.begin([bob.device]);
    const [end] = office.join(bob, cat);
    await office.settle();
    const answer = end.said.filter(({ type }) => type === "history");
    expect(answer.length).toBeGreaterThan(5);
    for (const part of answer)
      expect(new TextEncoder().encode(JSON.stringify(part)).length).toBeLessThan(LIMITS.MAX_MESSAGE_BYTES);
    expect(cat.lines.map((line) => Number.parseInt(line.text))).toEqual([...Array(30).keys()]);
  });
  it("keeps the order though a clock is wrong", async () => {
    const { office, ann, bob, cat } = await three();
    ann.chat.send("first");
    await office.settle();
    await office.clock.pass(10_000);
    const wrong = new Stranger(bob, deviceOf("w"));
    wrong.say({ ...text("second", "b"), at: 5 });
    await office.clock.pass(10_000);
    ann.chat.send("third");
    await office.settle();
    expect(bob.lines.map((line) => line.text)).toEqual(["first", "second", "third"]);
    cat.chat.begin([deviceOf("w")]);
    const slow = new Stranger(cat, deviceOf("w"));
    await office.settle();
    slow.say(history([past("w", "second", "b", { at: 5 })], { now: 10_005 }));
    office.join(ann, cat);
    await office.settle();
    expect(cat.lines.map((line) => line.text)).toEqual(["first", "second", "third"]);
  });
});

describe("a broken connection", () => {
  it("fills the gap on both sides when it is back, without doubles", async () => {
    const { office, ann, bob } = await three();
    ann.chat.send("before");
    await office.settle();
    office.cut(ann, bob);
    await office.clock.pass(5_000);
    ann.chat.send("are you there?");
    expect(ann.lines.at(-1)?.waiting).toEqual([bob.device]);
    await office.clock.pass(5_000);
    bob.chat.send("hello?");
    const [line] = bob.lines;
    if (line) bob.chat.react(line.from, line.id, "done", true);
    await office.settle();
    expect(bob.words).toEqual(["Ann: before", "Bob: hello?"]);
    office.join(ann, bob);
    await office.settle();
    for (const one of [ann, bob]) {
      expect(one.words).toEqual(["Ann: before", "Ann: are you there?", "Bob: hello?"]);
      expect(one.lines.flatMap(({ waiting }) => waiting)).toEqual([]);
      expect(one.lines[0]?.reactions.map(({ reaction }) => reaction)).toEqual(["done"]);
    }
    expect(bob.late).toEqual(["are you there?"]);
  });
  it("hears a reaction that was taken back meanwhile", async () => {
    const { office, ann, bob } = await three();
    ann.chat.send("one");
    await office.settle();
    const [line] = bob.lines;
    if (!line) throw new Error("no line");
    bob.chat.react(line.from, line.id, "yes", true);
    await office.settle();
    office.cut(ann, bob);
    bob.chat.react(line.from, line.id, "yes", false);
    expect(ann.lines[0]?.reactions).toHaveLength(1);
    office.join(ann, bob);
    await office.settle();
    expect(ann.lines[0]?.reactions).toEqual([]);
  });
  it("hears what a third one said meanwhile, who has left", async () => {
    const { office, ann, bob, cat } = await three();
    cat.chat.begin([ann.device, bob.device]);
    office.join(cat, bob);
    await office.settle();
    office.cut(ann, bob);
    cat.chat.send("I must go");
    await office.settle();
    office.cut(cat, bob);
    office.join(ann, bob);
    await office.settle();
    expect(ann.words).toEqual(["Cat: I must go (Bob)"]);
  });
  it("does not listen to a connection that another has replaced", async () => {
    const { office, ann } = await three();
    const old = new Stranger(ann);
    const fresh = new Stranger(ann);
    await office.settle();
    old.say(text("old"));
    fresh.say(text("new", "b"));
    expect(ann.lines.map((line) => line.text)).toEqual(["new"]);
  });
});

describe("a lying peer", () => {
  it("cannot change, replace or take the place of what somebody said", async () => {
    const { office, ann, bob, cat } = await three();
    bob.chat.send("true");
    await office.settle();
    const [line] = ann.lines;
    if (!line) throw new Error("no line");
    cat.chat.begin([deviceOf("z"), bob.device]);
    const liar = new Stranger(cat);
    await office.settle();
    // The same id as one's own, before Bob's own comes.
    liar.say({ ...text("mine"), id: line.id });
    const lies = [
      past("b", "false", "a", { id: line.id }),
      past("b", "never said", "b"),
      past("c", "Cat said so", "c"),
    ];
    liar.say(history(lies));
    office.join(bob, cat);
    await office.settle();
    expect(cat.words.sort()).toEqual(["?: mine", "Bob: never said (?)", "Bob: true", "Cat: Cat said so (?)"]);
    liar.say({ ...text("again"), id: line.id }, history(lies));
    expect(cat.words).toHaveLength(4);
    // What is passed on is Cat's tale, and what she is said to have said is not: it would pass for her own word.
    const dan = office.add("Dan");
    dan.chat.begin([cat.device]);
    office.join(cat, dan);
    await office.settle();
    expect(dan.words.sort()).toEqual(["?: mine (Cat)", "Bob: never said (Cat)", "Bob: true (Cat)"]);
  });
  it("is not heard when nobody asked", async () => {
    const { office, ann } = await three();
    const liar = new Stranger(ann);
    await office.settle();
    expect(liar.heard).toEqual([{ type: "history-wanted", all: false }]);
    // Only their own was asked for, and only once.
    liar.say(history([past("b", "false"), past("z", "mine", "b")]));
    liar.say(history([past("z", "more", "c"), past("b", "more", "d")]));
    expect(ann.words).toEqual(["?: mine"]);
  });
  it("cannot say how others react who say it themselves", async () => {
    const { office, ann, bob, cat } = await three();
    ann.chat.send("one");
    await office.settle();
    const [line] = ann.lines;
    if (!line) throw new Error("no line");
    cat.chat.begin([deviceOf("z"), bob.device]);
    const liar = new Stranger(cat);
    office.join(bob, cat);
    await office.settle();
    const reaction = { author: ann.device, id: line.id, reaction: "heart" };
    const reactions = [bob.device, ann.device, deviceOf("z")].map((from) => ({ ...reaction, from }));
    liar.say(history([past("a", "one", "a", { id: line.id })], { reactions }));
    // Ann is not there to say so; once she is, it is hers to say.
    expect(cat.lines[0]?.reactions.map(({ devices }) => devices)).toEqual([[ann.device, deviceOf("z")]]);
    office.join(ann, cat);
    await office.settle();
    expect(cat.lines[0]?.reactions.map(({ devices }) => devices)).toEqual([[deviceOf("z")]]);
  });
  it("is cut off when it floods, and others are not", async () => {
    const { office, ann, bob } = await three();
    const liar = new Stranger(ann);
    await office.settle();
    for (let n = 0; n < 5_000; n++)
      liar.say({
        ...text("spam"),
        id: n.toString(2).replaceAll("0", "a").replaceAll("1", "b").padStart(26, "a"),
      });
    const heard = ann.lines.length;
    expect(heard).toBeGreaterThan(50);
    expect(heard).toBeLessThan(100);
    bob.chat.send("still here");
    await office.settle();
    expect(ann.lines).toHaveLength(heard + 1);
    for (let n = 0; n < 100; n++) liar.say({ type: "history-wanted", all: true });
    expect(liar.heard.filter(({ type }) => type === "history")).toHaveLength(4);
  });
  it("cannot push out what others said", async () => {
    const { office, ann, bob } = await three();
    bob.chat.send("important");
    await office.settle();
    await office.clock.pass(10_000);
    const liar = new Stranger(ann);
    for (let round = 0; round < 40; round++) {
      for (let n = 0; n < 60; n++) {
        const id = (round * 100 + n).toString(2).replaceAll("0", "c").replaceAll("1", "d").padStart(26, "c");
        liar.say({ ...text("spam"), id, at: office.clock.now() });
      }
      await office.clock.pass(30_000);
    }
    expect(ann.lines).toHaveLength(LIMITS.MAX_CHAT_HISTORY);
    expect(ann.words).toContain("Bob: important");
    expect(ann.chat.cut).toBe(true);
  });
  it("tells no more than an answer may hold", async () => {
    const { office, cat } = await three();
    cat.chat.begin([deviceOf("z")]);
    const liar = new Stranger(cat);
    await office.settle();
    const many = (from: number, letter: string) =>
      Array.from({ length: 100 }, (_, n) =>
        past(letter, "x", "a", {
          id: (from + n).toString(2).replaceAll("0", "e").replaceAll("1", "f").padStart(26, "e"),
        }),
      );
    for (let n = 0; n < 20; n++) liar.say(history(many(n * 100, "yxwvu"[n % 5] ?? "y"), { last: false }));
    expect(cat.lines.length).toBe(LIMITS.MAX_CHAT_HISTORY);
    expect(cat.late).toHaveLength(LIMITS.MAX_CHAT_HISTORY);
  });
  it("says nothing that cannot be read", () => {
    const good = { ...text("hello") };
    expect(read(JSON.stringify(good))).toEqual(good);
    const bad: unknown[] = [
      "",
      "null",
      "[]",
      "{",
      "7",
      "x".repeat(100_000),
      { ...good, id: "short" },
      { ...good, id: 7 },
      { ...good, text: 7 },
      { ...good, text: "\u202e\u0000" },
      { ...good, text: "x".repeat(4_001) },
      { ...good, at: -1 },
      { ...good, at: 1.5 },
      { ...good, at: "1" },
      { ...good, type: "html" },
      { type: "react", author: deviceOf("a"), id: idOf("a"), reaction: "__proto__", on: true },
      { type: "react", author: "a", id: idOf("a"), reaction: "yes", on: true },
      { type: "react", author: deviceOf("a"), id: idOf("a"), reaction: "yes", on: 1 },
      { type: "history-wanted" },
      history([], { messages: {} }),
      history([], { now: null }),
      history([], { last: 1 }),
    ];
    for (const one of bad) expect(read(typeof one === "string" ? one : JSON.stringify(one))).toBeNull();
    const mixed = read(
      JSON.stringify(history([null, 7, past("b", "kept"), past("b", ""), past("b", "x", "?")])),
    );
    expect(mixed?.type === "history" && mixed.messages.map((one) => one.text)).toEqual(["kept"]);
    const named = read(JSON.stringify(history([past("b", "x", "a", { name: "B\u202eo\nb" })])));
    expect(named?.type === "history" && named.messages[0]?.name).toBe("Bo b");
  });
  it("gets an answer of nothing in one part", () => {
    expect(parts(7, [], [])).toEqual([{ type: "history", now: 7, messages: [], reactions: [], last: true }]);
  });
});
