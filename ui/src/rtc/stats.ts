/** getStats (W3C WebRTC 1.0, section 8; webrtc-stats): the native side's entries, and what only the coders know. */
import type { Connection } from "./connection";
import { KEY } from "./events";
import { Receiving } from "./receiver";
import type { Sending } from "./sender";
import { RTCStatsReport, type Entry } from "./stats-report";
import type { Transceiving } from "./transceiver";

/** @param of one end: its stream and all that it refers to; null: everything */
export async function collect(
  connection: Connection,
  of: Sending | Receiving | null,
): Promise<RTCStatsReport> {
  if (connection.isClosed) return new RTCStatsReport(KEY, [connectionEntry(connection)]);
  const { pc } = connection;
  const asked = now();
  // What is stopped here is no stream any more, though the other side learns of it only by the next offer.
  const stopped = connection.transceivers.filter(({ isStopping }) => isStopping).map(({ mid }) => mid);
  const reply = await connection.request({ type: "get-stats", pc });
  const isOver = ({ type, mid }: Entry & { mid?: unknown }): boolean =>
    ["inbound-rtp", "outbound-rtp"].includes(type) && stopped.some((one) => one === mid);
  const told = reply.type === "stats" ? reply.entries.filter(isEntry) : [];
  const entries = told.filter((entry) => !isOver(entry));
  onPageClock(entries, asked, now());
  await Promise.all(connection.transceivers.map((one) => addCoders(entries, one)));
  const has = (type: string): boolean => entries.some((entry) => entry.type === type);
  if (!has("peer-connection")) entries.push(connectionEntry(connection));
  if (!has("transport") && (connection.pendingLocal ?? connection.currentLocal))
    entries.push({ id: "T", type: "transport", timestamp: now() });
  for (const entry of entries) if (entry.type === "transport") Object.assign(entry, transportOf(connection));
  if (!has("data-channel")) entries.push(...channelEntries(connection));
  return new RTCStatsReport(KEY, of ? selected(entries, of) : entries);
}

function isEntry(entry: Record<string, unknown>): entry is Entry {
  return typeof entry["id"] === "string" && typeof entry["type"] === "string";
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The native side's wall clock is not the page's, which times are told by: its report was made between these two. */
function onPageClock(entries: Entry[], asked: number, answered: number): void {
  const made = Math.max(...entries.map(({ timestamp }) => timestamp));
  const off = Math.min(Math.max(made, asked), answered) - made;
  if (off === 0 || !Number.isFinite(off)) return;
  for (const entry of entries) {
    entry.timestamp += off;
    const { lastPacketReceivedTimestamp: last } = entry;
    if (typeof last === "number") entry["lastPacketReceivedTimestamp"] = last + off;
  }
}

function connectionEntry({ channels }: Connection): Entry {
  return {
    id: "P",
    type: "peer-connection",
    timestamp: now(),
    dataChannelsOpened: channels.counts.opened,
    dataChannelsClosed: channels.counts.closed,
  };
}

/** The page knows its states and roles also before the native side has anything to count. */
function transportOf({ transports: { role, isClient, ice, dtls } }: Connection): Record<string, string> {
  const agreed = isClient ? "client" : "server";
  return { iceRole: role, dtlsRole: isClient === null ? "unknown" : agreed, iceState: ice, dtlsState: dtls };
}

function channelEntries({ channels }: Connection): Entry[] {
  return [...channels].map(({ key, init, id, state, sent, received }) => ({
    id: `D${key}`,
    type: "data-channel",
    timestamp: now(),
    label: init.label,
    protocol: init.protocol,
    ...(id === null ? {} : { dataChannelIdentifier: id }),
    state,
    messagesSent: sent.messages,
    bytesSent: sent.bytes,
    messagesReceived: received.messages,
    bytesReceived: received.bytes,
  }));
}

/** Into the entries of the transceiver's line. */
async function addCoders(entries: Entry[], transceiver: Transceiving): Promise<void> {
  const { mid, sending, receiving } = transceiver;
  if (mid === null) return;
  const of = (type: string): Entry | undefined =>
    entries.find((entry) => entry.type === type && entry["mid"] === mid);
  const outbound = of("outbound-rtp");
  const inbound = of("inbound-rtp");
  // A coder that cannot tell must not cost the rest.
  const [sent, received, source] = await Promise.all([
    sending.video?.stats().catch(() => null) ?? null,
    receiving.video?.stats().catch(() => null) ?? null,
    sending.sound?.stats().catch(() => null) ?? null,
  ]);
  if (inbound) {
    Object.assign(inbound, known(received), { trackIdentifier: receiving.track.id });
  }
  const { track } = sending;
  const id = track ? `S${mid}` : null;
  const { source: pictures, ...coded } = sent ?? { source: null };
  if (track && id !== null)
    entries.push({
      id,
      type: "media-source",
      timestamp: now(),
      trackIdentifier: track.id,
      kind: transceiver.kind,
      ...known(pictures ?? source),
    });
  if (outbound)
    Object.assign(outbound, known(coded), {
      active: sending.encoding.active ?? true,
      ...(id === null ? {} : { mediaSourceId: id }),
    });
}

/** Without members that are not known. */
function known(of: object | null): Record<string, unknown> {
  return Object.fromEntries(Object.entries(of ?? {}).filter(([, value]) => value !== null));
}

/** "The stats selection algorithm" (W3C WebRTC 1.0, section 8.5). */
function selected(entries: readonly Entry[], of: Sending | Receiving): Entry[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const type = of instanceof Receiving ? "inbound-rtp" : "outbound-rtp";
  const found = new Set<Entry>();
  const waiting = entries.filter((entry) => entry.type === type && entry["mid"] === of.place.mid);
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (found.has(entry)) continue;
    found.add(entry);
    for (const [name, value] of Object.entries(entry)) {
      const other = name.endsWith("Id") && typeof value === "string" ? byId.get(value) : undefined;
      if (other) waiting.push(other);
    }
  }
  return [...found];
}
