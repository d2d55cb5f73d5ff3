/**
 * What of an SDP (RFC 8866) a seal names, and which of its fingerprints are good enough. The twin of
 * `identity/src/sdp.rs`: the same lines are read, and what cannot be read is refused.
 */
import { CodedError } from "../backend/types";
import { LIMITS } from "../gen/protocol";
import { utf8 } from "./bytes";

export interface Reading {
  /** Every `a=fingerprint`, weak ones among it, as `sha-256 AB:CD:…`; sorted, each once. */
  fingerprints: string[];
  /** Every `a=ice-ufrag`; sorted, each once. */
  ufrags: string[];
  /** A media section that is used has no strong fingerprint, neither its own nor the session's. */
  weak: boolean;
}

const FINGERPRINT = "a=fingerprint:";
const UFRAG = "a=ice-ufrag:";
/** The strong hash functions, and how many bytes they make. */
const STRONG: Readonly<Record<string, number>> = { "sha-256": 32, "sha-384": 48, "sha-512": 64 };

/** Throws `malformed`. */
export function read(sdp: string): Reading {
  if (utf8(sdp).length > LIMITS.MAX_MESSAGE_BYTES || !/^v=0\r?\n/.test(sdp)) throw malformed();
  const fingerprints: string[] = [];
  const ufrags: string[] = [];
  // The first section is the session.
  const sections = [{ rejected: false, bundleOnly: false, strong: false }];
  for (const whole of linesOf(sdp)) {
    const line = withoutEnd(whole);
    if (!/^[a-z]=/.test(line) || line.includes("\r") || line.includes("\0")) throw malformed();
    const section = sections.at(-1);
    if (line.startsWith("m="))
      sections.push({ rejected: portOf(line.slice(2)) === 0, bundleOnly: false, strong: false });
    else if (line.startsWith(FINGERPRINT)) {
      const fingerprint = fingerprintOf(line.slice(FINGERPRINT.length));
      if (section) section.strong ||= isStrong(fingerprint);
      push(fingerprints, fingerprint);
    } else if (line.startsWith(UFRAG)) {
      const ufrag = line.slice(UFRAG.length);
      // RFC 8839, section 5.4.
      if (!/^[A-Za-z0-9+/]{4,256}$/.test(ufrag)) throw malformed();
      push(ufrags, ufrag);
    } else if (line === "a=bundle-only" && section) section.bundleOnly = true;
  }
  const [session, ...media] = sections;
  const isUsed = ({ rejected, bundleOnly }: { rejected: boolean; bundleOnly: boolean }): boolean =>
    !rejected || bundleOnly;
  return {
    fingerprints: [...new Set(fingerprints)].sort(),
    ufrags: [...new Set(ufrags)].sort(),
    weak: !session?.strong && media.some((section) => !section.strong && isUsed(section)),
  };
}

/** Without the fingerprints that are weaker than SHA-256; everything else stays byte for byte. */
export function withoutWeak(sdp: string): string {
  return linesOf(sdp)
    .filter((whole) => {
      const line = withoutEnd(whole);
      if (!line.startsWith(FINGERPRINT)) return true;
      try {
        return isStrong(fingerprintOf(line.slice(FINGERPRINT.length)));
      } catch {
        return false;
      }
    })
    .join("");
}

/** Each with its end. */
function linesOf(sdp: string): string[] {
  return sdp.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** RFC 8866, section 9: CRLF, and a lone LF is taken as well. */
function withoutEnd(line: string): string {
  return line.replace(/\n$/, "").replace(/\r$/, "");
}

function push(list: string[], item: string): void {
  if (list.length >= LIMITS.MAX_SDP_ITEMS) throw malformed();
  list.push(item);
}

/** Of a media line: `audio 9 UDP/TLS/RTP/SAVPF 111`, with or without a number of ports. */
function portOf(media: string): number {
  const digits = media.split(" ")[1]?.split("/")[0] ?? "";
  if (!/^[0-9]{1,5}$/.test(digits) || Number(digits) > 65535) throw malformed();
  return Number(digits);
}

/** RFC 8122, section 5, in the form that seals name. */
function fingerprintOf(value: string): string {
  const [, name = "", digits = ""] = /^([A-Za-z0-9-]{1,32}) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){0,63})$/.exec(
    value,
  ) ?? [undefined];
  const algorithm = name.toLowerCase();
  const hex = digits.toUpperCase();
  const length = STRONG[algorithm];
  if (name === "" || (length !== undefined && hex.split(":").length !== length)) throw malformed();
  return `${algorithm} ${hex}`;
}

function isStrong(fingerprint: string): boolean {
  return STRONG[fingerprint.split(" ")[0] ?? ""] !== undefined;
}

function malformed(): CodedError {
  return new CodedError("malformed");
}
