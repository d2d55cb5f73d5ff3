/** Puts a WebRTC in place on a page whose webview has none. */
import { globals } from "./globals";
import { PageMedia } from "./media";
import { hears, lacks, lacksOf, missing, ready, type Missing } from "./selftest";
import { PageSession } from "./session";
import { createSound } from "./sound";
import { WorkerLink } from "./worker/link";
import type { Probed } from "./worker/messages";

export interface Options {
  /** The URL of the native side's socket, good for one opening; asked for again after that was lost. */
  ticket: () => Promise<string>;
  /** In which sound is captured and played; it runs at 48 kHz. Asked for when a connection first has sound. */
  context: () => AudioContext;
}

export interface Installed {
  /** `RTCPeerConnection` and its kin are there. */
  works: boolean;
  /** What was found to be missing; nothing fatal where it works. */
  missing: readonly Missing[];
}

/** ms that the native side may take to answer. */
const PATIENCE = 5_000;

/**
 * Tries out what the webview has, and puts W3C's classes on globalThis when that is enough. Where it has an
 * `RTCPeerConnection` of its own, nothing is done. Never rejects.
 */
export async function install({ ticket, context }: Options): Promise<Installed> {
  if ("RTCPeerConnection" in globalThis) return { works: true, missing: [] };
  const known = lacks().map(missing);
  if (known.some(({ fatal }) => fatal)) return { works: false, missing: known };
  ready();
  const link = new WorkerLink();
  const broken = new Promise<null>((resolve) => {
    link.onbroken = () => resolve(null);
  });
  const session = new PageSession(link, ticket);
  const [isOpen, hasSound, probed] = await Promise.all([
    within(PATIENCE, session.connect()),
    hears().catch(() => false),
    Promise.race([link.probe(), broken]),
  ]);
  const all = [
    ...known,
    ...(isOpen ? [] : [missing("native")]),
    ...(hasSound ? [] : [missing("sound")]),
    ...(probed ? lacksOf(probed).map(missing) : [missing("coders")]),
  ];
  if (!probed || all.some(({ fatal }) => fatal)) {
    link.end();
    return { works: false, missing: all };
  }
  place(link, session, probed, context);
  return { works: true, missing: all };
}

function place(link: WorkerLink, session: PageSession, probed: Probed, context: () => AudioContext): void {
  const media = new PageMedia(link, probed, () => createSound(context(), session));
  for (const [name, value] of Object.entries(globals(session, media))) {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
  }
}

/** Whether it was done in time. */
function within(ms: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms);
    work.then(
      () => resolve(true),
      () => resolve(false),
    );
  });
}
