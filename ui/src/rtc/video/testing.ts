/** WebCodecs for tests: coders that do nothing but say what they were asked for. */

export class FakeFrame {
  isClosed = false;
  readonly displayWidth: number;
  readonly displayHeight: number;

  constructor(
    readonly timestamp: number,
    { width = 640, height = 480 } = {},
  ) {
    this.displayWidth = width;
    this.displayHeight = height;
  }

  close(): void {
    this.isClosed = true;
  }
}

export class FakeDecoder {
  static made: FakeDecoder[] = [];
  state = "unconfigured";
  configs: VideoDecoderConfig[] = [];
  chunks: { type: string; timestamp: number }[] = [];

  constructor(readonly on: { output: (frame: FakeFrame) => void; error: (error: Error) => void }) {
    FakeDecoder.made.push(this);
  }

  configure(config: VideoDecoderConfig): void {
    this.state = "configured";
    this.configs.push(config);
  }

  decode(chunk: { type: string; timestamp: number }): void {
    this.chunks.push(chunk);
  }

  close(): void {
    this.state = "closed";
  }

  /** The first `count` that were given to it come out. */
  output(count = this.chunks.length): FakeFrame[] {
    const frames = this.chunks.splice(0, count).map(({ timestamp }) => new FakeFrame(timestamp));
    for (const frame of frames) this.on.output(frame);
    return frames;
  }

  fail(): void {
    this.state = "closed";
    this.on.error(new Error("broken"));
  }
}

export class FakeEncoder {
  static made: FakeEncoder[] = [];
  state = "unconfigured";
  /** What it is given stays inside. */
  isSlow = false;
  #inside: FakeCoded[] = [];
  configs: VideoEncoderConfig[] = [];
  /** Whether each picture was to be a keyframe. */
  keyframes: boolean[] = [];

  constructor(readonly on: { output: (chunk: FakeCoded) => void; error: (error: Error) => void }) {
    FakeEncoder.made.push(this);
  }

  configure(config: VideoEncoderConfig): void {
    this.state = "configured";
    this.configs.push(config);
  }

  encode(frame: FakeFrame, { keyFrame }: { keyFrame: boolean }): void {
    this.keyframes.push(keyFrame);
    this.#inside.push(new FakeCoded(keyFrame ? "key" : "delta", frame.timestamp));
    if (!this.isSlow) this.finish();
  }

  finish(): void {
    for (const chunk of this.#inside.splice(0)) this.on.output(chunk);
  }

  close(): void {
    this.state = "closed";
  }
}

export class FakeCoded {
  readonly byteLength = 4;

  constructor(
    readonly type: string,
    readonly timestamp: number,
  ) {}

  copyTo(into: Uint8Array): void {
    into.set([1, 2, 3, 4]);
  }
}
