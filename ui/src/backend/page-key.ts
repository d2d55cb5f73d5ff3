/**
 * The loopback page's own key. A browser sends a cookie to every port of a host, so also to somebody else's server on
 * this machine; what the page keeps for its origin, port included, goes nowhere by itself.
 */
const KEPT = "earshot-page-key";

/** The key, once it has come in the address's fragment; "" where there is none. */
export function pageKey(): string {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

/** Takes the key out of the address that opened the page, before anything else looks at it. */
export function takePageKey(): void {
  const key = location.hash.slice(1);
  if (!/^[a-z2-7]{32}$/.test(key)) return;
  try {
    localStorage.setItem(KEPT, key);
    history.replaceState(null, "", location.pathname + location.search);
  } catch {
    // Without storage the key stays in the address, and the page says that it must be opened anew.
  }
}

/** Asks what this page is part of, showing the key. Rejects where nobody answers. */
export function askSurface(): Promise<Response> {
  return fetch("./surface.json", { cache: "no-store", headers: { "X-Earshot-Page-Key": pageKey() } });
}
