import { expect, test, vi } from "vitest";
import { FakeTrack, installFakes } from "../testing-media";
import type { SoundLink } from "./link";
import { optionsOf, Sources } from "./source";

vi.mock("./worklets", () => ({ loadWorklets: () => Promise.resolve() }));
installFakes();

class FakeNode {
  readonly port = { postMessage: vi.fn(), onmessage: null };
  readonly gain = { value: 1 };
  readonly to = new Set<unknown>();
  connect(node: unknown): void {
    this.to.add(node);
  }
  disconnect(node?: unknown): void {
    if (node === undefined) this.to.clear();
    else this.to.delete(node);
  }
}

/** A context and a link that remember the nodes of tracks, and what the native side was asked for. */
function opened() {
  vi.stubGlobal("AudioWorkletNode", FakeNode);
  const inputs: FakeNode[] = [];
  const asked: string[] = [];
  const context = {
    destination: {},
    createMediaStreamSource: () => {
      const node = new FakeNode();
      inputs.push(node);
      return node;
    },
    createGain: () => new FakeNode(),
  } as unknown as AudioContext;
  let next = 1;
  const link = {
    request: (request: { type: string }) => {
      asked.push(request.type);
      return Promise.resolve({ type: "done" });
    },
    openSource: () => ({ port: { postMessage: vi.fn() }, memory: null }),
    nextSource: () => next++,
  } as unknown as SoundLink;
  return { sources: new Sources(context, link), inputs, asked };
}

test("a track that two senders hold is captured once, until both let it go", async () => {
  const { sources, inputs, asked } = opened();
  const track = new FakeTrack("audio").asTrack;
  expect(sources.hold(track)).toBe(sources.hold(track));
  await vi.waitFor(() => expect(inputs[0]?.to.size).toBe(2));
  sources.release(track);
  expect(asked).toEqual(["open-source"]);
  sources.release(track);
  expect(asked).toEqual(["open-source", "close-source"]);
});

test("what nobody holds any more is read on, into silence, and by the next one, until the track is over", async () => {
  const { sources, inputs } = opened();
  const track = new FakeTrack("audio").asTrack;
  sources.hold(track);
  await vi.waitFor(() => expect(inputs[0]?.to.size).toBe(2));
  sources.release(track);
  expect(inputs[0]?.to.size).toBe(1);
  const [silence] = inputs[0]?.to ?? [];
  expect((silence as FakeNode).gain.value).toBe(0);
  sources.hold(track);
  await vi.waitFor(() => expect(inputs[0]?.to.size).toBe(2));
  expect(inputs).toHaveLength(1);
  track.stop();
  expect(inputs[0]?.to.size).toBe(0);
  sources.release(track);
});

/** What is done to a track of these settings. */
function treatment(settings: MediaTrackSettings, hint = "", constraints: MediaTrackConstraints = {}) {
  const track = new FakeTrack("audio");
  Object.assign(track, { settings, constraints, contentHint: hint });
  return optionsOf(track.asTrack);
}

test("only a voice from a device is treated, unless the page does not want it", () => {
  const all = { echo_cancellation: true, noise_suppression: true, auto_gain_control: true };
  const none = { echo_cancellation: false, noise_suppression: false, auto_gain_control: false };
  expect(treatment({ deviceId: "a" })).toEqual({ ...all, channels: 1, speech: true });
  expect(treatment({ deviceId: "a", noiseSuppression: false })).toMatchObject({
    ...all,
    noise_suppression: false,
  });
  expect(treatment({ deviceId: "a", channelCount: 2 }, "music")).toEqual({
    ...none,
    channels: 2,
    speech: false,
  });
  // What a page makes itself, or plays on.
  expect(treatment({})).toEqual({ ...none, channels: 2, speech: false });
  expect(treatment({}, "speech")).toEqual({ ...none, channels: 1, speech: true });
});

test("what an engine does not tell of its settings, the page's constraints do", () => {
  const asked = { noiseSuppression: { ideal: false }, autoGainControl: { exact: false } };
  expect(treatment({ deviceId: "a", echoCancellation: true }, "", asked)).toMatchObject({
    ...{ echo_cancellation: true, noise_suppression: false, auto_gain_control: false },
  });
  const nothing = { ...asked, echoCancellation: false };
  expect(treatment({ deviceId: "a" }, "", nothing)).toMatchObject({ speech: false });
});
