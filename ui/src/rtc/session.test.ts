import { beforeEach, describe, expect, it } from "vitest";
import type { Request, ToPage } from "./numbers";
import { PageSession } from "./session";
import type { WorkerLink } from "./worker/link";
import type { FromWorker, ToWorker } from "./worker/messages";

type Of<T extends FromWorker["type"]> = Extract<FromWorker, { type: T }>;

/** The Worker, as the session sees it. */
class FakeLink {
  posted: ToWorker[] = [];
  readonly #hears = new Map<string, (message: never) => void>();

  post(message: ToWorker): void {
    this.posted.push(message);
  }

  on<T extends FromWorker["type"]>(type: T, hear: (message: Of<T>) => void): void {
    this.#hears.set(type, hear as (message: never) => void);
  }

  say(message: FromWorker): void {
    this.#hears.get(message.type)?.(message as never);
  }

  hear(message: ToPage): void {
    this.say({ type: "message", message });
  }

  requests(): { id: number; type: string }[] {
    return this.posted.flatMap((one) =>
      one.type === "request" ? [{ id: one.message.id, type: one.message.request.type }] : [],
    );
  }
}

const OPEN: Extract<Request, { type: "open" }> = {
  type: "open",
  pc: 1,
  configuration: { ice_servers: [], relay_only: false },
};
const DONE = { type: "done" } as const;

let link: FakeLink;
let tickets: { resolve(url: string): void; reject(): void }[];
let session: PageSession;
let losses: number;

beforeEach(() => {
  link = new FakeLink();
  tickets = [];
  losses = 0;
  session = new PageSession(
    link as unknown as WorkerLink,
    () => new Promise((resolve, reject) => tickets.push({ resolve, reject: () => reject(new Error("no")) })),
  );
  session.onlost = () => (losses += 1);
});

async function connected(): Promise<void> {
  const connecting = session.connect();
  tickets.at(-1)?.resolve("ws://127.0.0.1:1/x");
  await Promise.resolve();
  link.say({ type: "connected", life: tickets.length });
  await connecting;
}

describe("a session", () => {
  it("opens one socket with one ticket, and sends what waited in its order", async () => {
    const opened = session.request(OPEN);
    session.sendData(1, 0, "hello");
    void session.request({ type: "close", pc: 1 }).catch(() => undefined);
    expect(link.posted).toEqual([]);
    tickets[0]?.resolve("ws://127.0.0.1:1/x");
    await Promise.resolve();
    expect(tickets).toHaveLength(1);
    expect(link.posted.map(({ type }) => type)).toEqual(["connect", "request", "data", "request"]);
    const [first] = link.requests();
    link.hear({ type: "reply", id: first?.id ?? 0, reply: DONE });
    expect(await opened).toEqual(DONE);
  });

  it("makes an exception of a fault's name", async () => {
    await connected();
    for (const [fault, name] of [
      ["OperationError", "OperationError"],
      ["Closed", "InvalidStateError"],
    ] as const) {
      const request = session.request(OPEN);
      link.hear({ type: "refused", id: link.requests().at(-1)?.id ?? 0, fault, message: "so it is" });
      await expect(request).rejects.toMatchObject({ name, message: "so it is" });
    }
  });

  it("tells events and data to the connection that they are of", async () => {
    await connected();
    const heard: unknown[] = [];
    const stop = session.listen(1, (event) => heard.push(event.type));
    session.listenData(2, (channel, data) => heard.push([channel, data]));
    const event = { type: "keyframe-wanted", line: 1 } as const;
    link.hear({ type: "event", pc: 1, event });
    link.hear({ type: "event", pc: 2, event });
    link.say({ type: "data", pc: 2, channel: 3, data: "text" });
    stop();
    link.hear({ type: "event", pc: 1, event });
    expect(heard).toEqual(["keyframe-wanted", [3, "text"]]);
  });

  it("rejects what waits when it is lost, and says so once", async () => {
    await connected();
    const request = session.request(OPEN);
    link.say({ type: "lost", life: 1 });
    link.say({ type: "lost", life: 1 });
    await expect(request).rejects.toMatchObject({ name: "InvalidStateError" });
    expect(losses).toBe(1);
    await expect(session.request({ type: "get-stats", pc: 1 })).rejects.toMatchObject({
      name: "InvalidStateError",
    });
  });

  it("opens another socket for the next connection", async () => {
    await connected();
    link.say({ type: "lost", life: 1 });
    const opened = session.request({ ...OPEN, pc: session.nextPc() });
    expect(tickets).toHaveLength(2);
    tickets[1]?.resolve("ws://127.0.0.1:1/y");
    await Promise.resolve();
    expect(link.posted.at(-2)).toEqual({ type: "connect", life: 2, url: "ws://127.0.0.1:1/y" });
    // Late news of the first one.
    link.say({ type: "lost", life: 1 });
    link.hear({ type: "reply", id: link.requests().at(-1)?.id ?? 0, reply: DONE });
    expect(await opened).toEqual(DONE);
    expect(losses).toBe(1);
  });

  it("is lost when no ticket is given", async () => {
    const connecting = session.connect();
    const request = session.request(OPEN);
    tickets[0]?.reject();
    await expect(connecting).rejects.toMatchObject({ name: "InvalidStateError" });
    await expect(request).rejects.toMatchObject({ name: "InvalidStateError" });
    expect(losses).toBe(1);
  });

  it("gives every connection and source a number of its own", () => {
    expect([session.nextPc(), session.nextPc()]).toEqual([1, 2]);
    expect([session.nextSource(), session.nextSource()]).toEqual([1, 2]);
  });
});
