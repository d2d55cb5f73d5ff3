/** RTCConfiguration (W3C WebRTC 1.0, section 4.2.1), and URLs of ICE servers (RFC 7064, RFC 7065). */
import { failure, integer, oneOf } from "./errors";
import type { Configuration } from "./wire";

/** With every default filled in. */
export interface Checked {
  iceServers: { urls: string[]; username?: string; credential?: string }[];
  iceTransportPolicy: RTCIceTransportPolicy;
  bundlePolicy: RTCBundlePolicy;
  rtcpMuxPolicy: RTCRtcpMuxPolicy | "negotiate";
  iceCandidatePoolSize: number;
}

/** @throws TypeError, SyntaxError, InvalidAccessError */
export function checked(given: unknown): Checked {
  if (given !== undefined && given !== null && typeof given !== "object" && typeof given !== "function")
    throw new TypeError("the configuration is no object");
  const init = (given ?? {}) as Record<string, unknown>;
  const certificates = init["certificates"];
  if (certificates !== undefined && [...(certificates as Iterable<unknown>)].length > 0)
    throw new TypeError("there are no certificates of the page's own");
  return {
    iceServers: servers(init["iceServers"]),
    iceTransportPolicy: oneOf(
      either(init["iceTransportPolicy"], "all"),
      ["all", "relay"],
      "RTCIceTransportPolicy",
    ),
    bundlePolicy: oneOf(
      either(init["bundlePolicy"], "balanced"),
      ["balanced", "max-compat", "max-bundle"],
      "RTCBundlePolicy",
    ),
    rtcpMuxPolicy: oneOf(
      either(init["rtcpMuxPolicy"], "require"),
      ["require", "negotiate"],
      "RTCRtcpMuxPolicy",
    ),
    iceCandidatePoolSize: integer(either(init["iceCandidatePoolSize"], 0), 255, "iceCandidatePoolSize"),
  };
}

/** A member's default: null is not one (Web IDL). */
function either(value: unknown, usual: unknown): unknown {
  return value === undefined ? usual : value;
}

/** For getConfiguration: a copy that the page may change. */
export function copied(configuration: Checked): RTCConfiguration {
  return {
    ...configuration,
    rtcpMuxPolicy: "require",
    iceServers: configuration.iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
    certificates: [],
  };
}

/** For the native side, which speaks STUN over UDP only. */
export function onWire(configuration: Checked): Configuration {
  return {
    ice_servers: configuration.iceServers
      .map((server) => ({ ...server, urls: server.urls.filter((url) => !/^stuns:/i.test(url)) }))
      .filter(({ urls }) => urls.length > 0),
    relay_only: configuration.iceTransportPolicy === "relay",
  };
}

function servers(given: unknown): Checked["iceServers"] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given))
    throw new TypeError("iceServers is no sequence");
  return [...(given as Iterable<unknown>)].map(server);
}

function server(given: unknown): Checked["iceServers"][number] {
  if (given === undefined || given === null || typeof given !== "object")
    throw new TypeError("an ICE server is an object");
  const { urls, username, credential } = given as Record<string, unknown>;
  if (urls === undefined) throw new TypeError("urls is missing");
  const list =
    typeof urls === "object" && urls !== null && Symbol.iterator in urls
      ? [...(urls as Iterable<unknown>)].map(String)
      : [String(urls)];
  if (list.length === 0) throw failure("SyntaxError", "no URL");
  for (const url of list) {
    const scheme = schemeOf(url);
    if (scheme.startsWith("turn") && (username === undefined || credential === undefined))
      throw failure("InvalidAccessError", "TURN wants a username and a credential");
    if (scheme.startsWith("turn") && new TextEncoder().encode(String(username)).length > MAX_USERNAME_BYTES)
      throw failure("InvalidAccessError", "the username is too long");
  }
  return {
    urls: list,
    ...(username === undefined ? {} : { username: String(username) }),
    ...(credential === undefined ? {} : { credential: String(credential) }),
  };
}

/** RFC 8489, section 14.3. */
const MAX_USERNAME_BYTES = 509;
/** host and port of RFC 3986, with the query that only TURN has. */
const URL_FORM = /^(stuns?|turns?):(\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]+)(?::(\d{1,5}))?(\?.*)?$/i;

function schemeOf(url: string): string {
  const match = URL_FORM.exec(url);
  const scheme = match?.[1]?.toLowerCase() ?? "";
  const query = match?.[4];
  const isPort = match?.[3] === undefined || (Number(match[3]) > 0 && Number(match[3]) <= 65535);
  const isQuery =
    query === undefined || (scheme.startsWith("turn") && /^\?transport=(udp|tcp)$/i.test(query));
  if (!match || !isPort || !isQuery) throw failure("SyntaxError", "not the URL of an ICE server");
  return scheme;
}
