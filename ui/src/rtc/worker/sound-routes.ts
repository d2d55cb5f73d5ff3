/** Joins the ports of worklets to the socket. */
import { FRAME_CAPTURED, FRAME_PLAYED, HEADER_BYTES, type Line, type Pc, type SourceId } from "../numbers";
import type { CapturedMessage, PlayMessage, PlayedMessage } from "../sound/link";
import { newFrame, payloadOf, type Header } from "./frame";

export class SoundRoutes {
  readonly #send: (frame: Uint8Array<ArrayBuffer>) => void;
  readonly #captures = new Map<SourceId, MessagePort>();
  /** Channels of the sources that were opened. */
  readonly #channels = new Map<SourceId, number>();
  readonly #plays = new Map<string, { pc: Pc; port: MessagePort }>();

  constructor(send: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send;
  }

  opened(source: SourceId, channels: number): void {
    this.#channels.set(source, channels);
  }

  capture(source: SourceId, port: MessagePort): void {
    this.#captures.get(source)?.close();
    this.#captures.set(source, port);
    port.onmessage = ({ data }: MessageEvent<CapturedMessage | null>) => {
      if (data) this.#captured(source, data);
      else this.closedSource(source);
    };
  }

  play(pc: Pc, line: Line, port: MessagePort): void {
    const key = keyOf(pc, line);
    this.#plays.get(key)?.port.close();
    this.#plays.set(key, { pc, port });
    port.onmessage = ({ data }: MessageEvent<PlayedMessage | null>) => {
      if (data) this.#played(pc, line, data);
      else this.#closedPlay(key, port);
    };
  }

  /** A block for a line. */
  heard(header: Header, frame: ArrayBuffer): void {
    const play = this.#plays.get(keyOf(header.pc, header.stream));
    const bytes = frame.byteLength - HEADER_BYTES;
    if (!play || bytes % 4 !== 0) return;
    const samples = new Float32Array(frame.slice(HEADER_BYTES));
    const message: PlayMessage = { channels: header.codec === 2 ? 2 : 1, samples };
    play.port.postMessage(message, [samples.buffer]);
  }

  closed(pc: Pc): void {
    for (const [key, play] of this.#plays) if (play.pc === pc) this.#closedPlay(key, play.port);
  }

  closedSource(source: SourceId): void {
    this.#captures.get(source)?.close();
    this.#captures.delete(source);
    this.#channels.delete(source);
  }

  /** The native side is gone, and with it every line and source. */
  clear(): void {
    for (const source of [...this.#captures.keys()]) this.closedSource(source);
    for (const { pc } of [...this.#plays.values()]) this.closed(pc);
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
  }
}

function keyOf(pc: Pc, line: Line): string {
  return `${pc}/${line}`;
}
