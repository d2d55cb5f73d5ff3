/** Microphone and camera asked for at once, apart where that fails, and each open exactly as long as somebody holds it. */
import { beforeEach, describe, expect, it } from "vitest";
import { LocalMedia, type Devices } from "./local-media";
import { FakeClock, FakeTrack } from "./testing";

class FakeDevices extends EventTarget {
  list: MediaDeviceInfo[] = [];
  opened: { track: FakeTrack; constraints: MediaStreamConstraints }[] = [];
  fails: Partial<Record<"audio" | "video", string>> = {};
  gate: Promise<void> = Promise.resolve();

  add(kind: "audio" | "video", deviceId: string): void {
    const info = { kind: `${kind}input`, deviceId, label: `label ${deviceId}`, groupId: deviceId };
    this.list.push({ ...info, toJSON: () => ({}) } as MediaDeviceInfo);
  }

  enumerateDevices = (): Promise<MediaDeviceInfo[]> => Promise.resolve([...this.list]);

  questions = 0;

  getUserMedia = async (constraints: MediaStreamConstraints): Promise<MediaStream> => {
    this.questions += 1;
    await this.gate;
    const kinds = (["audio", "video"] as const).filter((kind) => constraints[kind]);
    // All or nothing, as the W3C has it.
    const found = kinds.map((kind) => ({ kind, info: this.#find(kind, constraints) }));
    const tracks = found.map(({ kind, info }) => {
      const track = new FakeTrack(kind, info.label, { deviceId: info.deviceId, groupId: info.groupId });
      this.opened.push({ track, constraints });
      return track;
    });
    const of = (kind: string) => tracks.filter((track) => track.kind === kind).map(({ asTrack }) => asTrack);
    return {
      getTracks: () => tracks.map(({ asTrack }) => asTrack),
      getAudioTracks: () => of("audio"),
      getVideoTracks: () => of("video"),
    } as MediaStream;
  };

  /** What was asked of a screen, and what was given. */
  readonly shared: { track: FakeTrack; constraints: DisplayMediaStreamOptions }[] = [];
  getDisplayMedia = (constraints: DisplayMediaStreamOptions): Promise<MediaStream> => {
    const track = new FakeTrack("video");
    this.shared.push({ track, constraints });
    const tracks = [track.asTrack];
    return Promise.resolve({
      getTracks: () => tracks,
      getVideoTracks: () => tracks,
    } as unknown as MediaStream);
  };

  #find(kind: "audio" | "video", constraints: MediaStreamConstraints): MediaDeviceInfo {
    const fails = this.fails[kind];
    if (fails) throw new DOMException("", fails);
    const wanted = (constraints[kind] as MediaTrackConstraints).deviceId;
    const exact = (wanted as { exact?: string } | undefined)?.exact;
    const info = this.list.find(
      ({ kind: is, deviceId }) => is === `${kind}input` && (!exact || deviceId === exact),
    );
    if (!info) throw new DOMException("", exact ? "OverconstrainedError" : "NotFoundError");
    return info;
  }

  get live(): FakeTrack[] {
    return this.opened.map(({ track }) => track).filter(({ readyState }) => readyState === "live");
  }
}

let clock: FakeClock;
let devices: FakeDevices;
let media: LocalMedia;
let seen: (MediaStreamTrack | null)[];

beforeEach(() => {
  clock = new FakeClock();
  devices = new FakeDevices();
  devices.add("audio", "inner");
  devices.add("video", "lid");
  seen = [];
  const on = {
    changed: (kind: "microphone" | "camera") => seen.push(media.track(kind)),
    screenChanged: () => undefined,
    listChanged: () => undefined,
  };
  media = new LocalMedia(devices as unknown as Devices, clock, on);
});

const BOTH = { microphone: true, camera: true };
const NONE = { microphone: false, camera: false };

describe("opening", () => {
  it("asks one question for both, with echo cancellation", async () => {
    await media.hold("call", BOTH);
    expect(devices.questions).toBe(1);
    expect(devices.opened.map(({ track }) => track.kind)).toEqual(["audio", "video"]);
    expect(devices.opened[0]?.constraints).toMatchObject({
      audio: { echoCancellation: { ideal: true }, noiseSuppression: { ideal: true } },
      video: { width: { ideal: 1280 }, frameRate: { ideal: 30 } },
    });
  });

  it("opens the preferred ones with that one question", async () => {
    devices.add("audio", "headset");
    devices.add("video", "desk");
    await media.prefer("microphone", "label headset", "");
    await media.prefer("camera", "label desk", "");
    await media.hold("call", BOTH);
    expect(devices.live.map(({ label }) => label)).toEqual(["label headset", "label desk"]);
    expect(devices.opened).toHaveLength(2);
  });

  it("keeps the voice when the camera is busy", async () => {
    devices.fails.video = "NotReadableError";
    await media.hold("call", BOTH);
    expect(media.track("microphone")).not.toBeNull();
    expect([media.problem("microphone"), media.problem("camera")]).toEqual([null, "camera-busy"]);
  });

  it("goes on with nothing at all", async () => {
    devices.fails = { audio: "NotAllowedError", video: "NotFoundError" };
    await media.hold("call", BOTH);
    expect([media.problem("microphone"), media.problem("camera")]).toEqual([
      "microphone-denied",
      "camera-missing",
    ]);
  });

  it("tries again when it is held anew", async () => {
    devices.fails.video = "NotReadableError";
    await media.hold("call", BOTH);
    devices.fails = {};
    await media.hold("call", { microphone: true, camera: false });
    await media.hold("call", BOTH);
    expect(media.track("camera")).not.toBeNull();
    expect(media.problem("camera")).toBeNull();
  });

  it("says that a machine without any media devices has none", async () => {
    const on = { changed: () => undefined, screenChanged: () => undefined, listChanged: () => undefined };
    const none = new LocalMedia(undefined, clock, on);
    await none.hold("call", BOTH);
    expect(none.problem("microphone")).toBe("microphone-missing");
  });
});

describe("closing", () => {
  it("ends the tracks", async () => {
    await media.hold("call", BOTH);
    await media.release("call");
    expect(devices.live).toEqual([]);
    expect(media.track("camera")).toBeNull();
  });

  it("does not leave open what is let go of while the person is asked", async () => {
    let allow = (): void => undefined;
    devices.gate = new Promise((resolve) => (allow = resolve));
    const held = media.hold("call", BOTH);
    const released = media.release("call");
    allow();
    await Promise.all([held, released]);
    expect(devices.live).toEqual([]);
    expect(seen.filter((track) => track !== null)).toEqual([]);
  });

  it("hands the preview's devices on to a call without opening them anew", async () => {
    await media.hold("preview", BOTH);
    await media.hold("call", BOTH);
    await media.release("preview");
    expect(devices.opened).toHaveLength(2);
    expect(devices.live).toHaveLength(2);
    await media.hold("call", NONE);
    expect(devices.live).toEqual([]);
  });
});

describe("plugging in and pulling out", () => {
  async function plugged(): Promise<void> {
    devices.dispatchEvent(new Event("devicechange"));
    await clock.pass(500);
    await media.hold("call", { microphone: true, camera: false });
  }

  it("falls back to another microphone and goes back to the preferred one", async () => {
    devices.add("audio", "headset");
    await media.prefer("microphone", "label headset", "");
    await media.hold("call", { microphone: true, camera: false });
    const [headset] = devices.live;
    expect(headset?.label).toBe("label headset");
    devices.list = devices.list.filter(({ deviceId }) => deviceId !== "headset");
    headset?.unplug();
    await plugged();
    expect(media.track("microphone")?.label).toBe("label inner");
    devices.add("audio", "headset");
    await plugged();
    expect(media.track("microphone")?.label).toBe("label headset");
    expect(devices.live).toHaveLength(1);
  });

  it("switches in mid-call when another is chosen", async () => {
    devices.add("audio", "headset");
    await media.hold("call", { microphone: true, camera: false });
    await media.prefer("microphone", "label headset", "headset");
    expect(media.track("microphone")?.label).toBe("label headset");
    expect(devices.live).toHaveLength(1);
  });

  it("opens nothing that nobody holds", async () => {
    devices.dispatchEvent(new Event("devicechange"));
    await media.prefer("camera", "label lid", "lid");
    await clock.pass(500);
    expect(devices.opened).toEqual([]);
  });

  it("says that there is none when the last one is pulled out", async () => {
    await media.hold("call", BOTH);
    const camera = devices.live.find(({ kind }) => kind === "video");
    devices.list = devices.list.filter(({ kind }) => kind !== "videoinput");
    camera?.unplug();
    await media.hold("call", BOTH);
    expect(media.track("camera")).toBeNull();
    expect(media.problem("camera")).toBe("camera-missing");
    expect(media.track("microphone")).not.toBeNull();
  });
});

describe("a shared screen", () => {
  const asked = (): unknown[] => devices.shared.map(({ constraints }) => constraints.video);

  it("is for text, until the person wants smooth motion, also the next time", async () => {
    await media.startScreen();
    const first = devices.shared[0]?.track;
    expect(first?.contentHint).toBe("detail");
    expect(asked()).toEqual([{ frameRate: { ideal: 15, max: 30 } }]);
    media.setScreenHint("motion");
    expect(first?.contentHint).toBe("motion");
    expect(first?.constrained.at(-1)).toEqual({ frameRate: { ideal: 30, max: 30 } });
    media.stopScreen();
    await media.startScreen();
    expect(devices.shared[1]?.track.contentHint).toBe("motion");
    expect(asked()[1]).toEqual({ frameRate: { ideal: 30, max: 30 } });
  });

  it("ends for good when the browser ends it, and the choice may be made without one", async () => {
    media.setScreenHint("motion");
    await media.startScreen();
    devices.shared[0]?.track.unplug();
    expect(media.screen).toBeNull();
    expect(media.screenHint).toBe("motion");
  });
});
