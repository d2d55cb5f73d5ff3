/** addIceCandidate (W3C WebRTC 1.0, section 4.4.2). */
import { parts, RTCIceCandidate } from "./candidate";
import type { Connection } from "./connection";
import type { Description } from "./description";
import { failure } from "./errors";

export async function addCandidate(connection: Connection, init: RTCIceCandidateInit): Promise<void> {
  const text = init.candidate === undefined ? "" : String(init.candidate);
  const mid = init.sdpMid === undefined || init.sdpMid === null ? null : String(init.sdpMid);
  const line =
    init.sdpMLineIndex === undefined || init.sdpMLineIndex === null
      ? null
      : Number(init.sdpMLineIndex) & 0xffff;
  const fragment = init.usernameFragment ?? null;
  if (text !== "" && mid === null && line === null)
    throw new TypeError("a candidate names its m-line by sdpMid or sdpMLineIndex");
  return connection.chain.add(async () => {
    const remote = connection.pendingRemote ?? connection.currentRemote;
    if (!remote) throw failure("InvalidStateError", "there is no remote description");
    const at = placeOf(remote, mid, line);
    if (at === null && (mid !== null || line !== null))
      throw failure("OperationError", "no such m-line in the remote description");
    const section = at === null ? null : remote.sections[at];
    if (section?.isRejected) return;
    const both = [connection.pendingRemote, connection.currentRemote].filter((one) => one !== null);
    const meant = both.filter((one) => fragment === null || hasFragment(one, at, fragment));
    if (meant.length === 0) throw failure("OperationError", "of another generation");
    const found = text === "" ? null : parts(text);
    if (text !== "") {
      if (!found) throw failure("OperationError", "not a candidate");
      await connection.request({
        type: "add-candidate",
        pc: connection.pc,
        candidate: text.replace(/^a=/, ""),
        mid,
        line: mid === null ? line : null,
        ufrag: fragment ?? found.ufrag,
      });
      if (connection.isClosed) return;
      connection.remoteCandidates.push(
        new RTCIceCandidate({
          candidate: text,
          sdpMid: mid,
          sdpMLineIndex: line,
          usernameFragment: fragment,
        }),
      );
    }
    // Without a fragment it belongs to the newest.
    for (const one of fragment === null ? meant.slice(0, 1) : meant) {
      const places = at === null ? one.sections.map((_, index) => index) : [at];
      for (const place of places) one.add(place, text);
    }
  });
}

function placeOf(remote: Description, mid: string | null, line: number | null): number | null {
  if (mid !== null) {
    const at = remote.sections.findIndex((one) => one.mid === mid);
    return at < 0 ? null : at;
  }
  return line !== null && line < remote.sections.length ? line : null;
}

function hasFragment(description: Description, at: number | null, fragment: string): boolean {
  const sections = at === null ? description.sections : description.sections.slice(at, at + 1);
  return sections.some(({ ufrag }) => ufrag === fragment);
}
