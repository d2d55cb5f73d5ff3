/** The header of binary frames; the crate's `frame` has the table of its 24 bytes. */
import { HEADER_BYTES } from "../numbers";

export interface Header {
  kind: number;
  flags: number;
  /** Codec of a picture, channels of sound. */
  codec: number;
  pc: number;
  /** m-line's index, channel's key, or sound source. */
  stream: number;
  /** ms */
  hold: number;
  /** µs, or frames consumed. */
  time: number;
}

/** A frame with room for so many bytes of payload. */
export function newFrame(header: Header, payloadBytes: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + payloadBytes);
  const view = new DataView(frame.buffer);
  view.setUint8(0, header.kind);
  view.setUint8(1, header.flags);
  view.setUint8(2, header.codec);
  view.setUint32(4, header.pc, true);
  view.setUint32(8, header.stream, true);
  view.setUint32(12, header.hold, true);
  view.setBigUint64(16, BigInt(Math.max(0, Math.round(header.time))), true);
  return frame;
}

/** Where the payload goes. */
export function payloadOf(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return frame.subarray(HEADER_BYTES);
}

/** Null for what is no frame. */
export function readHeader(frame: ArrayBuffer): Header | null {
  if (frame.byteLength < HEADER_BYTES) return null;
  const view = new DataView(frame);
  return {
    kind: view.getUint8(0),
    flags: view.getUint8(1),
    codec: view.getUint8(2),
    pc: view.getUint32(4, true),
    stream: view.getUint32(8, true),
    hold: view.getUint32(12, true),
    time: Number(view.getBigUint64(16, true)),
  };
}
