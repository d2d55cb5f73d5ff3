import { expect, test, vi } from "vitest";
import { FakeTrack, installFakes } from "../testing-media";
import type { SoundLink } from "./link";
import { optionsOf, Sources } from "./source";

vi.mock("./worklets", () => ({ loadWorklets: () => Promise.resolve() }));
installFakes();

/** A worklet of a context that runs: everything is gathered at once. */
class FakeNode {
  readonly port = {
    onmessage: null as ((event: { data: unknown }) => void) | null,
    postMessage: (data: unknown): void => {
      if (data === "gathering") this.port.onmessage?.({ data: "gathered" });
    },
  };
  readonly connected: unknown[] = [];
  connect(to: unknown): void {
    this.connected.push(to);
    queueMicrotask(() => this.port.onmessage?.({ data: "running" }));
  }
  disconnect(): void {}
}

/** A context and a link that remember which tracks are read, and what the native side was asked for. */
function opened() {
  vi.stubGlobal("AudioWorkletNode", FakeNode);
  const read: MediaStreamTrack[] = [];
  const asked: string[] = [];
  const context = {
    destination: {},
    createMediaStreamSource: (stream: MediaStream) => {
      read.push(...stream.getTracks());
      return new FakeNode();
    },
  } as unknown as AudioContext;
  let next = 1;
  const link = {
    request: (request: { type: string }) => {
      asked.push(request.type);
      return Promise.resolve({ type: "done" });
    },
    openSourcePort: () => ({ postMessage: vi.fn() }),
    nextSource: () => next++,
  } as unknown as SoundLink;
  return { sources: new Sources(context, link), read, asked };
}

test("a track that two senders hold is read once, and until both let it go", async () => {
  const { sources, read, asked } = opened();
  const track = new FakeTrack("audio").asTrack;
  expect(sources.hold(track)).toBe(sources.hold(track));
  await vi.waitFor(() => expect(read).toHaveLength(1));
  sources.release(track);
  expect(read[0]?.readyState).toBe("live");
  sources.release(track);
  expect(read[0]?.readyState).toBe("ended");
  expect(track.readyState).toBe("live");
  expect(asked).toEqual(["open-source", "close-source"]);
});

test("what is read is as silent as the track, and over with it", async () => {
  const { sources, read } = opened();
  const track = new FakeTrack("audio").asTrack;
  track.enabled = false;
  sources.hold(track);
  await vi.waitFor(() => expect(read).toHaveLength(1));
  expect(read[0]?.enabled).toBe(false);
  track.enabled = true;
  expect(read[0]?.enabled).toBe(true);
  track.stop();
  expect(read[0]?.readyState).toBe("ended");
});

test("only a voice from a device is treated, unless its settings say that this is done or unwanted", () => {
  const all = { echo_cancellation: true, noise_suppression: true, auto_gain_control: true };
  const none = { echo_cancellation: false, noise_suppression: false, auto_gain_control: false };
  expect(optionsOf({ deviceId: "a" }, "")).toEqual({ ...all, channels: 1, speech: true });
  expect(optionsOf({ deviceId: "a", noiseSuppression: false }, "")).toMatchObject({
    ...all,
    noise_suppression: false,
  });
  expect(optionsOf({ deviceId: "a", channelCount: 2 }, "music")).toEqual({
    ...none,
    channels: 2,
    speech: false,
  });
  // What a page makes itself, or plays on.
  expect(optionsOf({}, "")).toEqual({ ...none, channels: 2, speech: false });
  expect(optionsOf({}, "speech")).toEqual({ ...none, channels: 1, speech: true });
});
