/**
 * How meetings are found: those that hubs list, and those that a code, a link or the page's address leads to. Nothing
 * here enters a room; it only opens the page before it.
 */
import { codeOf, type Backend } from "../backend/types";
import type { DeviceId, Event, FoundRoom, HubRef, OpenRoom, RoomRef, Welcome } from "../gen/protocol";
import type { AnyCode, AppState } from "./contract";
import { leadOf, roomOfFragment } from "./room-link";

/** A meeting that is listed, or that a code has led to. */
export interface FoundMeeting extends OpenRoom {
  /** Unique among them. */
  key: string;
  hub: HubRef;
}

/** Why something that was typed leads nowhere. */
export type FindProblem =
  | AnyCode
  /** Neither nine digits nor a link. */
  | "no-lead"
  /** No hub within reach knows the code. */
  | "code-unknown"
  /** On a server that is not the one that is set. */
  | "other-server"
  /** On somebody's own network, which a server's page does not reach. */
  | "needs-app";

export interface FindingState {
  /** Those that are listed: by the number of people, then by name. */
  listed: FoundMeeting[];
  looking: boolean;
  /** Where a code has led to more than one: which is meant? */
  choice: FoundMeeting[];
  problem: FindProblem | null;
  /** The server of `other-server`. */
  server: string;
  /**
   * What a link from outside leads to, where nobody here knows that device: not even its address is dialled before the
   * person wants to.
   */
  offered: RoomRef | null;
}

export interface FindingActions {
  /** Opens the page before a meeting that is listed, or one of the choice. */
  open(key: string): Promise<void>;
  /** Follows a code or a link that was typed or pasted; whether it led to a room, or to a choice. */
  find(text: string): Promise<boolean>;
  /** Goes where a link from outside leads. */
  take(): Promise<void>;
  /** Away with what is wrong, with the choice and the offer. */
  dismiss(): void;
}

export const NOTHING_FOUND: FindingState = {
  listed: [],
  looking: false,
  choice: [],
  problem: null,
  server: "",
  offered: null,
};

export interface FindingOptions {
  app: Pick<AppState, "finding" | "surface" | "node" | "people">;
  backend: Pick<Backend, "request">;
  /** Where a guest's page is from. */
  origin: string;
  enter(room: RoomRef): Promise<void>;
}

export class Finding {
  /** A guest's server. */
  #hub: HubRef | null = null;
  /** Led here from outside before anything was connected. */
  #waiting: string | null = null;
  #ready = false;
  #asked = 0;

  constructor(private readonly options: FindingOptions) {}

  welcome({ hub, rooms = [], resumed }: Pick<Welcome, "hub" | "rooms" | "resumed">): void {
    this.#hub = hub;
    if (resumed) return;
    this.options.app.finding.listed = rooms.map((room) => meeting(hub, room)).sort(compare);
  }

  event(event: Event): void {
    if (event.type !== "rooms-changed") return;
    const { finding } = this.options.app;
    const { hub, here, gone } = event;
    const changed = new Set(
      [...gone, ...here.map(({ room }) => room)].map((room) => keyOf(hub.device, room)),
    );
    const others = finding.listed.filter(({ key }) => !changed.has(key));
    finding.listed = [...others, ...here.map((room) => meeting(hub, room))].sort(compare);
  }

  async open(key: string): Promise<void> {
    const { finding } = this.options.app;
    const found = [...finding.choice, ...finding.listed].find((one) => one.key === key);
    if (!found) return;
    this.dismiss();
    await this.options.enter({ hub: found.hub, room: found.room });
  }

  async find(text: string): Promise<boolean> {
    this.dismiss();
    const lead = leadOf(text);
    if (lead === null) return this.#fail("no-lead");
    if (lead.type === "code") return this.#byCode(lead.code);
    const room = lead.type === "room" ? lead.room : this.#onServer(lead.origin, lead.room);
    if (room === null)
      return this.#fail("other-server", lead.type === "web" ? new URL(lead.origin).host : "");
    return this.#byRoom(room);
  }

  dismiss(): void {
    const { finding } = this.options.app;
    this.#asked++;
    Object.assign(finding, { looking: false, choice: [], problem: null, server: "", offered: null });
  }

  /** A link that the system, or the page's address, was opened with: it waits until there is a connection. */
  follow(link: string): void {
    if (!this.#ready) {
      this.#waiting = link;
      return;
    }
    const lead = leadOf(link);
    // Where there is nothing to dial, or whom to dial is known, the page before the room is only a look away.
    if (lead?.type !== "room" || this.#knows(lead.room)) void this.find(link);
    else {
      this.dismiss();
      this.options.app.finding.offered = lead.room;
    }
  }

  async take(): Promise<void> {
    const { offered } = this.options.app.finding;
    this.dismiss();
    if (offered) await this.#byRoom(offered);
  }

  /** The fragment of a server's page. Returns whether it names a room. */
  followFragment(hash: string, page: string): boolean {
    const room = roomOfFragment(hash);
    if (room !== null) this.follow(`${page}${hash}`);
    return room !== null;
  }

  /** There is a connection. */
  ready(): void {
    this.#ready = true;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) this.follow(waiting);
  }

  #knows({ hub }: RoomRef): boolean {
    const { surface, node, people } = this.options.app;
    const server = node?.server.type === "connected" && node.server.hub === hub.device;
    return surface === "guest" || server || people.some(({ device }) => device === hub.device);
  }

  async #byCode(code: string): Promise<boolean> {
    const { finding } = this.options.app;
    const asked = ++this.#asked;
    finding.looking = true;
    let rooms: FoundRoom[] = [];
    try {
      const reply = await this.options.backend.request({ type: "find-room", code });
      if (reply.type === "found") rooms = reply.rooms;
    } catch (error) {
      if (asked !== this.#asked) return false;
      const problem = codeOf(error);
      return this.#fail(problem === "room-unknown" ? "code-unknown" : problem);
    }
    if (asked !== this.#asked) return false;
    finding.looking = false;
    const found = rooms.map(({ hub, room }) => meeting(hub, room));
    const only = found[0];
    if (!only) return this.#fail("code-unknown");
    if (found.length > 1) finding.choice = found.sort(compare);
    else await this.options.enter({ hub: only.hub, room: only.room });
    return true;
  }

  async #byRoom(room: RoomRef): Promise<boolean> {
    const { surface, node } = this.options.app;
    const server = node?.server.type === "connected" ? node.server.hub : null;
    const web = room.hub.addresses.find((address) => address.startsWith("wss:"));
    if (surface === "guest" && room.hub.device !== this.#hub?.device) return this.#fail("needs-app");
    if (web !== undefined && surface !== "guest" && room.hub.device !== server)
      return this.#fail("other-server", new URL(web).host);
    await this.options.enter(room);
    return true;
  }

  /** A room of the server that is set, or visited; null: that is another one. */
  #onServer(origin: string, room: string): RoomRef | null {
    const { surface, node } = this.options.app;
    if (surface === "guest")
      return this.#hub && origin === this.options.origin ? { hub: this.#hub, room } : null;
    const url = node?.settings.signaling_url ?? "";
    if (node?.server.type !== "connected" || !URL.canParse(url)) return null;
    const page = new URL(url.replace(/^ws/, "http")).origin;
    return page === origin ? { hub: { device: node.server.hub, addresses: [url] }, room } : null;
  }

  #fail(problem: FindProblem, server = ""): boolean {
    Object.assign(this.options.app.finding, { looking: false, problem, server });
    return false;
  }
}

function keyOf(hub: DeviceId, room: string): string {
  return `${hub}/${room}`;
}

function meeting(hub: HubRef, room: OpenRoom): FoundMeeting {
  return { ...room, key: keyOf(hub.device, room.room), hub };
}

/** Calm: only more or fewer people, or another name, moves one. */
function compare(a: FoundMeeting, b: FoundMeeting): number {
  return (
    b.summary.present - a.summary.present ||
    a.summary.title.localeCompare(b.summary.title) ||
    a.name.localeCompare(b.name) ||
    (a.key < b.key ? -1 : 1)
  );
}
