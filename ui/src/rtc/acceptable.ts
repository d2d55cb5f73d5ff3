/** What is refused of a description of theirs before the native side sees it (RFC 8829, sections 5.8 and 5.11). Pure. */
import type { Description } from "./description";
import { failure } from "./errors";
import { receives, sends, type Section } from "./sdp";

/** Letters, digits, + and / (RFC 8839, section 5.4). */
const ICE_CHARS = /^[A-Za-z0-9+/]*$/;
/** They would be taken for RTCP (RFC 5761, section 4). */
const RTCP_TYPES = { first: 64, last: 95 };

/**
 * @param offer ours that it answers, or null
 * @throws InvalidAccessError, and OperationError for what is well-formed but says one thing of two sections
 */
export function needAcceptable(description: Description, offer: Description | null): void {
  const sections = description.sections.filter(({ isRejected }) => !isRejected);
  if (sections.length > 0 && !/^a=fingerprint:/m.test(description.sdp)) throw refusal("no fingerprint");
  if (sections.some(({ ufrag, password }) => !ICE_CHARS.test(ufrag) || !ICE_CHARS.test(password)))
    throw refusal("ICE credentials with other characters");
  const media = sections.filter(({ kind }) => kind === "audio" || kind === "video");
  // In a bundle the first speaks for all.
  if (media[0] && !media[0].hasRtcpMux) throw refusal("no rtcp-mux");
  if (media.some(({ codecs }) => codecs.some(isRtcp))) throw refusal("a payload type of RTCP");
  // An identifier with its appdata is of one section (RFC 8830, section 2).
  const named = media.flatMap(({ msids }) => [...new Set(msids)]).filter((msid) => msid.includes(" "));
  if (new Set(named).size < named.length) throw failure("OperationError", "two sections with one msid");
  description.sections.forEach((section, line) => {
    const offered = offer?.sections[line];
    if (offered && !section.isRejected && !answers(section, offered))
      throw refusal("a direction that was not offered");
  });
}

function isRtcp({ payloadType }: { payloadType: number }): boolean {
  return payloadType >= RTCP_TYPES.first && payloadType <= RTCP_TYPES.last;
}

function answers(section: Section, offered: Section): boolean {
  if (section.kind === "application") return true;
  if (sends(section.direction) && !receives(offered.direction)) return false;
  return !receives(section.direction) || sends(offered.direction);
}

function refusal(message: string): DOMException {
  return failure("InvalidAccessError", message);
}
