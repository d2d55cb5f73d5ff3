/** RTCIceCandidate (W3C WebRTC 1.0, section 4.8.1), and the candidate-attribute of RFC 8839, section 5.1. */
import { oneOf } from "./errors";

interface Parts {
  foundation: string;
  component: RTCIceComponent;
  protocol: RTCIceProtocol;
  priority: number;
  address: string;
  port: number;
  type: RTCIceCandidateType;
  tcpType: RTCIceTcpCandidateType | null;
  relatedAddress: string | null;
  relatedPort: number | null;
  ufrag: string | null;
}

const FORM =
  /^(?:a=)?candidate:([0-9A-Za-z+/]{1,32}) (\d{1,5}) (udp|tcp) (\d{1,10}) (\S+) (\d{1,5}) typ (host|srflx|prflx|relay)((?: \S+ \S+)*) ?$/i;

/** Null for what is none. */
export function parts(candidate: string): Parts | null {
  const match = FORM.exec(candidate);
  if (!match) return null;
  const [, foundation = "", component, protocol = "", priority, address = "", port, type = ""] = match;
  const words = (match[8] ?? "").trim().split(" ");
  const extra = (name: string): string | null => {
    for (let at = 0; at + 1 < words.length; at += 2) {
      if (words[at]?.toLowerCase() === name) return words[at + 1] ?? null;
    }
    return null;
  };
  const relatedPort = extra("rport");
  return {
    foundation,
    component: component === "2" ? "rtcp" : "rtp",
    protocol: protocol.toLowerCase() as RTCIceProtocol,
    priority: Number(priority),
    address,
    port: Number(port),
    type: type.toLowerCase() as RTCIceCandidateType,
    tcpType: extra("tcptype") as RTCIceTcpCandidateType | null,
    relatedAddress: extra("raddr"),
    relatedPort: relatedPort === null ? null : Number(relatedPort),
    ufrag: extra("ufrag"),
  };
}

const RELAY_PROTOCOLS = ["udp", "tcp", "tls"] as const;
type RelayProtocol = (typeof RELAY_PROTOCOLS)[number];

export class RTCIceCandidate {
  readonly #candidate: string;
  readonly #sdpMid: string | null;
  readonly #sdpMLineIndex: number | null;
  readonly #ufrag: string | null;
  readonly #parts: Parts | null;

  readonly #relayProtocol: RelayProtocol | null;
  readonly #url: string | null;

  constructor(init: RTCLocalIceCandidateInit & { relayProtocol?: unknown; url?: unknown } = {}) {
    if (typeof init !== "object" && typeof init !== "function") throw new TypeError("not a candidate");
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = init ?? {};
    this.#candidate = candidate === undefined ? "" : String(candidate);
    this.#sdpMid = sdpMid === undefined || sdpMid === null ? null : String(sdpMid);
    this.#sdpMLineIndex =
      sdpMLineIndex === undefined || sdpMLineIndex === null ? null : Number(sdpMLineIndex) & 0xffff;
    this.#ufrag =
      usernameFragment === undefined || usernameFragment === null ? null : String(usernameFragment);
    if (this.#sdpMid === null && this.#sdpMLineIndex === null)
      throw new TypeError("a candidate names its m-line by sdpMid or sdpMLineIndex");
    this.#parts = parts(this.#candidate);
    const { relayProtocol, url } = init ?? {};
    this.#relayProtocol =
      relayProtocol === undefined || relayProtocol === null
        ? null
        : oneOf(relayProtocol, RELAY_PROTOCOLS, "RTCIceServerTransportProtocol");
    this.#url = url === undefined || url === null ? null : String(url);
  }

  get candidate(): string {
    return this.#candidate;
  }
  get sdpMid(): string | null {
    return this.#sdpMid;
  }
  get sdpMLineIndex(): number | null {
    return this.#sdpMLineIndex;
  }
  get foundation(): string | null {
    return this.#parts?.foundation ?? null;
  }
  get component(): RTCIceComponent | null {
    return this.#parts?.component ?? null;
  }
  get priority(): number | null {
    return this.#parts?.priority ?? null;
  }
  get address(): string | null {
    return this.#parts?.address ?? null;
  }
  get protocol(): RTCIceProtocol | null {
    return this.#parts?.protocol ?? null;
  }
  get port(): number | null {
    return this.#parts?.port ?? null;
  }
  get type(): RTCIceCandidateType | null {
    return this.#parts?.type ?? null;
  }
  get tcpType(): RTCIceTcpCandidateType | null {
    return this.#parts?.tcpType ?? null;
  }
  get relatedAddress(): string | null {
    return this.#parts?.relatedAddress ?? null;
  }
  get relatedPort(): number | null {
    return this.#parts?.relatedPort ?? null;
  }
  get usernameFragment(): string | null {
    return this.#ufrag;
  }
  get relayProtocol(): RelayProtocol | null {
    return this.#relayProtocol;
  }
  get url(): string | null {
    return this.#url;
  }

  toJSON(): RTCIceCandidateInit {
    return {
      candidate: this.#candidate,
      sdpMid: this.#sdpMid,
      sdpMLineIndex: this.#sdpMLineIndex,
      usernameFragment: this.#ufrag,
    };
  }
}
