/** For unit tests only: a page with the W3C's classes upon the native side in memory. */
import { globals } from "./globals";
import { FakeMedia, installFakes } from "./testing-media";
import { NativeSide } from "./testing-native";

/** Node's. */
declare function setImmediate(run: (value: unknown) => void): void;

export interface Page {
  native: NativeSide;
  media: FakeMedia;
  connection(configuration?: RTCConfiguration): RTCPeerConnection;
}

export function page(): Page {
  installFakes();
  const native = new NativeSide();
  const media = new FakeMedia();
  const classes = globals(native, media);
  Object.assign(globalThis, classes);
  return {
    native,
    media,
    connection: (configuration) => new RTCPeerConnection(configuration),
  };
}

/** All that is under way is done. */
export async function settle(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Candidates of each go to the other. */
export function trickle(a: RTCPeerConnection, b: RTCPeerConnection): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    from.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate) void to.addIceCandidate(candidate).catch(() => undefined);
    });
}

/** One round, `a` offers. */
export async function negotiate(a: RTCPeerConnection, b: RTCPeerConnection): Promise<void> {
  await a.setLocalDescription();
  await b.setRemoteDescription(described(a));
  await b.setLocalDescription();
  await a.setRemoteDescription(described(b));
}

export function described({ localDescription }: RTCPeerConnection): RTCSessionDescription {
  if (!localDescription) throw new Error("no local description");
  return localDescription;
}

/** The types of all events of `of`, as they come. */
export function recorded(of: EventTarget, ...types: string[]): string[] {
  const log: string[] = [];
  for (const type of types) of.addEventListener(type, () => log.push(type));
  return log;
}

/** The name of what it throws or rejects with; "nothing" for nothing. */
export async function thrown(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return (error as Error).name;
  }
  return "nothing";
}
