/**
 * How a picture is sent to one participant: by how large they show it, how many are in the call, and what the machine
 * and the line carry. A voice is never touched by it. Pure. (What may be set: W3C webrtc-pc, section 5.2.9; what a content
 * hint asks for: W3C mst-content-hint, section 4.2.)
 */
import type { ShownSize } from "../gen/protocol";
import { encodingOf, type Encoding } from "./codecs";

export type PictureLane = "camera" | "screen";

export interface Situation {
  lane: PictureLane;
  /** Pixels at which they show it; null: out of sight; undefined: they never said. */
  wanted: ShownSize | null | undefined;
  /** Of the own track; null where it is not known. */
  capture: ShownSize | null;
  /** The track's content hint; "" is that of its lane. */
  hint: string;
  /** Everybody in the call but me. */
  others: number;
  /** 0 to {@link STARVED}. */
  strain: number;
  fullHd: boolean;
  fresh: boolean;
}

export interface Sent extends Encoding {
  active: boolean;
  scaleResolutionDownBy: number;
  /** A second. */
  maxFramerate: number;
}

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];
const RATES = [30, 15, 8, 5];
/** A picture may be so much smaller than it is shown before a larger one is sent, and must be so much larger before a smaller one is. */
const LACKING = 1.1;
const SPARE = 0.95;
/** What a camera gives that does not say its size. */
const USUAL: ShownSize = { width: 1280, height: 720 };
/** Points a second that are coded for all others together, when they are more than {@link FEW}: two cameras in 720p. A screen costs less. */
const POINTS = { camera: 2 * 1280 * 720 * 30, screen: 4 * 1280 * 720 * 30 };
const FEW = 2;
/** From so many others on, 8 people and more, a camera has half the pictures. */
const MANY = 8;
/** Lines of a picture in which the other half of the pictures is not missed. */
const TINY = 200;
/** Bits for each point, and the least that makes a picture, bit/s. */
const BITS_PER_POINT = 0.12;
const LEAST = 120_000;

/** The camera rests: the line has room for the voice only. */
export const STARVED = 4;

/** @param before what is sent now: from it only a clear difference leads away */
export function decide(now: Situation, before: Sent | null): Sent {
  const { lane, fullHd, fresh } = now;
  const base = encodingOf(lane, fullHd, fresh);
  const isDetail = lane === "screen" && now.hint !== "motion";
  // A screen is read, so it gives way after the faces.
  const strain = lane === "screen" ? Math.max(0, now.strain - 1) : now.strain;
  const active = now.wanted !== null && strain < STARVED;
  const capture = now.capture ?? USUAL;
  let step = now.wanted ? fitting(capture, now.wanted, before?.scaleResolutionDownBy ?? null) : 0;
  // While it rests, the size stays as it was: it comes back as it went.
  if (now.wanted === null && before) step = Math.max(0, STEPS.indexOf(before.scaleResolutionDownBy));
  const budget = now.others > FEW ? POINTS[lane] / now.others : Infinity;
  const pressed = Math.min(strain, STARVED - 1);
  let rate = 0;
  const points = (): number => (capture.width * capture.height * fps(rate)) / scale(step) ** 2;
  if (isDetail) {
    rate = pressed;
    while (points() > budget && rate < RATES.length - 1) rate++;
  } else {
    const few = now.others >= MANY || pressed > 1 || (step > 0 && capture.height / scale(step) < TINY);
    rate = few ? 1 : 0;
    step = Math.min(STEPS.length - 1, step + pressed);
    while (points() > budget && step < STEPS.length - 1) step++;
  }
  const isWhole = step === 0 && rate === 0;
  const useful = Math.max(LEAST, Math.round(points() * BITS_PER_POINT));
  const hinted = now.hint === "motion" ? "maintain-framerate" : base.degradation;
  return {
    ...base,
    // A camera that is turned at a document; a screen that shows a film.
    degradation:
      now.hint === "detail" || now.hint === "text"
        ? "maintain-resolution"
        : fresh
          ? base.degradation
          : hinted,
    active,
    scaleResolutionDownBy: scale(step),
    maxFramerate: fps(rate),
    maxBitrate: isWhole || isDetail ? base.maxBitrate : Math.min(base.maxBitrate, useful),
  };
}

function scale(step: number): number {
  return STEPS[step] ?? 1;
}

function fps(rate: number): number {
  return RATES[rate] ?? 5;
}

/** The step at which a picture still fills its place. */
function fitting(capture: ShownSize, wanted: ShownSize, before: number | null): number {
  const ratio = Math.min(capture.width / wanted.width, capture.height / wanted.height);
  const [finest, coarsest] = [ratio * SPARE, ratio * LACKING].map((by) =>
    Math.max(
      0,
      STEPS.findLastIndex((step) => step <= by),
    ),
  ) as [number, number];
  const was = before === null ? -1 : STEPS.indexOf(before);
  return was >= finest && was <= coarsest ? was : coarsest;
}

/** What getStats tells of what is sent to somebody (W3C webrtc-stats). */
export interface Pressure {
  limited: "none" | "cpu" | "bandwidth";
  /** bit/s; null where the engine does not say. */
  available: number | null;
}

type Entry = Record<string, unknown>;

/** @param report an RTCStatsReport, or anything that maps ids to entries */
export function pressure(report: { forEach(each: (entry: Entry) => void): void }): Pressure {
  const found: Pressure = { limited: "none", available: null };
  report.forEach((entry) => {
    const reason = entry["qualityLimitationReason"];
    if (entry["type"] === "outbound-rtp" && entry["active"] !== false) {
      if (reason === "cpu") found.limited = "cpu";
      else if (reason === "bandwidth" && found.limited === "none") found.limited = "bandwidth";
    }
    const available = entry["availableOutgoingBitrate"];
    if (entry["type"] === "candidate-pair" && typeof available === "number" && Number.isFinite(available))
      found.available = Math.max(found.available ?? 0, available);
  });
  return found;
}

/**
 * Between which candidates the media goes, in an engine's own words; null where it does not say.
 * @param report an RTCStatsReport, or anything that maps ids to entries
 */
export function pathOf(report: { forEach(each: (entry: Entry, id: string) => void): void }): string | null {
  let path: unknown = null;
  report.forEach((entry, id) => {
    if (entry["type"] === "transport") path = entry["selectedCandidatePairId"] ?? path;
    // Firefox has no transport entry.
    else if (entry["type"] === "candidate-pair" && entry["selected"] === true) path ??= id;
  });
  return typeof path === "string" ? path : null;
}

/** How much pictures have to give way, from looks at {@link pressure}. */
export interface Strain {
  /** 0 to {@link STARVED}. */
  level: number;
  /** Looks in a row that found too much. */
  seen: number;
  /** When the level changed last, ms, and how long it is held before less is tried, ms. */
  since: number;
  hold: number;
}

/** Below it an engine alone would keep a large picture that stands still; below the other it has the voice's share only. bit/s. */
const SCARCE = 400_000;
const VOICE_ONLY = 120_000;
const HOLD = { least: 10_000, most: 120_000 };
/** One look may be a hiccup. */
const LOOKS = 2;

export const AT_EASE: Strain = { level: 0, seen: 0, since: -Infinity, hold: HOLD.least };

/** @param now ms, growing */
export function strained(before: Strain, { limited, available }: Pressure, now: number): Strain {
  const line = limited === "bandwidth" && available !== null && available < SCARCE;
  if (limited !== "cpu" && !line) {
    if (before.level === 0 || now - before.since < before.hold) return { ...before, seen: 0 };
    return { ...before, seen: 0, level: before.level - 1, since: now };
  }
  const seen = before.seen + 1;
  const most = line && available < VOICE_ONLY ? STARVED : STARVED - 1;
  if (seen < LOOKS || before.level >= most) return { ...before, seen };
  // Back where it was just given up: the next try waits longer.
  const again = now - before.since < 2 * before.hold;
  const hold = again ? Math.min(HOLD.most, before.hold * 2) : HOLD.least;
  return { level: before.level + 1, seen: 0, since: now, hold };
}

/** On another path: the camera does not rest because of the last one, and grows from what was sent at least. */
export function onAnotherPath(before: Strain, now: number): Strain {
  if (before.level === 0) return AT_EASE;
  return { level: Math.min(before.level, STARVED - 1), seen: 0, since: now, hold: HOLD.least };
}
