/** Which backend stands behind this page. */
import { askSurface, takePageKey } from "./page-key";
import { CodedError, type Backend } from "./types";
import { guestBackend, loopbackBackend } from "./websocket";
import type { Person } from "../gen/protocol";

/** What `/surface.json` says. */
interface SurfaceAnswer {
  surface: "loopback" | "guest";
  title?: string;
}

/**
 * @param person the guest's person as it is now
 * Rejects with `key-used` (the one-time key is spent) or `backend-lost`.
 */
export async function chooseBackend(person: () => Person): Promise<{ backend: Backend; title: string }> {
  if ("__TAURI_INTERNALS__" in globalThis) {
    const { tauriBackend } = await import("./tauri");
    return { backend: tauriBackend(), title: "" };
  }
  const { surface, title } = await ask();
  return { backend: surface === "guest" ? guestBackend(person) : loopbackBackend(), title: title ?? "" };
}

async function ask(): Promise<SurfaceAnswer> {
  let answer: Response;
  try {
    takePageKey();
    answer = await askSurface();
  } catch {
    throw new CodedError("backend-lost");
  }
  if (answer.status === 401 || answer.status === 403) throw new CodedError("key-used");
  try {
    return (await answer.json()) as SurfaceAnswer;
  } catch {
    throw new CodedError("backend-lost");
  }
}
