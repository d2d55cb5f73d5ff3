/** What the page must know of a description (RFC 8866, RFC 8829); all else is read by the native side. Pure. */
import { RTCError } from "./errors";
import type { Direction } from "./wire";

export interface SdpCodec {
  payloadType: number;
  mimeType: string;
  clockRate: number;
  channels?: number;
  sdpFmtpLine?: string;
}

/** An m-section. */
export interface Section {
  kind: string;
  mid: string | null;
  /** Port 0, and not for the sake of a bundle. */
  isRejected: boolean;
  direction: Exclude<Direction, "stopped">;
  /** Of `a=msid`, of the section or its sources, without "-". */
  streams: string[];
  /** Whether it says anything about streams. */
  hasMsid: boolean;
  hasOwnMsid: boolean;
  /** The section's own `a=msid` as they stand. */
  msids: string[];
  ufrag: string;
  password: string;
  setup: string | null;
  codecs: SdpCodec[];
  extensions: { uri: string; id: number; encrypted: boolean }[];
  cname: string;
  reducedSize: boolean;
  hasRtcpMux: boolean;
  /** Of `a=max-message-size`. */
  maxMessageSize: number | null;
}

/** @throws RTCError `sdp-syntax-error` with its line */
export function read(sdp: string): Section[] {
  const lines = sdp.split(/\r\n|\n/);
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  const wrong = (at: number, message: string): RTCError =>
    new RTCError({ errorDetail: "sdp-syntax-error", sdpLineNumber: at + 1 }, message);
  if (lines[0] !== "v=0") throw wrong(0, "a description begins with v=0");
  const sections: Section[] = [];
  const session = section("session");
  lines.forEach((line, at) => {
    if (!/^[a-z]=/.test(line)) throw wrong(at, "not a line of a description");
    if (line.startsWith("m=")) {
      const media = /^m=(\S+) (\d{1,5})(?:\/\d+)? (\S+)((?: \S+)+)$/.exec(line);
      if (!media) throw wrong(at, "not a media description");
      const one = section(media[1] ?? "");
      one.isRejected = media[2] === "0";
      // Of the session, unless the section says it itself.
      Object.assign(one, { ufrag: session.ufrag, password: session.password, setup: session.setup });
      one.direction = session.direction;
      if (media[3]?.includes("RTP"))
        one.codecs = (media[4] ?? "")
          .trim()
          .split(" ")
          .map((type) => ({ payloadType: Number(type), mimeType: "", clockRate: 0 }));
      sections.push(one);
    } else if (line.startsWith("a=")) attribute(sections.at(-1) ?? session, line.slice(2));
  });
  for (const one of sections) one.codecs = one.codecs.filter(({ mimeType }) => mimeType !== "");
  return sections;
}

function section(kind: string): Section {
  return {
    kind,
    mid: null,
    isRejected: false,
    direction: "sendrecv",
    streams: [],
    hasMsid: false,
    hasOwnMsid: false,
    msids: [],
    ufrag: "",
    password: "",
    setup: null,
    codecs: [],
    extensions: [],
    cname: "",
    reducedSize: false,
    hasRtcpMux: false,
    maxMessageSize: null,
  };
}

function attribute(of: Section, line: string): void {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1);
  switch (name) {
    case "mid":
      of.mid = value;
      break;
    case "bundle-only":
      of.isRejected = false;
      break;
    case "sendrecv":
    case "sendonly":
    case "recvonly":
    case "inactive":
      of.direction = name;
      break;
    case "msid":
      // The section's own word counts, not that of its sources.
      if (!of.hasOwnMsid) of.streams = [];
      of.hasOwnMsid = true;
      of.msids.push(value);
      msid(of, value);
      break;
    case "ice-ufrag":
      of.ufrag = value;
      break;
    case "ice-pwd":
      of.password = value;
      break;
    case "setup":
      of.setup = value;
      break;
    case "max-message-size":
      of.maxMessageSize = /^\d+$/.test(value) ? Number(value) : null;
      break;
    case "rtcp-mux":
      of.hasRtcpMux = true;
      break;
    case "rtcp-rsize":
      of.reducedSize = true;
      break;
    case "rtpmap":
      codec(of, value);
      break;
    case "fmtp": {
      const [type, parameters] = split(value);
      const one = of.codecs.find(({ payloadType }) => payloadType === Number(type));
      if (one) one.sdpFmtpLine = parameters;
      break;
    }
    case "extmap": {
      const [id = "", uri = ""] = value.split(" ");
      of.extensions.push({ uri, id: Number.parseInt(id, 10), encrypted: false });
      break;
    }
    case "ssrc": {
      const cname = / cname:(.+)$/.exec(value);
      if (cname) of.cname = cname[1] ?? "";
      const ofSource = / msid:(.+)$/.exec(value);
      if (ofSource && !of.hasOwnMsid) msid(of, ofSource[1] ?? "");
      break;
    }
  }
}

function msid(of: Section, value: string): void {
  const [stream = "-"] = value.split(" ");
  of.hasMsid = true;
  if (stream !== "-" && !of.streams.includes(stream)) of.streams.push(stream);
}

function codec(of: Section, value: string): void {
  const [type, encoding] = split(value);
  const [name = "", rate = "", channels] = encoding.split("/");
  const one = of.codecs.find(({ payloadType }) => payloadType === Number(type));
  if (!one) return;
  one.mimeType = `${of.kind}/${name}`;
  one.clockRate = Number(rate);
  if (channels !== undefined) one.channels = Number(channels);
  else if (of.kind === "audio") one.channels = 1;
}

function split(value: string): [string, string] {
  const space = value.indexOf(" ");
  return space < 0 ? [value, ""] : [value.slice(0, space), value.slice(space + 1)];
}

/**
 * The description with what was gathered or added since (`a=candidate`, `a=end-of-candidates`).
 * @param more lines of each section, by its index
 */
export function withLines(sdp: string, more: ReadonlyMap<number, readonly string[]>): string {
  if (more.size === 0) return sdp;
  const parts = sdp.split(/^(?=m=)/m);
  return parts
    .map((part, index) => {
      const lines = (more.get(index - 1) ?? []).filter((line) => !part.includes(`${line}\r\n`));
      return part + lines.map((line) => `${line}\r\n`).join("");
    })
    .join("");
}

/** As the other side sees it. */
export function reversed(direction: Direction): Direction {
  if (direction === "sendonly") return "recvonly";
  return direction === "recvonly" ? "sendonly" : direction;
}

export function sends(direction: Direction | null): boolean {
  return direction === "sendrecv" || direction === "sendonly";
}

export function receives(direction: Direction | null): boolean {
  return direction === "sendrecv" || direction === "recvonly";
}

export function directionOf(isSending: boolean, isReceiving: boolean): Exclude<Direction, "stopped"> {
  if (isSending) return isReceiving ? "sendrecv" : "sendonly";
  return isReceiving ? "recvonly" : "inactive";
}
