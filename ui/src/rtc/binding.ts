/** The session and the coders that the classes of this page stand upon. */
import type { Media, Session } from "./seam";

/** What hears that the native side is gone. */
export interface Mortal {
  lost(): void;
}

export interface Binding {
  session: Session;
  media: Media;
  /** All that are not closed. */
  open: Set<Mortal>;
}

let current: Binding | null = null;

/** Once, before the first connection is made. */
export function bind(session: Session, media: Media): void {
  const open = new Set<Mortal>();
  current = { session, media, open };
  session.onlost = () => {
    for (const one of [...open]) one.lost();
  };
}

/** @throws NotSupportedError before {@link bind} */
export function binding(): Binding {
  if (!current) throw new DOMException("no native side", "NotSupportedError");
  return current;
}
