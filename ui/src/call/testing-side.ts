/** One side of a peer connection over fakes, for tests: whoever offers is the newcomer. */
import type { DeviceKind, Signal } from "../gen/protocol";
import { Peer } from "./peer";
import { FakeConnection, FakeTrust, fakeEnvironment, type FakeClock, type FakeTrack } from "./testing";
import { PeerTrust } from "./trust";

export interface Side {
  peer: Peer;
  pc: FakeConnection;
  trust: FakeTrust;
  sent: Signal[];
  log: string[];
}

export const LOCAL = { microphone: true, camera: false, screen: false, full_hd: false };

export function side(
  clock: FakeClock,
  offers: boolean,
  tracks: [("voice" | "camera")?, FakeTrack?] = [],
  kind: DeviceKind = "install",
): Side {
  const sent: Signal[] = [];
  const log: string[] = [];
  const [lane, track] = tracks;
  const [mine, theirs] = offers ? ["newcomer", "host"] : ["host", "newcomer"];
  const trust = new FakeTrust(mine, "room", kind);
  const peer = new Peer({
    device: theirs,
    offers,
    iceServers: [{ urls: ["stun:192.0.2.1"] }],
    environment: fakeEnvironment(clock),
    tracks: new Map(lane && track ? [[lane, track.asTrack]] : []),
    local: LOCAL,
    trust: new PeerTrust(trust, theirs),
    send: (signal) => sent.push(structuredClone(signal)),
    on: {
      changed: () => undefined,
      bye: () => log.push("bye"),
      lost: () => log.push("lost"),
      refused: (code) => log.push(code),
    },
  });
  const pc = FakeConnection.made.at(-1);
  if (!pc) throw new Error("no connection was made");
  return { peer, pc, trust, sent, log };
}
