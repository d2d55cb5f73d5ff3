/** The web address of the server, for colleagues without the app. */
import type { AppState } from "../../state/contract";

/** `https://host/…` of the server that is set (or visited); null when there is none that others could open. */
export function invitation(app: Pick<AppState, "surface" | "node">): string | null {
  if (app.surface === "guest") return location.origin + location.pathname;
  const url = app.node?.settings.signaling_url ?? "";
  if (!url.startsWith("wss://") || app.node?.server.type !== "connected") return null;
  return url.replace(/^wss:/, "https:").replace(/\/ws\/?$/, "/");
}
