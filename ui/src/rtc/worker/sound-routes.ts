/** Joins the ports of worklets to the socket. */
import { FRAME_CAPTURED, FRAME_PLAYED, HEADER_BYTES, type Line, type Pc, type SourceId } from "../numbers";
import type { CapturedMessage, PlayMessage, PlayedMessage, Way } from "../sound/link";
import { Ring } from "../sound/ring";
import { newFrame, payloadOf, type Header } from "./frame";

/** ms between two looks into the memory that worklets share: half a piece of sound. */
const LOOK_EVERY = 5;

interface Play {
  pc: Pc;
  line: Line;
  port: MessagePort;
  ring: Ring | null;
  /** As told last. */
  played: number;
}

export class SoundRoutes {
  readonly #send: (frame: Uint8Array<ArrayBuffer>) => void;
  readonly #captures = new Map<SourceId, { port: MessagePort; ring: Ring | null }>();
  /** Channels of the sources that were opened. */
  readonly #channels = new Map<SourceId, number>();
  readonly #plays = new Map<string, Play>();
  #looking: ReturnType<typeof setInterval> | null = null;

  constructor(send: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send;
  }

  opened(source: SourceId, channels: number): void {
    this.#channels.set(source, channels);
  }

  capture(source: SourceId, { port, memory }: Way): void {
    this.#captures.get(source)?.port.close();
    this.#captures.set(source, { port, ring: memory && new Ring(memory) });
    port.onmessage = ({ data }: MessageEvent<CapturedMessage | null>) => {
      if (data) this.#captured(source, data);
      else this.closedSource(source);
    };
    this.#look();
  }

  play(pc: Pc, line: Line, { port, memory }: Way): void {
    const key = keyOf(pc, line);
    this.#plays.get(key)?.port.close();
    this.#plays.set(key, { pc, line, port, ring: memory && new Ring(memory), played: 0 });
    port.onmessage = ({ data }: MessageEvent<PlayedMessage | null>) => {
      if (data) this.#played(pc, line, data);
      else this.#closedPlay(key, port);
    };
    this.#look();
  }

  /** A block for a line. */
  heard(header: Header, frame: ArrayBuffer): void {
    const play = this.#plays.get(keyOf(header.pc, header.stream));
    const bytes = frame.byteLength - HEADER_BYTES;
    if (!play || bytes % 4 !== 0) return;
    const samples = new Float32Array(frame.slice(HEADER_BYTES));
    const channels = header.codec === 2 ? 2 : 1;
    // Without room the worklet stands still; what it misses it tells as silence.
    if (play.ring) play.ring.put(channels, samples);
    else play.port.postMessage({ channels, samples } satisfies PlayMessage, [samples.buffer]);
  }

  closed(pc: Pc): void {
    for (const [key, play] of this.#plays) if (play.pc === pc) this.#closedPlay(key, play.port);
  }

  closedSource(source: SourceId): void {
    this.#captures.get(source)?.port.close();
    this.#captures.delete(source);
    this.#channels.delete(source);
    this.#look();
  }

  /** The native side is gone, and with it every line and source. */
  clear(): void {
    for (const source of [...this.#captures.keys()]) this.closedSource(source);
    for (const { pc } of [...this.#plays.values()]) this.closed(pc);
  }

  /** Looks into shared memory from now on, or no more. */
  #look(): void {
    const isWanted = [...this.#captures.values(), ...this.#plays.values()].some(({ ring }) => ring);
    if (isWanted) this.#looking ??= setInterval(() => this.#takeAll(), LOOK_EVERY);
    else if (this.#looking !== null) {
      clearInterval(this.#looking);
      this.#looking = null;
    }
  }

  #takeAll(): void {
    for (const [source, { ring }] of this.#captures)
      for (let piece = ring?.take(); piece; piece = ring?.take())
        this.#captured(source, { time: piece.tag, samples: piece.samples });
    for (const play of this.#plays.values()) {
      const told = play.ring?.told;
      const more = told ? (told.played - play.played) >>> 0 : 0;
      if (!told || more === 0) continue;
      play.played += more;
      this.#played(play.pc, play.line, { played: play.played, silent: told.silent });
    }
  }

  #captured(source: SourceId, { time, samples }: CapturedMessage): void {
    const codec = this.#channels.get(source) ?? 1;
    const header = { kind: FRAME_CAPTURED, flags: 0, codec, pc: 0, stream: source, hold: 0, time };
    const frame = newFrame(header, samples.byteLength);
    payloadOf(frame).set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    this.#send(frame);
  }

  #played(pc: Pc, line: Line, { played, silent }: PlayedMessage): void {
    const header = { kind: FRAME_PLAYED, flags: 0, codec: 0, pc, stream: line, hold: silent, time: played };
    this.#send(newFrame(header, 0));
  }

  #closedPlay(key: string, port: MessagePort): void {
    port.close();
    if (this.#plays.get(key)?.port === port) this.#plays.delete(key);
    this.#look();
  }
}

function keyOf(pc: Pc, line: Line): string {
  return `${pc}/${line}`;
}
