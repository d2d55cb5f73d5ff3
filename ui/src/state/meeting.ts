/** A meeting as its people run it, and the way into one: what views read and may ask for. Part of `contract.ts`. */
import type {
  DeviceId,
  DeviceKind,
  Media,
  Person,
  RoomRef,
  RoomRules,
  RoomSummary,
  Standing,
} from "../gen/protocol";
import type { Told } from "../call/gestures";
import type { AnyCode } from "./contract";

/** The room of the call that is on. */
export interface Meeting {
  room: RoomRef;
  rules: RoomRules;
  /** Who runs it. */
  host: DeviceId;
  /** Who made it, and may take the host's role back. */
  founder: DeviceId;
  /** Who asks to be let in, the longest waiting first; only the host is told. */
  knocking: Knock[];
  /** It was begun as a meeting, or entered as one: it goes on with nobody else in it. */
  stays: boolean;
}

export interface Knock {
  device: DeviceId;
  person: Person;
  kind: DeviceKind;
  standing: Standing;
}

/** Somebody came or went, or something else that everybody in a call sees. */
export interface Coming {
  id: number;
  /** Whom it is about. */
  device: DeviceId;
  name: string;
  what: ComingWhat;
}

/**
 * joined, left, lost (their connection), removed (by the host), refused (they could not be vouched for); host: they
 * run the meeting now; hosting: I do; the door was locked, or is not any more; what else is told in passing.
 */
export type ComingWhat =
  "joined" | "left" | "lost" | "removed" | "refused" | "host" | "hosting" | "locked" | "unlocked" | Told;

/** What is to be set; what is absent stays. */
export type RulesChange = Partial<Pick<RoomRules, "title" | "door" | "capacity" | "listed">> & {
  /** null: none any more. */
  password?: string | null;
};

/** Each resolves to null, or the code why not. */
export interface HostingActions {
  /** Makes a room and goes into it. @param via the server that is to hold it; absent: this machine, or a guest's server */
  start(rules: RoomRules, media: Media, via?: DeviceId): Promise<AnyCode | null>;
  setRules(change: RulesChange): Promise<AnyCode | null>;
  /** Lets in who knocks. */
  admit(device: DeviceId): Promise<AnyCode | null>;
  /** Removes a participant, or does not let in who knocks. */
  remove(device: DeviceId): Promise<AnyCode | null>;
  handOver(device: DeviceId): Promise<AnyCode | null>;
  takeHost(): Promise<AnyCode | null>;
  endForAll(): Promise<AnyCode | null>;
}

/** Before a room: what it is, and how it goes with coming in. */
export interface Entering {
  room: RoomRef;
  /**
   * looking: asked what room it is; ready: at the door; going: on the way in; knocking: the host is asked; waiting:
   * for a place in a full room; welcome: let in, or there is a place, and I was not free to go in at once; over: there is no way in.
   */
  stage: "looking" | "ready" | "going" | "knocking" | "waiting" | "welcome" | "over";
  /** Null until it is known. */
  summary: RoomSummary | null;
  /** Why it did not go on. */
  problem: AnyCode | "not-let-in" | "room-ended" | null;
  /** How I come in. */
  media: Media;
  /** The host has let me in. */
  admitted: boolean;
}

export interface EnteringActions {
  /** Looks at a room and shows its door; nothing is entered yet. */
  enter(room: RoomRef): Promise<void>;
  /** Goes in, or knocks. */
  join(media: Media, password?: string): Promise<void>;
  /** "Tell me when there is room." */
  waitForPlace(): Promise<void>;
  /** Knocks or waits no longer; back at the door. */
  withdraw(): Promise<void>;
  /** Away from the door. */
  leave(): Promise<void>;
}
