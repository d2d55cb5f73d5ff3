/** What is sent to one participant now, and with which parameters: keeps what {@link decide} goes by. */
import type { Control, ShownSize } from "../gen/protocol";
import {
  AT_EASE,
  decide,
  onAnotherPath,
  pathOf,
  pressure,
  STARVED,
  strained,
  type PictureLane,
  type Sent,
  type Strain,
} from "./adapt";
import { encodingOf, type Encoding } from "./codecs";
import type { Lane } from "./environment";

type Want = Extract<Control, { type: "want" }>;

/** Of two changes to what is sent, the second waits so long at most, ms: whoever asks a hundred times a second gets four. */
export const PACE = 250;
/** What an engine thinks of a line that was gone, or of a new one, says little for so long, ms. */
const SETTLE = 5_000;
const MAX_SIDE = 65_535;

export class Adapting {
  /** Everybody in the call but me. */
  others = 1;
  #want: Partial<Record<PictureLane, ShownSize>> | null = null;
  #strain: Strain = AT_EASE;
  #path: string | null = null;
  #settled = -Infinity;
  readonly #sent = new Map<PictureLane, Sent>();

  /** The line carries the voice only. */
  get starved(): boolean {
    return this.#strain.level >= STARVED;
  }

  /** What they ask for. @returns whether it could be read */
  heard(want: Want): boolean {
    const { camera, screen } = want;
    if (![camera, screen].every((size) => size === undefined || isSize(size))) return false;
    this.#want = { ...(camera && { camera }), ...(screen && { screen }) };
    return true;
  }

  /**
   * A look at the connection.
   * @param now ms, growing
   * @param carries it is connected
   */
  looked(report: RTCStatsReport, now: number, carries: boolean): void {
    const path = pathOf(report) ?? this.#path;
    const moved = this.#path !== null && path !== this.#path;
    this.#path = path;
    if (moved) this.#strain = onAnotherPath(this.#strain, now);
    if (moved || !carries) this.#settled = now + SETTLE;
    if (now >= this.#settled) this.#strain = strained(this.#strain, pressure(report), now);
  }

  encoding(lane: Lane, track: MediaStreamTrack | null, fullHd: boolean, fresh: boolean): Encoding | Sent {
    if (lane === "voice" || lane === "screen-sound") return encodingOf(lane, fullHd, fresh);
    const wanted = this.#want ? (this.#want[lane] ?? null) : undefined;
    const situation = { lane, wanted, capture: sizeOf(track), hint: track?.contentHint ?? "", fullHd, fresh };
    const strain = fresh ? 0 : this.#strain.level;
    const sent = decide({ ...situation, others: this.others, strain }, this.#sent.get(lane) ?? null);
    this.#sent.set(lane, sent);
    return sent;
  }
}

/** Sets them. @returns whether the engine took them */
export async function apply(sender: RTCRtpSender, wanted: Encoding | Sent): Promise<boolean> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) {
    encoding.maxBitrate = wanted.maxBitrate;
    encoding.priority = encoding.networkPriority = wanted.priority;
    if ("active" in wanted) {
      encoding.active = wanted.active;
      encoding.scaleResolutionDownBy = wanted.scaleResolutionDownBy;
      encoding.maxFramerate = wanted.maxFramerate;
    }
  }
  if (wanted.degradation) parameters.degradationPreference = wanted.degradation;
  try {
    await sender.setParameters(parameters);
    return true;
  } catch {
    // Left at the engine's own choice.
    return false;
  }
}

function isSize(size: unknown): boolean {
  const { width, height } = (size ?? {}) as Partial<Record<"width" | "height", unknown>>;
  return [width, height].every(
    (side) => Number.isInteger(side) && Number(side) > 0 && Number(side) <= MAX_SIDE,
  );
}

function sizeOf(track: MediaStreamTrack | null): ShownSize | null {
  const { width, height } = track?.getSettings() ?? {};
  return width && height ? { width, height } : null;
}
