/** What may be in RTCRtpEncodingParameters and RTCRtpSendParameters (W3C WebRTC 1.0, sections 5.1, 5.2.8 and 5.2.9). */
import { failure, notSupported, oneOf } from "./errors";
import type { Kind } from "./wire";

const PRIORITIES: readonly RTCPriorityType[] = ["very-low", "low", "medium", "high"];
const DEGRADATIONS: readonly RTCDegradationPreference[] = [
  "balanced",
  "maintain-framerate",
  "maintain-resolution",
  // Of the older text, still given by engines.
  "maintain-framerate-and-resolution" as RTCDegradationPreference,
];
const UINT32 = 2 ** 32 - 1;

/** @throws TypeError, RangeError, NotSupportedError for simulcast */
export function initialEncoding(given: readonly unknown[] | undefined, kind: Kind): RTCRtpEncodingParameters {
  const encodings = [...(given ?? [])].map((one) => encodingOf(one, kind));
  const rids = encodings.map(({ rid }) => rid);
  if (rids.some((rid) => rid !== undefined && !/^[A-Za-z0-9]{1,16}$/.test(rid)))
    throw new TypeError("a rid has 1 to 16 letters and digits");
  if (encodings.length > 1 && (rids.includes(undefined) || new Set(rids).size < rids.length))
    throw new TypeError("each of several encodings has a rid of its own");
  for (const one of encodings) inRange(one);
  // There is no simulcast of sound in the standard: all but the first are dropped.
  if (encodings.length > 1 && kind === "video") throw notSupported("simulcast");
  const first: RTCRtpEncodingParameters = encodings[0] ?? encodingOf({}, kind);
  delete first.rid;
  if (kind === "video") first.scaleResolutionDownBy ??= 1;
  return first;
}

/** Web IDL's reading of the dictionary. */
function encodingOf(given: unknown, kind: Kind): RTCRtpEncodingParameters {
  if (typeof given !== "object" || given === null) throw new TypeError("an encoding is an object");
  const one = given as RTCRtpEncodingParameters & { codec?: unknown };
  if (one.codec !== undefined) throw notSupported("RTCRtpEncodingParameters.codec");
  const encoding: RTCRtpEncodingParameters = {
    active: one.active === undefined ? true : Boolean(one.active),
    priority: oneOf(one.priority ?? "low", PRIORITIES, "RTCPriorityType"),
    networkPriority: oneOf(one.networkPriority ?? "low", PRIORITIES, "RTCPriorityType"),
  };
  if (one.rid !== undefined) encoding.rid = String(one.rid);
  if (one.maxBitrate !== undefined) encoding.maxBitrate = Math.min(finite(one.maxBitrate), UINT32);
  // Of pictures only: removed from sound, without an error.
  if (kind === "video") {
    if (one.maxFramerate !== undefined) encoding.maxFramerate = finite(one.maxFramerate);
    if (one.scaleResolutionDownBy !== undefined)
      encoding.scaleResolutionDownBy = finite(one.scaleResolutionDownBy);
  }
  return encoding;
}

function finite(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw new TypeError("not a finite number");
  return number;
}

/** @throws RangeError */
function inRange(encoding: RTCRtpEncodingParameters): void {
  if (encoding.scaleResolutionDownBy !== undefined && encoding.scaleResolutionDownBy < 1)
    throw new RangeError("scaleResolutionDownBy is at least 1");
  if (encoding.maxFramerate !== undefined && encoding.maxFramerate < 0)
    throw new RangeError("maxFramerate is not negative");
}

/**
 * @param last what getParameters gave
 * @throws TypeError, RangeError, InvalidModificationError
 */
export function checkedParameters(
  given: RTCRtpSendParameters,
  last: RTCRtpSendParameters,
  kind: Kind,
): { encoding: RTCRtpEncodingParameters; degradation: RTCDegradationPreference | undefined } {
  for (const member of ["transactionId", "encodings", "headerExtensions", "rtcp"] as const) {
    if (given[member] === undefined) throw new TypeError(`${member} is missing`);
  }
  const encodings = [...given.encodings].map((one) => encodingOf(one, kind));
  const degradation =
    given.degradationPreference === undefined
      ? undefined
      : oneOf(given.degradationPreference, DEGRADATIONS, "RTCDegradationPreference");
  if (given.transactionId !== last.transactionId) throw changed("transactionId");
  const [encoding] = encodings;
  if (!encoding || encodings.length !== last.encodings.length) throw changed("the number of encodings");
  if (encoding.rid !== last.encodings[0]?.rid) throw changed("rid");
  for (const member of ["codecs", "headerExtensions", "rtcp"] as const) {
    if (!isEqual(given[member], last[member])) throw changed(member);
  }
  inRange(encoding);
  if (kind === "video") encoding.scaleResolutionDownBy ??= 1;
  return { encoding, degradation };
}

function changed(what: string): DOMException {
  return failure("InvalidModificationError", `${what} is not to be changed`);
}

function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) =>
    isEqual((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  );
}
