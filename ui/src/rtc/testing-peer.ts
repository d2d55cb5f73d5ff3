/** For unit tests only: one connection of the native side in memory. See testing-native.ts. */
import type { ChannelKey, Pc } from "./numbers";
import { read, reversed, type Section } from "./sdp";
import { Refusal, type NativeSide } from "./testing-native";
import type {
  ChannelInit,
  Codec,
  Direction,
  Kind,
  LineId,
  PairEnd,
  RemoteMedia,
  Reply,
  Request,
  Transceiver,
} from "./wire";

interface Media {
  kind: Kind | "application";
  mid: string;
  direction: Direction;
  streams: string[];
  track: string;
  codecs: Codec[];
}

interface Ours {
  kind: "offer" | "answer";
  media: Media[];
  ufrag: string;
  sdp: string;
}

const FIRST_REMOTE_CHANNEL = 0x8000_0000;
let ufrags = 0;

export class NativePeer {
  state: "stable" | "have-local-offer" | "have-remote-offer" = "stable";
  /** What stats tell. */
  entries: Record<string, unknown>[] = [];
  #made: Ours | null = null;
  #local: Ours | null = null;
  #pendingLocal: Ours | null = null;
  #remote: Section[] | null = null;
  #pendingRemote: Section[] | null = null;
  #media: Media[] = [];
  #candidates = 0;
  #other: NativePeer | null = null;
  #isClient = false;
  /** Its ICE credentials until a restart, and those that it has gathered for. */
  readonly #ufrag = `u${++ufrags}`;
  #gatheredFor = "";
  #keys = FIRST_REMOTE_CHANNEL;
  readonly #opened = new Set<ChannelKey>();
  readonly #channels = new Map<ChannelKey, ChannelInit & { id: number | null }>();

  constructor(
    private readonly side: NativeSide,
    readonly pc: Pc,
  ) {}

  answer(request: Exclude<Request, { type: "open" | "close" }>): Reply {
    switch (request.type) {
      case "create-offer":
        if (this.state === "have-remote-offer") throw new Refusal("InvalidStateError");
        return this.#createOffer(request.transceivers, request.ice_restart);
      case "create-answer":
        if (this.state !== "have-remote-offer") throw new Refusal("InvalidStateError");
        return this.#createAnswer(request.transceivers);
      case "set-local":
        this.#setLocal(request.kind);
        break;
      case "rollback":
        if (this.state === "stable") throw new Refusal("InvalidStateError");
        this.#pendingLocal = this.#pendingRemote = null;
        if (this.#made?.kind === "answer") this.#made = null;
        this.state = "stable";
        break;
      case "set-remote":
        return this.#setRemote(request.kind, request.sdp);
      case "add-candidate":
        if (!this.#remote && !this.#pendingRemote) throw new Refusal("InvalidStateError");
        this.#candidates += 1;
        break;
      case "open-channel":
        this.#channels.set(request.channel.key, { ...request.channel, id: request.channel.negotiated });
        if (this.#other) this.#openChannels();
        break;
      case "close-channel":
        this.#closeChannel(request.channel);
        break;
      case "get-stats":
        return { type: "stats", entries: structuredClone(this.entries) };
    }
    return { type: "done" };
  }

  knows(other: NativePeer): boolean {
    const ufrag = other.#local?.ufrag;
    return (
      this.state === "stable" &&
      this.#candidates > 0 &&
      this.#remote !== null &&
      ufrag !== undefined &&
      this.#remote[0]?.ufrag === ufrag
    );
  }

  joinWith(other: NativePeer): void {
    for (const one of [this, other]) one.#sendCodecs();
    if (this.#other === other) return;
    this.#other = other;
    other.#other = this;
    const both = [this, other];
    const end = (pc: Pc): PairEnd => ({
      address: `192.0.2.${pc}`,
      port: 5000 + pc,
      kind: "host",
      priority: 2130706431,
    });
    for (const { side, pc } of both) {
      side.event(pc, { type: "ice", state: "checking" });
      side.event(pc, { type: "pair", local: end(pc), remote: end(pc === this.pc ? other.pc : this.pc) });
      side.event(pc, { type: "ice", state: "connected" });
      side.event(pc, { type: "dtls", state: "connecting" });
      side.event(pc, { type: "dtls", state: "connected" });
    }
    for (const one of both) one.#openChannels();
  }

  send(key: ChannelKey, data: string | Uint8Array): void {
    const id = this.#channels.get(key)?.id;
    const other = this.#other;
    const theirs = [...(other ? other.#channels : [])].find(([, channel]) => channel.id === id);
    if (!other || id === undefined || id === null || !theirs) return;
    const bytes = typeof data === "string" ? new TextEncoder().encode(data).length : data.length;
    this.side.event(this.pc, { type: "channel-sent", channel: key, bytes });
    other.side.data(other.pc, theirs[0], typeof data === "string" ? data : (data.buffer as ArrayBuffer));
  }

  gone(): void {
    const other = this.#other;
    if (!other) return;
    this.#other = other.#other = null;
    other.side.event(other.pc, { type: "dtls", state: "closed" });
    for (const key of other.#channels.keys())
      other.side.event(other.pc, { type: "channel-closed", channel: key });
  }

  #createOffer(transceivers: Transceiver[], restart: boolean): Reply {
    const media: Media[] = this.#media.map((one) =>
      one.kind === "application" ? one : { ...one, direction: "stopped" },
    );
    const lines: LineId[] = [];
    for (const one of transceivers) {
      const line = one.line ?? media.length;
      const mid = media[line]?.mid ?? String(line);
      media[line] = {
        kind: one.kind,
        mid,
        direction: one.direction,
        streams: one.streams,
        track: one.track,
        codecs: one.codecs,
      };
      lines.push({ line, mid });
    }
    if (this.#channels.size > 0 && !media.some(({ kind }) => kind === "application"))
      media.push({
        kind: "application",
        mid: String(media.length),
        direction: "sendrecv",
        streams: [],
        track: "",
        codecs: [],
      });
    const ufrag = restart && this.#remote ? `u${++ufrags}` : (this.#local?.ufrag ?? this.#ufrag);
    this.#made = { kind: "offer", media, ufrag, sdp: this.#sdp(media, ufrag, "actpass") };
    return { type: "description", sdp: this.#made.sdp, lines };
  }

  #createAnswer(transceivers: Transceiver[]): Reply {
    const remote = this.#pendingRemote ?? [];
    const media: Media[] = remote.map((section, line) => {
      const one = transceivers.find((transceiver) => transceiver.line === line);
      const mid = section.mid ?? "";
      if (section.kind === "application")
        return { kind: "application", mid, direction: "sendrecv", streams: [], track: "", codecs: [] };
      return {
        kind: section.kind as Kind,
        mid,
        direction: one ? answered(one.direction, section) : "stopped",
        streams: one?.streams ?? [],
        track: one?.track ?? "",
        codecs: one?.codecs ?? [],
      };
    });
    const isRestart = this.#remote !== null && this.#remote[0]?.ufrag !== remote[0]?.ufrag;
    const ufrag = isRestart ? `u${++ufrags}` : (this.#local?.ufrag ?? this.#ufrag);
    this.#made = { kind: "answer", media, ufrag, sdp: this.#sdp(media, ufrag, "active") };
    const lines = transceivers.map(({ line }) =>
      line === null || !media[line] ? null : { line, mid: media[line].mid },
    );
    return { type: "description", sdp: this.#made.sdp, lines };
  }

  get #candidate(): string {
    return `candidate:1 1 udp 2130706431 192.0.2.${this.pc} ${5000 + this.pc} typ host`;
  }

  /** With what was found for it already. */
  #sdp(media: Media[], ufrag: string, setup: string): string {
    const sdp = sdpOf(media, ufrag, setup);
    return this.#gatheredFor === ufrag ? `${sdp}a=${this.#candidate}\r\n` : sdp;
  }

  #setLocal(kind: "offer" | "answer"): void {
    const made = this.#made;
    const isPossible =
      kind === "offer" ? this.state !== "have-remote-offer" : this.state === "have-remote-offer";
    if (made?.kind !== kind || !isPossible) throw new Refusal("InvalidStateError");
    if (kind === "offer") {
      this.#pendingLocal = made;
      this.state = "have-local-offer";
    } else {
      this.#isClient = true;
      this.#local = made;
      this.#remote = this.#pendingRemote;
      this.#pendingRemote = null;
      this.#settle(made.media);
    }
    if (this.#gatheredFor === made.ufrag) return;
    this.#gatheredFor = made.ufrag;
    const { side, pc } = this;
    const candidate = this.#candidate;
    const mid = made.media[0]?.mid ?? "0";
    side.event(pc, { type: "gathering", state: "gathering" });
    side.event(pc, { type: "candidate", candidate: { candidate, mid, line: 0, ufrag: made.ufrag } });
    side.event(pc, { type: "candidate", candidate: null });
    side.event(pc, { type: "gathering", state: "complete" });
  }

  #setRemote(kind: "offer" | "answer", sdp: string): Reply {
    const isPossible =
      kind === "offer" ? this.state !== "have-local-offer" : this.state === "have-local-offer";
    if (!isPossible) throw new Refusal("InvalidStateError");
    const sections = read(sdp);
    if (sdp.includes("a=candidate:")) this.#candidates += 1;
    if (kind === "offer") {
      this.#pendingRemote = sections;
      this.state = "have-remote-offer";
    } else {
      this.#remote = sections;
      this.#local = this.#pendingLocal;
      this.#pendingLocal = null;
      this.#settle(this.#local?.media ?? []);
    }
    const media = sections.flatMap((section, line): RemoteMedia[] => {
      if (section.kind === "application") return [];
      return [
        {
          line,
          mid: section.mid ?? this.#media[line]?.mid ?? String(line),
          kind: section.kind as Kind,
          direction: section.isRejected ? "stopped" : section.direction,
          streams: section.streams,
          track:
            new RegExp(`a=mid:${section.mid}\\r\\n(?:.*\\r\\n)*?a=msid:\\S+ (\\S+)`).exec(sdp)?.[1] ?? "",
          codecs: section.codecs.map((codec) => ({
            mime_type: codec.mimeType,
            clock_rate: codec.clockRate,
            ...(codec.sdpFmtpLine === undefined ? {} : { sdp_fmtp_line: codec.sdpFmtpLine }),
          })),
        },
      ];
    });
    const channels = sections.some((section) => section.kind === "application");
    return { type: "remote", media, channels, ufrag: sections[0]?.ufrag ?? "" };
  }

  #settle(media: Media[]): void {
    this.#media = media;
    this.#made = null;
    this.state = "stable";
  }

  #sendCodecs(): void {
    this.#media.forEach((one, line) => {
      if (one.kind === "application") return;
      const remote = this.#remote?.[line];
      const sends = ["sendrecv", "sendonly"].includes(one.direction) && !remote?.isRejected;
      const codec = sends ? (one.codecs[0] ?? null) : null;
      this.side.event(this.pc, { type: "send-codec", line, codec });
      const comes =
        !this.side.isSilent && ["sendrecv", "recvonly"].includes(one.direction) && !remote?.isRejected;
      if (comes && ["sendrecv", "sendonly"].includes(remote?.direction ?? ""))
        this.side.event(this.pc, { type: "came", line });
      if (one.kind === "video") this.side.event(this.pc, { type: "target", line, bitrate: 900_000 });
    });
  }

  #openChannels(): void {
    const other = this.#other;
    if (!other) return;
    for (const channel of this.#channels.values()) {
      if (channel.negotiated !== null) {
        if (this.#opened.has(channel.key)) continue;
        this.#opened.add(channel.key);
        this.side.event(this.pc, { type: "channel-open", channel: channel.key, id: channel.negotiated });
      } else if (channel.id === null) {
        const ids = [...this.#channels.values(), ...other.#channels.values()].map(({ id }) => id);
        let id = this.#isClient ? 0 : 1;
        while (ids.includes(id)) id += 2;
        channel.id = id;
        const init: ChannelInit = { ...channel, key: other.#keys++ };
        other.#channels.set(init.key, { ...init, id });
        other.side.event(other.pc, { type: "channel", channel: init, id });
        other.side.event(other.pc, { type: "channel-open", channel: init.key, id });
        this.side.event(this.pc, { type: "channel-open", channel: channel.key, id });
      }
    }
  }

  #closeChannel(key: ChannelKey): void {
    const channel = this.#channels.get(key);
    if (!channel || !this.#channels.delete(key)) return;
    this.side.event(this.pc, { type: "channel-closed", channel: key });
    const other = this.#other;
    const theirs = [...(other ? other.#channels : [])].find(([, one]) => one.id === channel.id);
    if (!other || !theirs) return;
    other.#channels.delete(theirs[0]);
    other.side.event(other.pc, { type: "channel-closed", channel: theirs[0] });
  }
}

function answered(direction: Direction, section: Section): Direction {
  if (section.isRejected || direction === "stopped") return "stopped";
  const offered = reversed(section.direction);
  const both = (way: string): boolean =>
    [direction, offered].every((one) => one === "sendrecv" || one === way);
  if (both("sendonly")) return both("recvonly") ? "sendrecv" : "sendonly";
  return both("recvonly") ? "recvonly" : "inactive";
}

function sdpOf(media: Media[], ufrag: string, setup: string): string {
  const lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-options:trickle"];
  lines.push(`a=group:BUNDLE ${media.map(({ mid }) => mid).join(" ")}`);
  for (const one of media) {
    const port = one.direction === "stopped" ? 0 : 9;
    const transport = [
      "c=IN IP4 0.0.0.0",
      `a=mid:${one.mid}`,
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${ufrag}${ufrag}`,
      "a=fingerprint:sha-256 AA",
      `a=setup:${setup}`,
    ];
    if (one.kind === "application") {
      lines.push(`m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`, ...transport);
      lines.push("a=sctp-port:5000", "a=max-message-size:262144");
      continue;
    }
    const types = one.codecs.map((_, index) => 96 + index);
    lines.push(
      `m=${one.kind} ${port} UDP/TLS/RTP/SAVPF ${types.length > 0 ? types.join(" ") : 0}`,
      ...transport,
    );
    lines.push(
      one.direction === "stopped" ? "a=inactive" : `a=${one.direction}`,
      "a=rtcp-mux",
      "a=rtcp-rsize",
    );
    if (one.direction === "sendrecv" || one.direction === "sendonly")
      for (const stream of one.streams.length > 0 ? one.streams : ["-"])
        lines.push(`a=msid:${stream} ${one.track}`);
    lines.push("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid");
    one.codecs.forEach((codec, index) => {
      const name = codec.mime_type.split("/")[1];
      const channels = codec.channels === undefined ? "" : `/${codec.channels}`;
      lines.push(`a=rtpmap:${96 + index} ${name}/${codec.clock_rate}${channels}`);
      if (codec.sdp_fmtp_line !== undefined) lines.push(`a=fmtp:${96 + index} ${codec.sdp_fmtp_line}`);
    });
  }
  return `${lines.join("\r\n")}\r\n`;
}
