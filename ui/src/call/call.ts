/**
 * One call: everybody in one room, what I send them, and how it ends. Whoever comes later offers; who was there
 * answers. Once connected, a call needs its hub only for newcomers.
 */
import type { DeviceId, IceServer, Participant, RoomRef, RoomState, Signal } from "../gen/protocol";
import type { ErrorCode, Event } from "../gen/protocol";
import type { InputKind } from "./devices";
import type { Environment, Lane } from "./environment";
import { Gestures, type Told } from "./gestures";
import type { LevelSource } from "./level";
import type { LocalMedia } from "./local-media";
import { Peer, type LocalState, type PeerOptions } from "./peer";
import { UNKNOWN, qualityOf, snapshot } from "./quality";
import { Speaking } from "./speaking";
import { PeerTrust, type RoomTrust } from "./trust";
import type { Verifying } from "./verifying";
import { viewOf, type CallView, type Member } from "./view";
import { Asking, type InSight } from "./wanting";

/** `refused`: what came for a connection was not to be used, or could not be vouched for. */
export type CallEnd = "hung-up" | "ended" | "removed" | "call-lost" | "link-lost" | { refused: ErrorCode };

/** What the call needs of its hub. */
export interface RoomHub {
  signal(to: DeviceId, signal: Signal): Promise<void>;
  leave(): Promise<void>;
}

/** The events that concern one room. */
export type RoomEvent = Extract<Event, { room: string }>;

export interface CallOptions {
  /** Who I am in the room. */
  me: DeviceId;
  room: RoomState;
  /** My own, added to the room's. */
  iceServers: readonly IceServer[];
  environment: Environment;
  /** Already held for the call. */
  local: LocalMedia;
  /** Whether the camera shall be on. */
  camera: boolean;
  /** This machine can code 1080p30 both ways and show it. */
  canFullHd: boolean;
  hub: RoomHub;
  /** It goes on with nobody else in it, while its hub is there. */
  stays?: boolean;
  /** The device key's word in this room. */
  trust: RoomTrust;
  /** Somebody's chat and files have these channels from now on. */
  channels?(device: DeviceId, ...channels: Parameters<NonNullable<PeerOptions["channels"]>>): void;
  /** Null where sound cannot be measured. */
  measure(track: MediaStreamTrack): LevelSource | null;
  on: {
    changed(): void;
    /** Somebody's connection is gone, and the call goes on without them. */
    gone(participant: Participant, why: CallEnd): void;
    /** A hand, a spotlight: what is told in passing. */
    told(what: Told, device: DeviceId): void;
    /** Said once, not after {@link Call.hangUp}. */
    ended(end: CallEnd): void;
  };
}

/** Between two looks at levels, and at the line, ms. */
const LEVELS_EVERY = 100;
const QUALITY_EVERY = 2_000;
/** How long the room may take to say why the last of several others has hung up, ms. */
const LAST_WORD = 2_000;

export class Call {
  /** Where it is held now. */
  room: RoomRef;
  /** Hands, reactions, and what the host asks. */
  readonly gestures: Gestures;
  readonly #options: CallOptions;
  readonly #members = new Map<DeviceId, Member>();
  readonly #timers: (() => void)[];
  #ownSpeaking = new Speaking();
  readonly #asking = new Asking();
  #since: number | null = null;
  #muted = false;
  #cameraOn: boolean;
  #level: LevelSource | null = null;
  #mutedWhileSpeaking = false;
  #own: MediaStream | null = null;
  #hubGone = false;
  /** There have been more than two of us. */
  #several = false;
  /** All others have hung up, and the room has yet to say why; cancels the wait. */
  #lastWord: (() => void) | null = null;
  #over = false;

  constructor(options: CallOptions) {
    this.#options = options;
    this.room = options.room.room;
    this.#cameraOn = options.camera;
    const { clock } = options.environment;
    this.gestures = new Gestures({
      clock,
      me: options.me,
      host: options.room.host,
      say: (to, message) => this.#members.get(to)?.peer.say(message),
      others: () => this.#members.keys(),
      isMuted: () => !this.#localState().microphone,
      mute: () => this.setMicrophone(false),
      tell: () => this.#tell(),
      changed: () => options.on.changed(),
      told: (what, device) => options.on.told(what, device),
    });
    this.#timers = [
      clock.every(LEVELS_EVERY, () => this.#listen()),
      clock.every(QUALITY_EVERY, () => void this.#look()),
    ];
    this.#microphoneTrackChanged();
    this.#cameraTrackChanged();
    for (const participant of options.room.participants) this.#add(participant, true);
  }

  /** When the first of them connected, ms since 1970. */
  get since(): number | null {
    return this.#since;
  }

  view(): CallView {
    const { local } = this.#options;
    const state = this.#localState();
    return {
      since: this.#since,
      peers: [...this.#members.values()].map((member) =>
        viewOf(
          member,
          this.#asking.isLeftOut(member.participant.device),
          this.gestures.of(member.participant.device),
        ),
      ),
      microphone: state.microphone,
      camera: state.camera,
      screen: state.screen,
      screenHint: local.screenHint,
      microphoneProblem: local.problem("microphone"),
      cameraProblem: local.problem("camera"),
      mutedWhileSpeaking: this.#mutedWhileSpeaking,
      own: this.#own,
      gestures: this.gestures.view,
    };
  }

  get size(): number {
    return this.#members.size;
  }

  /** An event of this call's room. */
  receive(event: RoomEvent): void {
    if (this.#over || event.room !== this.room.room) return;
    switch (event.type) {
      case "participant-joined":
        this.#add(event.participant, false);
        break;
      case "participant-returned":
        this.#returned(event.participant);
        break;
      case "room-moved":
        this.#moved(event.state);
        break;
      case "participant-left": {
        // Who only lost their hub may still be heard; their connection says when they are gone.
        const member = this.#members.get(event.device);
        const wanted = event.reason === "left" || event.reason === "removed";
        if (wanted || member?.peer.connection !== "connected")
          this.#remove(event.device, wanted ? "hung-up" : "call-lost");
        if (this.#lastWord) this.#end("hung-up");
        break;
      }
      case "participant-changed": {
        const member = this.#members.get(event.participant.device);
        if (!member) break;
        const moved = !sameAddresses(member.participant, event.participant);
        member.participant = event.participant;
        if (moved) member.peer.nudge();
        this.#options.on.changed();
        break;
      }
      case "room-closed":
        if (event.reason === "left") this.#end("hung-up");
        else if (event.reason === "ended" || event.reason === "removed") this.#end(event.reason);
        else this.hubLost();
        break;
      case "signal":
        this.#signalled(event.from, event.signal);
        break;
      case "host-changed":
        this.gestures.hostIs(event.host);
        break;
      case "rules-changed":
      case "knocking":
      case "knock-ended":
      case "let-in":
      case "room-has-place":
      case "room-yielded":
      case "room-sought":
      case "room-empty":
      case "participant-silent":
        break;
    }
  }

  /** Another hub holds the room now, and I am in it again: connections go on, and who has none with me is offered one. */
  #moved(state: RoomState): void {
    this.room = state.room;
    this.#hubGone = false;
    this.gestures.hostIs(state.host);
    for (const participant of state.participants) {
      const member = this.#members.get(participant.device);
      if (member) member.participant = participant;
      else this.#add(participant, true);
    }
    this.nudge();
    this.#options.on.changed();
  }

  /** Somebody is in the room again, who may take me for connected: then they have to hear that I am not. */
  #returned(participant: Participant): void {
    const member = this.#members.get(participant.device);
    if (member) {
      member.participant = participant;
      member.peer.nudge();
      this.#options.on.changed();
      return;
    }
    this.#add(participant, false);
    void this.#options.hub.signal(participant.device, { type: "offer-wanted" }).catch(() => undefined);
  }

  #signalled(from: DeviceId, signal: Signal): void {
    const member = this.#members.get(from);
    if (!member) return;
    const { peer, participant } = member;
    if (signal.type === "offer-wanted") {
      // What I have just offered is on its way to them.
      if (!peer.isNew) this.#add(participant, true);
      return;
    }
    // They have begun anew, without a word from the hub: they took me for gone.
    if (peer.beginsAnew(signal)) this.#add(participant, false);
    this.#members.get(from)?.peer.receive(signal);
  }

  /** The room is gone. Those already connected talk on. */
  hubLost(): void {
    this.#hubGone = true;
    const isAlive = ({ peer }: Member): boolean => peer.connection !== "connecting";
    for (const member of [...this.#members.values()])
      if (!isAlive(member)) this.#remove(member.participant.device, "link-lost");
    if (this.#members.size === 0) this.#end(this.#lastWord ? "hung-up" : "link-lost");
  }

  /** The network or the hub seems to be back. */
  nudge(): void {
    for (const { peer } of this.#members.values()) peer.nudge();
  }

  setMicrophone(on: boolean): void {
    this.#muted = !on;
    const track = this.#options.local.track("microphone");
    if (track) track.enabled = on;
    // The end of what was said before is not said into a muted microphone.
    this.#ownSpeaking = new Speaking();
    this.#mutedWhileSpeaking = false;
    if (on) this.gestures.unmuted();
    this.#tell();
  }

  /** The camera shall be on or off; the track itself comes and goes with {@link LocalMedia}. */
  setCamera(on: boolean): void {
    this.#cameraOn = on;
    this.#tell();
  }

  /** A local track was replaced, came or went. */
  localChanged(kind: InputKind): void {
    if (this.#over) return;
    if (kind === "microphone") this.#microphoneTrackChanged();
    else this.#cameraTrackChanged();
    this.#tell();
  }

  localScreenChanged(): void {
    if (this.#over) return;
    const screen = this.#options.local.screen;
    this.#send("screen", screen?.getVideoTracks()[0] ?? null);
    this.#send("screen-sound", screen?.getAudioTracks()[0] ?? null);
    this.#tell();
  }

  /** Whose pictures are in sight, and how large: no more is asked for. */
  shown(seen: readonly InSight[]): void {
    this.#asking.shown(seen);
    this.#ask();
    this.#options.on.changed();
  }

  #ask(): void {
    for (const [device, { peer }] of this.#members) {
      const sizes = this.#asking.of(device, peer.remote?.screen ?? false);
      if (sizes) peer.wanting.put(sizes);
    }
  }

  /** Comparing the short code with somebody in the call; null for who is not. */
  verifying(device: DeviceId): Verifying | null {
    return this.#members.get(device)?.peer.verifying ?? null;
  }

  /** Tells the others, frees the connections and the room. The local media is its holder's to release. */
  async hangUp(): Promise<void> {
    if (this.#over) return;
    this.#close();
    await this.#options.hub.leave();
  }

  #add(participant: Participant, offers: boolean): void {
    // Come anew, from a reloaded page say: the old connection leads nowhere.
    this.#members.get(participant.device)?.peer.close();
    const { device } = participant;
    const peer = new Peer({
      device,
      offers,
      iceServers: this.#iceServers(),
      environment: this.#options.environment,
      tracks: this.#tracks(),
      local: this.#localState(),
      trust: new PeerTrust(this.#options.trust, device),
      channels: (...channels) => this.#options.channels?.(device, ...channels),
      send: (signal) => void this.#options.hub.signal(device, signal).catch(() => undefined),
      on: {
        changed: () => this.#peerChanged(device, peer),
        bye: () => this.#ifCurrent(device, peer, () => this.#goodbye(device)),
        lost: () => this.#ifCurrent(device, peer, () => this.#remove(device, "call-lost")),
        refused: (code) => this.#ifCurrent(device, peer, () => this.#remove(device, { refused: code })),
        opened: () => this.#ifCurrent(device, peer, () => this.gestures.opened(device)),
        heard: (message) => this.#ifCurrent(device, peer, () => this.gestures.heard(device, message)),
      },
    });
    this.#members.set(device, {
      participant,
      peer,
      speaking: new Speaking(),
      isSpeaking: false,
      quality: UNKNOWN,
      last: null,
    });
    this.#several ||= this.#members.size > 1;
    this.#lastWord?.();
    this.#lastWord = null;
    this.#sizeUp();
    this.#ask();
    this.#options.on.changed();
  }

  #ifCurrent(device: DeviceId, peer: Peer, run: () => void): void {
    if (!this.#over && this.#members.get(device)?.peer === peer) run();
  }

  #peerChanged(device: DeviceId, peer: Peer): void {
    this.#ifCurrent(device, peer, () => {
      if (peer.connection === "connected") this.#since ??= this.#options.environment.clock.now();
      this.#sizeUp();
      this.#ask();
      this.#options.on.changed();
    });
  }

  #remove(device: DeviceId, why: CallEnd): void {
    const member = this.#members.get(device);
    if (!member) return;
    member.peer.close();
    this.#members.delete(device);
    this.gestures.left(device);
    const staysOpen = this.#lastWord !== null || (this.#options.stays && !this.#hubGone);
    if (this.#members.size === 0 && !staysOpen) this.#end(why);
    else {
      this.#sizeUp();
      this.#options.on.gone(member.participant, why);
      this.#options.on.changed();
    }
  }

  /** Of a meeting that a host ends, or puts me out of, the goodbyes may be here before the room's word. */
  #goodbye(device: DeviceId): void {
    if (this.#several && this.#members.size === 1 && !this.#options.stays && !this.#hubGone)
      this.#lastWord = this.#options.environment.clock.after(LAST_WORD, () => this.#end("hung-up"));
    this.#remove(device, "hung-up");
  }

  #end(why: CallEnd): void {
    if (this.#over) return;
    this.#close();
    void this.#options.hub.leave().catch(() => undefined);
    this.#options.on.ended(why);
  }

  #close(): void {
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    this.#lastWord?.();
    this.gestures.stop();
    this.#level?.close();
    this.#level = null;
    for (const { peer } of this.#members.values()) peer.close();
    this.#members.clear();
  }

  #iceServers(): IceServer[] {
    const all = [...this.#options.room.ice_servers, ...this.#options.iceServers];
    return [...new Map(all.map((server) => [JSON.stringify(server), server])).values()];
  }

  #tracks(): Map<Lane, MediaStreamTrack> {
    const { local } = this.#options;
    const screen = local.screen;
    const lanes: [Lane, MediaStreamTrack | null | undefined][] = [
      ["voice", local.track("microphone")],
      ["camera", local.track("camera")],
      ["screen", screen?.getVideoTracks()[0]],
      ["screen-sound", screen?.getAudioTracks()[0]],
    ];
    return new Map(lanes.filter((lane): lane is [Lane, MediaStreamTrack] => !!lane[1]));
  }

  #localState(): LocalState {
    const { local, canFullHd } = this.#options;
    const camera = local.track("camera");
    const { hand } = this.gestures.view;
    return {
      ...(hand === null ? {} : { raised: hand }),
      microphone: !this.#muted && local.track("microphone") !== null,
      camera: this.#cameraOn && camera !== null,
      screen: local.screen !== null,
      full_hd: canFullHd && widest(camera) >= 1920,
    };
  }

  #microphoneTrackChanged(): void {
    const track = this.#options.local.track("microphone");
    if (track) track.enabled = !this.#muted;
    this.#level?.close();
    this.#level = track ? this.#options.measure(track) : null;
    this.#send("voice", track);
  }

  #cameraTrackChanged(): void {
    const track = this.#options.local.track("camera");
    this.#own = track ? this.#options.environment.stream([track]) : null;
    this.#send("camera", track);
  }

  #send(lane: Lane, track: MediaStreamTrack | null): void {
    // A sender that is closing takes no track; nothing is lost by that.
    for (const { peer } of this.#members.values()) void peer.setTrack(lane, track).catch(() => undefined);
  }

  #tell(): void {
    const state = this.#localState();
    for (const { peer } of this.#members.values()) peer.setLocal(state);
    this.#options.on.changed();
  }

  /** 1080p for two people who both can; more people share the line and the processor. */
  #sizeUp(): void {
    const [only, ...others] = this.#members.values();
    for (const { peer } of this.#members.values()) peer.setOthers(this.#members.size);
    void this.#options.local.setFullHd(others.length === 0 && (only?.peer.fullHd ?? false));
  }

  #listen(): void {
    const now = this.#options.environment.clock.now();
    let changed = false;
    let asks = false;
    for (const [device, member] of this.#members) {
      const isHeard = member.peer.remote?.microphone ?? true;
      const level = member.peer.level();
      const speaking = member.speaking.update(isHeard ? level : 0, now);
      changed ||= speaking !== member.isSpeaking;
      member.isSpeaking = speaking;
      if (speaking && this.#asking.heard(device, now)) asks = true;
    }
    if (asks) this.#ask();
    changed ||= asks;
    const mine = this.#ownSpeaking.update(this.#level?.read() ?? 0, now) && this.#muted;
    changed ||= mine !== this.#mutedWhileSpeaking;
    this.#mutedWhileSpeaking = mine;
    if (changed) this.#options.on.changed();
  }

  async #look(): Promise<void> {
    for (const member of this.#members.values()) {
      if (member.peer.connection === "connecting") continue;
      try {
        const look = snapshot(await member.peer.stats(), this.#options.environment.clock.now());
        member.quality = qualityOf(member.last, look);
        member.last = look;
      } catch {
        // The connection was closed in the middle of it.
      }
    }
    if (!this.#over && this.#members.size > 0) this.#options.on.changed();
  }
}

function widest(camera: MediaStreamTrack | null): number {
  // Not in every engine.
  return (
    (camera?.getCapabilities as (() => MediaTrackCapabilities) | undefined)?.call(camera).width?.max ?? 0
  );
}

/** Where their machine is reached, as they say; it changes with their network. */
function sameAddresses(one: Participant, other: Participant): boolean {
  return String(one.hub?.addresses) === String(other.hub?.addresses);
}
