/** RTCError (W3C WebRTC 1.0, section 11) and short ways to the other exceptions. */

const DETAILS = [
  "data-channel-failure",
  "dtls-failure",
  "fingerprint-failure",
  "sctp-failure",
  "sdp-syntax-error",
  "hardware-encoder-not-available",
  "hardware-encoder-error",
];

export class RTCError extends DOMException {
  readonly errorDetail: RTCErrorDetailType;
  readonly sdpLineNumber: number | null;
  readonly sctpCauseCode: number | null;
  readonly receivedAlert: number | null;
  readonly sentAlert: number | null;
  readonly httpRequestStatusCode: number | null;

  constructor(init: RTCErrorInit, message = "") {
    super(message, "OperationError");
    if (!DETAILS.includes(init?.errorDetail)) throw new TypeError("errorDetail is not one");
    this.errorDetail = init.errorDetail;
    this.sdpLineNumber = init.sdpLineNumber ?? null;
    this.sctpCauseCode = init.sctpCauseCode ?? null;
    this.receivedAlert = init.receivedAlert ?? null;
    this.sentAlert = init.sentAlert ?? null;
    this.httpRequestStatusCode = null;
  }
}

export class RTCErrorEvent extends Event {
  readonly error: RTCError;
  constructor(type: string, init: RTCErrorEventInit) {
    super(type, init);
    if (!((init?.error as unknown) instanceof RTCError)) throw new TypeError("error is not an RTCError");
    this.error = init.error as unknown as RTCError;
  }
}

export function failure(name: string, message: string): DOMException {
  return new DOMException(message, name);
}

/** @param what as a developer calls it */
export function notSupported(what: string): DOMException {
  return failure("NotSupportedError", `${what} is not supported`);
}

/** @throws TypeError for what is not one of the enumeration (Web IDL) */
export function oneOf<T extends string>(value: unknown, values: readonly T[], name: string): T {
  const text = String(value) as T;
  if (!values.includes(text)) throw new TypeError(`${text} is no ${name}`);
  return text;
}

/** Web IDL's [EnforceRange]. */
export function integer(value: unknown, most: number, name: string): number {
  const number = Math.trunc(Number(value));
  if (!(number >= 0 && number <= most)) throw new TypeError(`${name} is out of range`);
  return number;
}
