/** A node's word for its windows: the device key never leaves the node. */
import type { RoomTrust } from "../call/trust";
import type { OwnerReply, OwnerRequest, RoomRef } from "../gen/protocol";
import { CodedError } from "./types";

export function nodeTrust(
  ask: (request: OwnerRequest) => Promise<OwnerReply>,
  { hub, room }: RoomRef,
): RoomTrust {
  const place = { hub: hub.device, room };
  return {
    async seal(to, description) {
      const reply = await ask({ type: "seal", ...place, to, description });
      if (reply.type !== "sealed") throw new CodedError("internal");
      return reply.description;
    },
    async open(from, description) {
      const reply = await ask({ type: "open", ...place, from, description });
      if (reply.type !== "opened") throw new CodedError("internal");
      return { description: reply.description, kind: reply.kind };
    },
    async verify(device, step) {
      const reply = await ask({ type: "verify", ...place, with: device, step });
      if (reply.type !== "verification") throw new CodedError("internal");
      return { stage: reply.stage, say: reply.say };
    },
  };
}
