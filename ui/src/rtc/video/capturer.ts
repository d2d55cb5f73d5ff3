/**
 * Takes a track's pictures on the page, where the webview cannot read tracks in a Worker: from a `<video>` that nobody
 * sees. A hidden page is told of no pictures (`requestVideoFrameCallback`), nor is one that WebKitGTK paints without a
 * graphics card; the Worker's ticks take its place then.
 */

/** Pictures that the Worker has not taken yet. */
const MAX_WAITING = 2;
/** Ticks without being told of a picture, after which it is not waited for any more. */
const PATIENCE = 6;

export class Capturer {
  readonly #give: (frame: VideoFrame) => void;
  readonly #video = document.createElement("video");
  #waiting = 0;
  #shown = -1;
  /** Ticks since it was told of a picture. */
  #untold = PATIENCE;
  #canvas: HTMLCanvasElement | null = null;
  #closed = false;

  constructor(track: MediaStreamTrack, give: (frame: VideoFrame) => void) {
    this.#give = give;
    const video = this.#video;
    video.muted = true;
    video.playsInline = true;
    video.srcObject = new MediaStream([track]);
    // WebKitGTK pauses it when the page is hidden.
    video.onpause = () => this.#play();
    this.#play();
    this.#wait();
  }

  taken(): void {
    this.#waiting -= 1;
  }

  tick(): void {
    this.#untold += 1;
    if (!this.#ticks()) return;
    if (this.#video.paused) this.#play();
    this.#take();
  }

  close(): void {
    this.#closed = true;
    this.#video.onpause = null;
    this.#video.pause();
    this.#video.srcObject = null;
  }

  #ticks(): boolean {
    return document.hidden || this.#untold > PATIENCE;
  }

  #play(): void {
    // It is interrupted by a track that ends, or by a page that is being hidden.
    void this.#video.play().catch(() => undefined);
  }

  #wait(): void {
    this.#video.requestVideoFrameCallback(() => {
      if (this.#closed) return;
      this.#untold = 0;
      this.#take();
      this.#wait();
    });
  }

  #take(): void {
    const video = this.#video;
    if (this.#closed || this.#waiting >= MAX_WAITING || video.videoWidth === 0) return;
    // Ticks are no pictures: the same one is not sent twice.
    if (this.#ticks() && video.currentTime === this.#shown) return;
    this.#shown = video.currentTime;
    const frame = this.#picture();
    if (!frame) return;
    this.#waiting += 1;
    this.#give(frame);
  }

  /** Some builds have no pictures of a `<video>` for the encoder when they are drawn by OpenGL: they go by a canvas. */
  #picture(): VideoFrame | null {
    const timestamp = 0;
    if (!this.#canvas) {
      try {
        const frame = new VideoFrame(this.#video, { timestamp });
        if (frame.format !== null) return frame;
        frame.close();
      } catch {
        // By a canvas, from now on.
      }
      this.#canvas = document.createElement("canvas");
    }
    const canvas = this.#canvas;
    if (canvas.width !== this.#video.videoWidth) canvas.width = this.#video.videoWidth;
    if (canvas.height !== this.#video.videoHeight) canvas.height = this.#video.videoHeight;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) return null;
    context.drawImage(this.#video, 0, 0);
    return new VideoFrame(canvas, { timestamp });
  }
}
