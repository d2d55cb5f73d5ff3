/** How good the line is, from two looks at getStats (W3C webrtc-stats). Pure. */

export interface Quality {
  /** 3 good, 2 fair, 1 poor, 0 nothing passes. */
  bars: 0 | 1 | 2 | 3;
  /** Key of the sentence in the catalogues. */
  reason:
    | "quality.unknown"
    | "quality.connecting"
    | "quality.good"
    /** What comes from them comes with gaps. */
    | "quality.their-loss"
    /** What I send reaches them with gaps. */
    | "quality.my-loss"
    /** Too little passes: the picture stands still now and then. */
    | "quality.slow"
    /** It takes long. */
    | "quality.delay"
    | "quality.reconnecting";
  details: {
    rttMs?: number;
    /** The worse of both directions. */
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

export const UNKNOWN: Quality = { bars: 3, reason: "quality.unknown", details: {} };
export const CONNECTING: Quality = { bars: 0, reason: "quality.connecting", details: {} };

/** What is looked at, added up over all lanes. */
export interface Snapshot {
  /** ms. */
  at: number;
  bytesIn: number;
  bytesOut: number;
  packetsIn: number;
  lostIn: number;
  /** Share of my packets that they miss, 0 to 1, as they last reported. */
  lostOut: number;
  freezeSeconds: number;
  rttMs: number | null;
  picture: { width: number; height: number; fps: number } | null;
  codec: string | null;
  route: "direct" | "relay" | null;
}

type Entry = Record<string, unknown> & { type?: unknown };

function number(entry: Entry | undefined, field: string): number {
  const value = entry?.[field];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** @param report an RTCStatsReport, or anything that maps ids to entries */
export function snapshot(
  report: { forEach(each: (entry: Entry, id: string) => void): void },
  at: number,
): Snapshot {
  const entries = new Map<string, Entry>();
  report.forEach((entry, id) => entries.set(id, entry));
  const byId = (entry: Entry | undefined, field: string): Entry | undefined =>
    entries.get(String(entry?.[field]));
  const sum: Snapshot = {
    at,
    bytesIn: 0,
    bytesOut: 0,
    packetsIn: 0,
    lostIn: 0,
    lostOut: 0,
    freezeSeconds: 0,
    rttMs: null,
    picture: null,
    codec: null,
    route: null,
  };
  for (const entry of entries.values()) {
    switch (entry.type) {
      case "inbound-rtp":
        inbound(sum, entry, byId(entry, "codecId"));
        break;
      case "outbound-rtp":
        sum.bytesOut += number(entry, "bytesSent");
        break;
      case "remote-inbound-rtp":
        sum.lostOut = Math.max(sum.lostOut, number(entry, "fractionLost"));
        break;
      case "transport":
        selected(sum, byId(entry, "selectedCandidatePairId"), byId);
        break;
    }
  }
  // Firefox has no transport entry.
  if (sum.rttMs === null) {
    for (const entry of entries.values()) {
      if (entry.type === "candidate-pair" && (entry["selected"] || entry["nominated"]))
        selected(sum, entry, byId);
    }
  }
  return sum;
}

function inbound(sum: Snapshot, entry: Entry, codec: Entry | undefined): void {
  sum.bytesIn += number(entry, "bytesReceived");
  sum.packetsIn += number(entry, "packetsReceived");
  sum.lostIn += number(entry, "packetsLost");
  sum.freezeSeconds += number(entry, "totalFreezesDuration");
  const width = number(entry, "frameWidth");
  const name = typeof codec?.["mimeType"] === "string" ? (codec["mimeType"].split("/")[1] ?? null) : null;
  if (entry["kind"] === "video" && width > (sum.picture?.width ?? 0)) {
    sum.picture = { width, height: number(entry, "frameHeight"), fps: number(entry, "framesPerSecond") };
    sum.codec = name;
  } else if (entry["kind"] === "audio") sum.codec ??= name;
}

function selected(
  sum: Snapshot,
  pair: Entry | undefined,
  byId: (entry: Entry | undefined, field: string) => Entry | undefined,
): void {
  if (!pair) return;
  if (pair["currentRoundTripTime"] !== undefined)
    sum.rttMs = Math.round(number(pair, "currentRoundTripTime") * 1000);
  const kinds = [byId(pair, "localCandidateId"), byId(pair, "remoteCandidateId")].map(
    (one) => one?.["candidateType"],
  );
  sum.route = kinds.includes("relay") ? "relay" : "direct";
}

/** Shares of lost packets from which a voice is audibly hurt, and from which it is hard to follow. */
const LOSS = { fair: 0.02, poor: 0.08 };
/** Round trips from which people talk into each other, ms. */
const RTT = { fair: 250, poor: 500 };
/** Share of the time that the picture stands still. */
const FROZEN = 0.1;

/** @param before an earlier look, or null: then only what needs no difference is told */
export function qualityOf(before: Snapshot | null, after: Snapshot): Quality {
  const seconds = before ? (after.at - before.at) / 1000 : 0;
  if (!before || seconds <= 0) return { ...UNKNOWN, details: details(after, {}) };
  const got = Math.max(0, after.packetsIn - before.packetsIn);
  const missed = Math.max(0, after.lostIn - before.lostIn);
  const lossIn = got + missed > 0 ? missed / (got + missed) : 0;
  const frozen = (after.freezeSeconds - before.freezeSeconds) / seconds;
  const loss = Math.max(lossIn, after.lostOut);
  const rtt = after.rttMs ?? 0;
  const told = details(after, {
    lossPercent: Math.round(loss * 1000) / 10,
    inKbps: rate(after.bytesIn - before.bytesIn, seconds),
    outKbps: rate(after.bytesOut - before.bytesOut, seconds),
  });
  const lossReason = lossIn >= after.lostOut ? "quality.their-loss" : "quality.my-loss";
  if (loss >= LOSS.poor) return { bars: 1, reason: lossReason, details: told };
  if (rtt >= RTT.poor) return { bars: 1, reason: "quality.delay", details: told };
  if (loss >= LOSS.fair) return { bars: 2, reason: lossReason, details: told };
  if (rtt >= RTT.fair) return { bars: 2, reason: "quality.delay", details: told };
  if (frozen > FROZEN) return { bars: 2, reason: "quality.slow", details: told };
  return { bars: 3, reason: "quality.good", details: told };
}

function rate(bytes: number, seconds: number): number {
  return Math.max(0, Math.round((bytes * 8) / 1000 / seconds));
}

function details(after: Snapshot, more: Quality["details"]): Quality["details"] {
  return {
    ...more,
    ...(after.rttMs === null ? {} : { rttMs: after.rttMs }),
    ...(after.picture ?? {}),
    ...(after.codec === null ? {} : { codec: after.codec }),
    ...(after.route === null ? {} : { route: after.route }),
  };
}
