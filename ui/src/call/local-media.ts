/**
 * This machine's microphone, camera and screen (W3C Media Capture and Streams). Both are asked for at once, but where
 * that fails each by itself, so that a missing, busy or refused camera never costs the voice; and each is open exactly
 * as long as somebody holds it.
 */
import type { Clock } from "./clock";
import { chooseInput, problemOf, type InputKind, type MediaProblem } from "./devices";
import { constraintsFor, fullHdConstraints } from "./constraints";

/** The part of `navigator.mediaDevices` that is used. */
export type Devices = Pick<MediaDevices, "getUserMedia" | "enumerateDevices"> &
  Partial<Pick<MediaDevices, "getDisplayMedia">> &
  Pick<EventTarget, "addEventListener" | "removeEventListener">;

/** Who needs a device: both may at once, and a call takes the preview's over without opening it anew. */
export type Holder = "preview" | "call";

interface Input {
  track: MediaStreamTrack | null;
  problem: MediaProblem | null;
  /** The preferred label; "" is the system's choice. */
  preferred: string;
  /** deviceId chosen in this session, which tells two devices of one label apart. */
  chosenId: string;
}

/** Some engines tell of one plug by several events. */
const SETTLE = 300;

/** Text stays sharp, or motion smooth (W3C mst-content-hint, section 4.2). */
export type ScreenHint = "detail" | "motion";

/** Pictures of a screen that are wanted, a second. */
const SCREEN_RATES: Record<ScreenHint, number> = { detail: 15, motion: 30 };

export class LocalMedia {
  readonly #inputs: Record<InputKind, Input> = {
    microphone: { track: null, problem: null, preferred: "", chosenId: "" },
    camera: { track: null, problem: null, preferred: "", chosenId: "" },
  };
  readonly #holds = new Map<Holder, Record<InputKind, boolean>>();
  #work: Promise<void> = Promise.resolve();
  #fullHd = false;
  #screen: MediaStream | null = null;
  #screenHint: ScreenHint = "detail";
  #settling: (() => void) | null = null;

  constructor(
    private readonly devices: Devices | undefined,
    clock: Clock,
    private readonly on: {
      /** A track came, went or was replaced, or what is wrong has changed. */
      changed(kind: InputKind): void;
      screenChanged(): void;
      /** Devices were plugged in or pulled out, or have names now. */
      listChanged(): void;
    },
  ) {
    devices?.addEventListener("devicechange", () => {
      this.#settling?.();
      this.#settling = clock.after(SETTLE, () => {
        this.on.listChanged();
        void this.#enqueue(() => this.#follow());
      });
    });
  }

  track(kind: InputKind): MediaStreamTrack | null {
    return this.#inputs[kind].track;
  }

  problem(kind: InputKind): MediaProblem | null {
    return this.#inputs[kind].problem;
  }

  get screen(): MediaStream | null {
    return this.#screen;
  }

  /** What a shared screen is for; kept for the next one. */
  get screenHint(): ScreenHint {
    return this.#screenHint;
  }

  /** Resolves when what is held is open, or known not to open. */
  hold(holder: Holder, wanted: Record<InputKind, boolean>): Promise<void> {
    for (const kind of ["microphone", "camera"] as const) {
      // Asked for anew: what was wrong may be right now.
      if (wanted[kind] && !this.#holds.get(holder)?.[kind]) this.#inputs[kind].problem = null;
    }
    this.#holds.set(holder, wanted);
    return this.#enqueue(() => this.#settle());
  }

  release(holder: Holder): Promise<void> {
    if (holder === "call") this.stopScreen();
    return this.hold(holder, { microphone: false, camera: false });
  }

  /** Prefers a device from now on, also in mid-call. `id` is "" when only the label is known. */
  prefer(kind: InputKind, label: string, id: string): Promise<void> {
    const input = this.#inputs[kind];
    input.preferred = label;
    input.chosenId = id;
    return this.#enqueue(() => this.#follow());
  }

  /** 1080p when both sides can, 720p else. */
  async setFullHd(on: boolean): Promise<void> {
    if (this.#fullHd === on) return;
    this.#fullHd = on;
    await this.#size();
  }

  /** Asks the person for a screen. Rejects with the engine's DOMException when they do not want to. */
  async startScreen(): Promise<void> {
    if (!this.devices?.getDisplayMedia) throw new DOMException("no screen capture here", "NotFoundError");
    const stream = await this.devices.getDisplayMedia({
      video: { frameRate: { ideal: SCREEN_RATES[this.#screenHint], max: 30 } },
      audio: true,
    });
    this.stopScreen();
    this.#screen = stream;
    const [picture] = stream.getVideoTracks();
    if (picture) {
      this.#hint(picture);
      // The browser's own 'stop sharing'.
      picture.onended = () => this.stopScreen();
    }
    this.on.screenChanged();
  }

  /** Sharp text or smooth motion, also of the screen that is shared now. */
  setScreenHint(hint: ScreenHint): void {
    if (this.#screenHint === hint) return;
    this.#screenHint = hint;
    const [picture] = this.#screen?.getVideoTracks() ?? [];
    if (picture) this.#hint(picture);
    this.on.screenChanged();
  }

  #hint(picture: MediaStreamTrack): void {
    picture.contentHint = this.#screenHint;
    const frameRate = { ideal: SCREEN_RATES[this.#screenHint], max: 30 };
    // An engine that cannot goes on as it does.
    void picture.applyConstraints({ frameRate }).catch(() => undefined);
  }

  stopScreen(): void {
    if (!this.#screen) return;
    for (const track of this.#screen.getTracks()) end(track);
    this.#screen = null;
    this.on.screenChanged();
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work);
    return this.#work;
  }

  #isHeld(kind: InputKind): boolean {
    return [...this.#holds.values()].some((wanted) => wanted[kind]);
  }

  /** Opens what is held and not open; ends what is open and not held. The voice first. */
  async #settle(): Promise<void> {
    const kinds = ["microphone", "camera"] as const;
    const untried = kinds.every((kind) => {
      const { track, problem } = this.#inputs[kind];
      return this.#isHeld(kind) && !track && !problem;
    });
    if (untried) await this.#openBoth();
    for (const kind of ["microphone", "camera"] as const) {
      const input = this.#inputs[kind];
      if (!this.#isHeld(kind)) {
        if (input.track) this.#take(kind, null);
        input.problem = null;
      } else if (!input.track && !input.problem) await this.#open(kind);
    }
  }

  /** A device came or went: go to the preferred one if it is there, away from one that is gone. */
  async #follow(): Promise<void> {
    for (const kind of ["microphone", "camera"] as const) {
      if (!this.#isHeld(kind)) continue;
      const input = this.#inputs[kind];
      const current = input.track?.readyState === "live" ? input.track : null;
      if (!current) {
        await this.#open(kind);
        continue;
      }
      const { deviceId, groupId } = current.getSettings();
      const choice = chooseInput(await this.#list(), kind, input.preferred, input.chosenId, {
        label: current.label,
        deviceId: deviceId ?? "",
        groupId: groupId ?? "",
      });
      if (choice.move) await this.#open(kind, choice.deviceId);
    }
  }

  async #list(): Promise<MediaDeviceInfo[]> {
    try {
      return (await this.devices?.enumerateDevices()) ?? [];
    } catch {
      return [];
    }
  }

  /** Opens the preferred device, or any other where that fails. */
  async #open(kind: InputKind, deviceId?: string): Promise<void> {
    const input = this.#inputs[kind];
    const wantedId =
      deviceId ?? chooseInput(await this.#list(), kind, input.preferred, input.chosenId, null).deviceId;
    const hadNames = input.track !== null;
    try {
      let track: MediaStreamTrack;
      try {
        track = await this.#get(kind, wantedId);
      } catch (error) {
        if (!wantedId || problemOf(kind, error).endsWith("-denied")) throw error;
        track = await this.#get(kind, "");
      }
      // Nobody waits for it any more: it must not stay open behind their back.
      if (!this.#isHeld(kind)) {
        end(track);
        return;
      }
      this.#take(kind, track);
      if (kind === "camera") await this.#size();
    } catch (error) {
      input.problem = problemOf(kind, error);
      this.#take(kind, null);
      return;
    }
    // Names are only told once something is open.
    if (!hadNames) {
      this.on.listChanged();
      if (!wantedId && input.preferred) await this.#follow();
    }
  }

  /**
   * Both with one question to the person instead of two. Where that fails nothing is known of either yet, and each is
   * opened by itself.
   */
  async #openBoth(): Promise<void> {
    const list = await this.#list();
    const constraints = (kind: InputKind): MediaStreamConstraints => {
      const { preferred, chosenId } = this.#inputs[kind];
      return constraintsFor(kind, chooseInput(list, kind, preferred, chosenId, null).deviceId);
    };
    let stream: MediaStream | undefined;
    try {
      stream = await this.devices?.getUserMedia({ ...constraints("microphone"), ...constraints("camera") });
    } catch {
      return;
    }
    const tracks = { microphone: stream?.getAudioTracks()[0], camera: stream?.getVideoTracks()[0] };
    for (const kind of ["microphone", "camera"] as const) {
      const track = tracks[kind];
      if (track && this.#isHeld(kind)) this.#take(kind, track);
      else if (track) end(track);
    }
    await this.#size();
    // Names are only told once something is open; perhaps the preferred device is among them.
    this.on.listChanged();
    await this.#follow();
  }

  async #get(kind: InputKind, deviceId: string): Promise<MediaStreamTrack> {
    if (!this.devices) throw new DOMException("no media devices here", "NotFoundError");
    const stream = await this.devices.getUserMedia(constraintsFor(kind, deviceId));
    const [track] = stream.getTracks();
    if (!track) throw new DOMException("a stream without a track", "NotFoundError");
    return track;
  }

  #take(kind: InputKind, track: MediaStreamTrack | null): void {
    const input = this.#inputs[kind];
    if (input.track) end(input.track);
    input.track = track;
    if (track) {
      input.problem = null;
      track.contentHint = kind === "microphone" ? "speech" : "motion";
      // Pulled out, or taken away in the system's settings.
      track.onended = () => {
        if (input.track === track) void this.#enqueue(() => this.#lost(kind, track));
      };
    }
    this.on.changed(kind);
  }

  async #lost(kind: InputKind, track: MediaStreamTrack): Promise<void> {
    if (this.#inputs[kind].track !== track) return;
    this.#take(kind, null);
    if (this.#isHeld(kind)) await this.#open(kind);
  }

  async #size(): Promise<void> {
    const { track } = this.#inputs.camera;
    try {
      await track?.applyConstraints(fullHdConstraints(this.#fullHd));
    } catch {
      // It goes on as it is.
    }
  }
}

function end(track: MediaStreamTrack): void {
  track.onended = null;
  track.stop();
}
