/** "Check if negotiation is needed" (W3C WebRTC 1.0, section 4.7.3). Pure. */
import type { Connection } from "./connection";
import { reversed, sends, type Section } from "./sdp";
import type { Transceiving } from "./transceiver";

export function isNegotiationNeeded(connection: Connection): boolean {
  const { currentLocal, credentialsToReplace, channels, transceivers } = connection;
  if (credentialsToReplace.size > 0) return true;
  if (channels.isWanted && !currentLocal?.application) return true;
  return transceivers.some((one) => isNeededFor(one, connection));
}

function isNeededFor(transceiver: Transceiving, { currentLocal, currentRemote }: Connection): boolean {
  if (transceiver.isStopping && !transceiver.isStopped) return true;
  const local = currentLocal?.section(transceiver.line) ?? null;
  const remote = currentRemote?.section(transceiver.line) ?? null;
  if (transceiver.isStopped)
    return transceiver.mid !== null && !(local?.isRejected ?? false) && !(remote?.isRejected ?? false);
  if (!local) return true;
  const { direction, sending } = transceiver;
  if (sends(direction) && !isSameSet(local.streams, sending.streams)) return true;
  if (currentLocal?.type === "offer")
    return local.direction !== direction && reversed(remote?.direction ?? "inactive") !== direction;
  return local.direction !== intersection(transceiver, remote);
}

/** What can be answered to their offer. */
function intersection({ direction }: Transceiving, remote: Section | null): string {
  const offered = reversed(remote?.direction ?? "inactive");
  const has = (way: "send" | "recv"): boolean =>
    [direction, offered].every((one) => one === "sendrecv" || one === `${way}only`);
  if (has("send")) return has("recv") ? "sendrecv" : "sendonly";
  return has("recv") ? "recvonly" : "inactive";
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}
