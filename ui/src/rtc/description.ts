/** Session descriptions (W3C WebRTC 1.0, section 4.6.2), as the page sees them and as they grow by candidates. */
import { oneOf } from "./errors";
import { required } from "./events";
import { read, withLines, type Section } from "./sdp";
import type { Line } from "./numbers";
import type { SdpType } from "./wire";

const TYPES: readonly RTCSdpType[] = ["offer", "pranswer", "answer", "rollback"];

export class RTCSessionDescription {
  readonly #type: RTCSdpType;
  readonly #sdp: string;

  constructor(init: RTCSessionDescriptionInit) {
    this.#type = oneOf(required(init, "type"), TYPES, "RTCSdpType");
    this.#sdp = String(init.sdp ?? "");
  }

  get type(): RTCSdpType {
    return this.#type;
  }

  get sdp(): string {
    return this.#sdp;
  }

  toJSON(): { type: RTCSdpType; sdp: string } {
    return { type: this.#type, sdp: this.#sdp };
  }
}

/** A description that was set. */
export class Description {
  readonly sections: readonly Section[];
  readonly #more = new Map<number, string[]>();
  #shown: RTCSessionDescription | null = null;

  /** @throws RTCError `sdp-syntax-error` */
  constructor(
    readonly type: SdpType,
    readonly sdp: string,
  ) {
    this.sections = read(sdp);
  }

  /** As the page gets it. */
  get shown(): RTCSessionDescription {
    this.#shown ??= new RTCSessionDescription({ type: this.type, sdp: withLines(this.sdp, this.#more) });
    return this.#shown;
  }

  get ufrag(): string {
    return this.sections.find((one) => one.ufrag !== "")?.ufrag ?? "";
  }

  /** ICE credentials, told apart. */
  get credentials(): string[] {
    return this.sections.map(({ ufrag, password }) => `${ufrag} ${password}`);
  }

  get application(): Section | null {
    return this.sections.find(({ kind, isRejected }) => kind === "application" && !isRejected) ?? null;
  }

  section(line: Line | null): Section | null {
    return line === null ? null : (this.sections[line] ?? null);
  }

  /** @param candidate without `a=`; "" is the end of all */
  add(index: number, candidate: string): void {
    const line = candidate === "" ? "a=end-of-candidates" : `a=${candidate}`;
    const lines = this.#more.get(index) ?? [];
    if (!lines.includes(line)) this.#more.set(index, [...lines, line]);
    this.#shown = null;
  }
}
