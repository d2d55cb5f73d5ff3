/** Tries every coder with real pictures: what says that it is supported may still not work. */
import { codecByte, codecString, toAnnexB } from "../video/codec";
import type { Probed } from "./messages";
import { transform } from "./transform";

const CODECS = ["video/VP8", "video/H264"];
const WIDTH = 320;
const HEIGHT = 240;
const PICTURES = 3;
/** ms for one codec. */
const LIMIT = 2_500;

/** The page must have made GStreamer ready before, see `selftest`: without that WebKitGTK's process ends here. */
export async function probe(): Promise<Probed> {
  const found: Probed = {
    processor: transform.MediaStreamTrackProcessor !== undefined,
    generator: transform.VideoTrackGenerator !== undefined,
    encode: {},
    decode: {},
  };
  for (const name of CODECS) {
    const codec = codecString(codecByte(name), WIDTH, HEIGHT) ?? "";
    const chunks = await within(LIMIT, (fail) => encode(codec, fail));
    found.encode[name] = chunks !== null;
    // Without an encoder there is nothing to decode: its word has to do.
    found.decode[name] = chunks
      ? (await within(LIMIT, (fail) => decode(codec, chunks, fail))) !== null
      : (await within(LIMIT, () => isDecodable(codec))) === true;
  }
  return found;
}

type Fail = (error: unknown) => void;

/** Null when it fails, or takes longer. */
function within<T>(ms: number, work: (fail: Fail) => Promise<T>): Promise<T | null> {
  return new Promise((resolve) => {
    const fail = (): void => resolve(null);
    setTimeout(fail, ms);
    // What is missing altogether throws at once.
    Promise.resolve()
      .then(() => work(fail))
      .then(resolve, fail);
  });
}

async function isDecodable(codec: string): Promise<boolean> {
  const { supported } = await VideoDecoder.isConfigSupported({ codec });
  return supported === true;
}

async function encode(codec: string, fail: Fail): Promise<EncodedVideoChunk[]> {
  const chunks: EncodedVideoChunk[] = [];
  const encoder = new VideoEncoder({ output: (chunk) => chunks.push(chunk), error: fail });
  try {
    encoder.configure({
      codec,
      width: WIDTH,
      height: HEIGHT,
      bitrate: 300_000,
      framerate: 30,
      latencyMode: "realtime",
    });
    for (let index = 0; index < PICTURES; index++) {
      const luma = WIDTH * HEIGHT;
      const data = new Uint8Array(luma * 1.5).fill(128);
      data.fill(60 + 50 * index, 0, luma / 2);
      const format = { format: "I420", codedWidth: WIDTH, codedHeight: HEIGHT } as const;
      const frame = new VideoFrame(data, { ...format, timestamp: index * 33_333 });
      encoder.encode(frame, { keyFrame: index === 0 });
      frame.close();
    }
    await encoder.flush();
  } finally {
    if (encoder.state !== "closed") encoder.close();
  }
  if (chunks.length < PICTURES) throw new DOMException("pictures are missing", "EncodingError");
  return chunks;
}

async function decode(codec: string, chunks: EncodedVideoChunk[], fail: Fail): Promise<void> {
  let pictures = 0;
  const decoder = new VideoDecoder({
    output: (frame) => {
      pictures += 1;
      frame.close();
    },
    error: fail,
  });
  try {
    decoder.configure({ codec, optimizeForLatency: true });
    for (const { type, timestamp, ...chunk } of chunks.map(copied)) {
      decoder.decode(new EncodedVideoChunk({ type, timestamp, data: annexB(codec, chunk.data) }));
    }
    await decoder.flush();
  } finally {
    if (decoder.state !== "closed") decoder.close();
  }
  if (pictures < chunks.length) throw new DOMException("pictures are missing", "EncodingError");
}

function copied(chunk: EncodedVideoChunk): {
  type: EncodedVideoChunkType;
  timestamp: number;
  data: Uint8Array<ArrayBuffer>;
} {
  const data = new Uint8Array(chunk.byteLength);
  chunk.copyTo(data);
  return { type: chunk.type, timestamp: chunk.timestamp, data };
}

function annexB(codec: string, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (codec.startsWith("avc1")) toAnnexB(data);
  return data;
}
