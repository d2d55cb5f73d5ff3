/** The window: Tauri's IPC. The only file that names Tauri, loaded only where there is one. */
import { Channel, invoke } from "@tauri-apps/api/core";
import { ERROR_CODES, type ErrorCode, type FileReply, type FromNode, type ToNode } from "../gen/protocol";
import { FileError } from "../call/files/store";
import { nodeFiles } from "./node-files";
import { NodeSession } from "./node-session";
import { nodeTrust } from "./node-trust";
import { CodedError, type Backend, type BackendMessage } from "./types";

/** A command's rejection is a code; anything else is a fault. */
function rejection(error: unknown): ErrorCode {
  return ERROR_CODES.find((code) => code === error) ?? "internal";
}

function failed(error: unknown): never {
  throw new FileError(rejection(error));
}

export function tauriBackend(): Backend {
  let tell: (message: BackendMessage) => void = () => undefined;
  let said: Promise<unknown> = Promise.resolve();
  const session = new NodeSession((message) => tell(message));
  return {
    surface: "window",
    start(on) {
      tell = on;
      const channel = new Channel<FromNode>();
      channel.onmessage = (message) => session.receive(message);
      session.attached((message: ToNode) => {
        // One after the other: commands run on several threads, and signals must not overtake each other.
        said = said
          .then(() => invoke("say", { message }))
          .catch((error: unknown) => session.failed(message, rejection(error)));
      });
      invoke("attach", { onMessage: channel }).catch((error: unknown) => {
        session.detached(rejection(error));
        on({ type: "down", code: rejection(error), final: true });
      });
    },
    request: (request) => session.request(request),
    owner: (request) => session.owner(request),
    trust: (room) => nodeTrust((request) => session.owner(request), room),
    files: nodeFiles({
      request: (request) => invoke<FileReply>("file_request", { request }).catch(failed),
      block: (frame) => invoke<undefined>("file_block", frame).catch(failed),
    }),
    async rtcTicket() {
      try {
        return (await invoke<{ url: string }>("rtc_ticket")).url;
      } catch (error) {
        throw new CodedError(rejection(error));
      }
    },
    close() {
      session.detached("link-lost");
    },
  };
}
