/**
 * What the views read and what they may ask for: the one seam between `views/` + `components/` and everything
 * behind them. `AppState` is deeply reactive (Svelte runes) and read-only for views; all changes go through `Actions`.
 */
import type {
  CallRecord,
  DeviceId,
  ErrorCode,
  KnownDevice,
  Language,
  Media,
  NodeState,
  Person,
  Presence,
  Reaction,
  RingEnd,
  RingId,
  SettingsChange,
  Standing,
  Theme,
  VerifyStage,
} from "../gen/protocol";

import type { Gesture, OwnGestures, Spotlight } from "../call/gestures";
import type { InSight } from "../call/wanting";
import type { ChatActions, ChatState } from "./chatting";
import type { FilesActions, Transfer } from "./filing";
import type { FindingActions, FindingState } from "./finding";
import type { Coming, Entering, EnteringActions, HostingActions, Meeting } from "./meeting";

/** Where this UI runs: Tauri's window, a browser tab on a node's loopback address, or a guest's tab on a server. */
export type Surface = "window" | "loopback" | "guest";

/** Somebody in the list of people. Unique by `key` (device and list). */
export interface PersonEntry extends Presence {
  key: string;
  /** Heading of the group: null is 'On this network'; else the server's title. */
  group: string | null;
}

/** Codes of what can go wrong on this side, beyond the protocol's. Each has a sentence in every catalogue. */
export type LocalCode =
  | "microphone-denied"
  | "microphone-missing"
  | "microphone-busy"
  | "camera-denied"
  | "camera-missing"
  | "camera-busy"
  | "screen-denied"
  | "screen-no-portal"
  | "screen-missing"
  | "call-lost"
  | "not-connected"
  | "webrtc-missing"
  | "browser-too-old"
  | "insecure-page"
  | "key-used"
  | "backend-lost";

export type AnyCode = ErrorCode | LocalCode;

/** Something to tell the person once; the view shows `t("error." + code)` with what to do next. */
export interface Notice {
  id: number;
  level: "info" | "warning" | "error";
  code: AnyCode;
  /** A person's name to put into the sentence, where it has a place for one. */
  name?: string;
}

export interface IncomingRing {
  ring: RingId;
  from: Presence;
  media: Media;
  /** ms since 1970 when it began here. */
  since: number;
}

export type OutgoingRing = {
  to: PersonEntry;
  media: Media;
  since: number;
  /** dialling: on the way there; ringing: their side rings. */
  stage: "dialling" | "ringing";
};

/** How good the line is, from getStats, in the UI's words. */
export interface Quality {
  bars: 0 | 1 | 2 | 3;
  /** Key of the sentence, e.g. "quality.good", "quality.their-loss", "quality.my-loss", "quality.slow", "quality.reconnecting". */
  reason: string;
  /** For experts, copyable. */
  details: {
    rttMs?: number;
    lossPercent?: number;
    inKbps?: number;
    outKbps?: number;
    width?: number;
    height?: number;
    fps?: number;
    codec?: string;
    route?: "direct" | "relay";
  };
}

export interface CallPeer extends Gesture {
  device: DeviceId;
  person: Person;
  kind: Presence["kind"];
  connection: "connecting" | "connected" | "reconnecting" | "lost";
  /** What they say they send. */
  microphone: boolean;
  camera: boolean;
  /** Their camera is on, but there are too many to show it: others speak. */
  leftOut?: boolean;
  screen: boolean;
  /** Picture and sound; null until they come. `media` holds voice and camera, `screenMedia` screen and its sound. */
  media: MediaStream | null;
  screenMedia: MediaStream | null;
  /** What my memory says of them: what to call them, how well they are known, what does not fit about their name. */
  standing: Standing;
  /** Their descriptions were good: the key they are known by vouches for this connection. */
  sealed: boolean;
  /** Comparing the short code with them; null while nobody wants to. */
  verification: VerificationState | null;
  /** They are heard right now. */
  speaking: boolean;
  quality: Quality;
}

/** Two people compare the short code. */
export interface VerificationState {
  stage: VerifyStage;
  /** It was they who began: their person asks mine to compare. */
  theirs: boolean;
  /** Why it went wrong, if it did. */
  problem: AnyCode | null;
}

/** Somebody who was rung into the call that is on, until they come or the person takes it off the list. */
export interface Invited {
  device: DeviceId;
  name: string;
  /** ringing, or how it ended. */
  stage: "ringing" | "declined" | "busy" | "no-answer" | "gone";
  /** What they said with their 'no'. */
  message?: string;
}

export interface CallState {
  /** ms since 1970 when the first peer connected; null until then. */
  since: number | null;
  media: Media;
  peers: CallPeer[];
  /** Its room, once I am in it. */
  meeting: Meeting | null;
  /** The last who came or went, and other news of the kind. */
  comings: Coming[];
  /** In the order of asking. */
  invited: Invited[];
  /** The server whose people can be rung into it; null: those on this network. */
  via: DeviceId | null;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  /** What my shared screen is for: text that stays sharp, or motion that stays smooth. */
  screenHint: "detail" | "motion";
  /** What is wrong with my microphone or camera, if something is. */
  microphoneProblem: LocalCode | null;
  cameraProblem: LocalCode | null;
  /** I talk while muted. */
  mutedWhileSpeaking: boolean;
  /** My own camera (mirrored by the view), null when off. */
  own: MediaStream | null;
  /** My hand and reaction, what the host asks of me, and who is large for everyone. */
  gestures: OwnGestures;
}

/** What is shown after a call until it is dismissed. */
export interface CallSummary {
  name: string;
  device: DeviceId;
  media: Media;
  seconds: number;
  /** null: talked and hung up; else why there was no talk, or why it broke off. */
  end: RingEnd | { type: "failed"; code: AnyCode } | null;
  /** Whom to call again, if still listed. */
  entryKey: string | null;
  /** Of a meeting: its name, which may be empty, and who ran it, if it was not me. */
  meeting?: { title: string; host: string | null; ended: boolean };
}

export interface MediaDevice {
  /** deviceId of enumerateDevices. */
  id: string;
  label: string;
}

export interface DevicesState {
  microphones: MediaDevice[];
  cameras: MediaDevice[];
  speakers: MediaDevice[];
  /** Chosen ids; "" is the system's choice. */
  microphone: string;
  camera: string;
  speaker: string;
  /** The engine can send sound to a chosen speaker (setSinkId). */
  canChooseSpeaker: boolean;
}

/** The lobby's own preview. */
export interface PreviewState {
  /** off: not asked for yet or switched off. */
  stage: "off" | "starting" | "on";
  stream: MediaStream | null;
  /** 0 to 1, some 20 times a second while on. */
  level: number;
  microphoneProblem: LocalCode | null;
  cameraProblem: LocalCode | null;
}

/**
 * Whether this page can carry calls. A browser can when it has RTCPeerConnection. A window whose webview has none is
 * given one, which is tried out first; while it is, calls and answers wait.
 */
export type Ability =
  | { stage: "checking" }
  /** `lacks`: what would make calls better. */
  | { stage: "can"; lacks: readonly Lack[] }
  /** `lacks`: what stands in the way, as far as it is known. */
  | { stage: "cannot"; lacks: readonly Lack[] };

/** Something that calls in the window need, or would like to have. Each has a sentence in every catalogue. */
export interface Lack {
  what: "webview-too-old" | "native" | "sound" | "pictures" | "h264";
  /** What to install, by the names of Debian and Ubuntu; empty where nothing would help. */
  install: readonly string[];
}

export interface AppState {
  /** Meetings that can be found. */
  finding: FindingState;
  surface: Surface;
  /**
   * connecting: nothing known yet; naming: a guest must give a name first; ready; gone: `problem` says why.
   * `problem` may also be set while connecting or ready: the link is down and is being tried again.
   */
  phase: "connecting" | "naming" | "ready" | "gone";
  problem: AnyCode | null;
  ability: Ability;
  me: { device: DeviceId; shortId: string; person: Person } | null;
  /** Owner's side; null for a guest. */
  node: NodeState | null;
  /** Title of the server that a guest visits, or "". */
  serverTitle: string;
  /** Chosen by the owner (settings) or the guest (kept in the browser). */
  language: Language;
  theme: Theme;
  /** Calmly ordered: by group, then name. */
  people: PersonEntry[];
  /** `key` of the chosen person, or null. */
  chosen: string | null;
  incoming: IncomingRing[];
  outgoing: OutgoingRing | null;
  call: CallState | null;
  summary: CallSummary | null;
  /** Before a room that I want to come into. */
  entering: Entering | null;
  /** Files that come and go, in the order of their offers. */
  files: Transfer[];
  /** Of the call that is on. */
  chat: ChatState;
  calls: CallRecord[];
  missed: number;
  /** Remembered devices, the ones met last first. */
  known: KnownDevice[];
  devices: DevicesState;
  preview: PreviewState;
  notices: Notice[];
}

/** Beside talking. What only the host may do does nothing for anybody else. */
export interface GestureActions {
  raiseHand(up: boolean): void;
  react(reaction: Reaction): void;
  /** The host takes somebody's hand down. */
  lowerHand(device: DeviceId): void;
  /** The host mutes somebody, or everybody (null). */
  mute(device: DeviceId | null): void;
  askUnmute(device: DeviceId): void;
  /** The host makes somebody large for everyone; null: nobody any more. */
  spotlight(spotlight: Spotlight | null): void;
  /** What the host asked has been read. */
  dismissAsked(): void;
}

export interface Actions {
  gestures: GestureActions;
  /** Finding meetings: from a list, by a code or a link. */
  finding: FindingActions;
  /** Files between the people of a call. */
  files: FilesActions;
  /** Chat between the people of a call. */
  chat: ChatActions;
  /** What the people of a meeting do with it. */
  hosting: HostingActions;
  /** Coming into a room that was found. */
  entering: EnteringActions;
  choose(key: string | null): void;
  /** Asks for microphone (and camera), makes the room, rings. */
  call(key: string, media: Media): Promise<void>;
  cancelRing(): Promise<void>;
  accept(ring: RingId, media: Media): Promise<void>;
  decline(ring: RingId, message?: string): Promise<void>;
  hangUp(): Promise<void>;
  /** Rings somebody of the list into the call that is on. */
  invite(key: string): Promise<void>;
  /** Takes an invitation back, or its end off the list. */
  withdrawInvitation(device: DeviceId): Promise<void>;
  setMicrophone(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  setScreen(on: boolean): Promise<void>;
  /** Sharp text or smooth motion, for the screen that is shared and for the next one. */
  setScreenHint(hint: CallState["screenHint"]): void;
  chooseDevice(kind: "microphone" | "camera" | "speaker", id: string): Promise<void>;
  /** Starts or stops the lobby's preview. */
  setPreview(on: boolean): Promise<void>;
  dismissSummary(): void;
  dismissNotice(id: number): void;
  /** Resolves to null or the code why not. A guest may change `language`, `theme`, `status` and `note` too. */
  changeSettings(change: SettingsChange): Promise<AnyCode | null>;
  /** A guest's name, also later. */
  setGuestName(name: string): Promise<AnyCode | null>;
  markCallsSeen(): Promise<void>;
  clearCalls(): Promise<void>;
  openInBrowser(): Promise<void>;
  quit(): Promise<void>;
  /** The list of people is (not) being looked at. */
  setWatching(watching: boolean): void;
  /** Whose pictures are in sight, and how large, in pixels of the screen: the others need not be sent. */
  setShown(shown: readonly InSight[]): void;
  /** Compares the short code with somebody in the call: begins, or takes part when they began. */
  verify(device: DeviceId): Promise<void>;
  /** The person has compared. */
  confirmCode(device: DeviceId, matches: boolean): Promise<void>;
  /** Not now; also closes the result. */
  cancelVerify(device: DeviceId): Promise<void>;
  /** Each resolves to null or the code why not. A guest's browser remembers too, as far as it can. */
  rememberDevice(device: DeviceId): Promise<AnyCode | null>;
  /** null: their own name again. */
  renameDevice(device: DeviceId, name: string | null): Promise<AnyCode | null>;
  acceptName(device: DeviceId): Promise<AnyCode | null>;
  blockDevice(device: DeviceId, blocked: boolean): Promise<AnyCode | null>;
  forgetDevice(device: DeviceId): Promise<AnyCode | null>;
  /** null: none any more. */
  setPhrase(phrase: string | null): Promise<AnyCode | null>;
  dismissNotes(): Promise<void>;
  /** Plays a short sound on the chosen speaker. */
  testSpeaker(): Promise<void>;
}
