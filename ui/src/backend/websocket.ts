/** The browser: a tab on a node's loopback address, or a guest's tab on a server. */
import { SUBPROTOCOL, type FromNode, type Person } from "../gen/protocol";
import { systemClock, type Clock } from "../call/clock";
import type { AnyCode } from "../state/contract";
import { GuestTrust } from "../trust/guest-trust";
import { loadGuestKey } from "../trust/key";
import { GuestSession, type Dial } from "./guest-session";
import { NodeSession } from "./node-session";
import { loopbackFiles } from "./loopback-files";
import { nodeFiles } from "./node-files";
import { nodeTrust } from "./node-trust";
import { askSurface, pageKey } from "./page-key";
import { ReconnectPolicy } from "./reconnect";
import { steadyClock } from "./steady-clock";
import { CodedError, type Backend, type BackendMessage } from "./types";

/** A dialler for `path` on the page's own host. `more`: subprotocols beside our own, asked for at each dial. */
function dialler(path: string, more: () => string[] = () => []): Dial {
  return (on) => {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, [SUBPROTOCOL, ...more()]);
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data === "string") on.message(event.data);
    };
    socket.onclose = () => on.closed();
    return {
      send(text) {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close: () => socket.close(),
    };
  };
}

/** Why the loopback socket does not open: the node is gone, or it has started anew and does not know the cookie. */
async function askWhy(): Promise<{ code: AnyCode; final: boolean }> {
  try {
    const answer = await askSurface();
    if (answer.status === 401 || answer.status === 403) return { code: "key-used", final: true };
  } catch {
    // Nobody there; perhaps in a moment.
  }
  return { code: "backend-lost", final: false };
}

/** A tab on a node's loopback address. The cookie and the page's key say who we are. */
export function loopbackBackend(
  dial: Dial = dialler("/ui/ws", () => [`key.${pageKey()}`]),
  clock: Clock = systemClock,
): Backend {
  let tell: (message: BackendMessage) => void = () => undefined;
  let closed = false;
  let hangUp: () => void = () => undefined;
  const session = new NodeSession((message) => {
    if (message.type === "welcome") policy.reset();
    if (message.type === "down" && message.final) closed = true;
    tell(message);
  });
  const policy = new ReconnectPolicy(Math.random, 250, 3_000);

  function connect(): void {
    if (closed) return;
    const socket = dial({
      message(text) {
        try {
          session.receive(JSON.parse(text) as FromNode);
        } catch (error) {
          // Only what is not JSON ends here; a fault of ours must be seen.
          if (!(error instanceof SyntaxError)) throw error;
          socket.close();
        }
      },
      closed: () => void lost(),
    });
    hangUp = () => socket.close();
    session.attached((message) => socket.send(JSON.stringify(message)));
  }

  async function lost(): Promise<void> {
    session.detached("link-lost");
    if (closed) return;
    const why = await askWhy();
    if (closed) return;
    tell({ type: "down", ...why });
    if (!why.final) clock.after(policy.next(), connect);
  }

  return {
    surface: "loopback",
    start(on) {
      tell = on;
      connect();
    },
    request: (request) => session.request(request),
    owner: (request) => session.owner(request),
    trust: (room) => nodeTrust((request) => session.owner(request), room),
    files: nodeFiles(loopbackFiles),
    close() {
      closed = true;
      session.detached("link-lost");
      hangUp();
    },
  };
}

/** A guest's tab on a server. `person` is asked at each hello, so it must be known before `start`. */
export function guestBackend(person: () => Person): Backend {
  let session: GuestSession | null = null;
  let trust: GuestTrust | null = null;
  let closed = false;
  async function open(on: (message: BackendMessage) => void): Promise<void> {
    try {
      const key = await loadGuestKey();
      if (closed) return;
      trust = new GuestTrust(key, () => Date.now());
      session = new GuestSession({
        dial: dialler("/ws"),
        clock: steadyClock(),
        policy: new ReconnectPolicy(),
        key,
        person,
        on,
      });
      session.start();
      addEventListener("online", () => session?.retryNow());
    } catch (error) {
      const code = error instanceof CodedError ? error.code : "internal";
      on({ type: "down", code, final: true });
    }
  }
  return {
    surface: "guest",
    start: (on) => void open(on),
    request: (request) => session?.request(request) ?? Promise.reject(new CodedError("link-lost")),
    trust(room) {
      // There is no room before there is a key.
      if (!trust) throw new CodedError("link-lost");
      return trust.room(room);
    },
    close() {
      closed = true;
      session?.close();
    },
  };
}
