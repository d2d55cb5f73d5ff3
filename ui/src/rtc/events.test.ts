/** Tasks: in order, each once, by whichever of the page's two clocks comes first. */
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** Tasks of a page whose port or timer is told when to come. */
async function clocks() {
  const timers: (() => void)[] = [];
  const ports: (() => void)[] = [];
  class Channel {
    readonly port1: { onmessage: (() => void) | null } = { onmessage: null };
    readonly port2 = { postMessage: () => ports.push(() => this.port1.onmessage?.()) };
  }
  vi.stubGlobal("MessageChannel", Channel);
  vi.stubGlobal("setTimeout", (call: () => void) => timers.push(call));
  const { queueTask } = await import("./events");
  return { queueTask, port: () => ports.shift()?.(), timer: () => timers.shift()?.() };
}

test("tasks run by the port where timers wait, and by timers where the port is late", async () => {
  const { queueTask, port, timer } = await clocks();
  const log: string[] = [];
  for (const name of ["a", "b", "c", "d"]) queueTask(() => log.push(name));
  expect(log).toEqual([]);
  port();
  port();
  expect(log).toEqual(["a", "b"]);
  timer();
  timer();
  expect(log).toEqual(["a", "b"]);
  timer();
  expect(log).toEqual(["a", "b", "c"]);
  port();
  expect(log).toEqual(["a", "b", "c"]);
  port();
  timer();
  expect(log).toEqual(["a", "b", "c", "d"]);
});

test("a task that throws costs no other", async () => {
  const { queueTask, port, timer } = await clocks();
  const log: string[] = [];
  queueTask(() => {
    throw new Error("of the page");
  });
  queueTask(() => log.push("next"));
  expect(port).toThrow("of the page");
  timer();
  expect(log).toEqual([]);
  timer();
  expect(log).toEqual(["next"]);
});
