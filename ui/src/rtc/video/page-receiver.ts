/** A receiver's coder, which is in the Worker, seen from the page. */
import type { Line, Pc } from "../numbers";
import type { VideoReceiver, VideoReceiveStats } from "../seam";
import type { WorkerLink } from "../worker/link";
import type { ReceiverCommand, ReceiverId } from "../worker/messages";

export class PageVideoReceiver implements VideoReceiver {
  readonly track: MediaStreamTrack;
  readonly #link: WorkerLink;
  readonly #id: ReceiverId;
  readonly #canvas: Canvas | null = null;
  /** What it had shown when it was closed. */
  #final: Promise<VideoReceiveStats> | null = null;
  readonly #onclose: () => void;

  /** @param made of the Worker, or null: the page draws. */
  constructor(
    link: WorkerLink,
    id: ReceiverId,
    made: { generator: number; track: MediaStreamTrack } | null,
    onclose: () => void,
  ) {
    this.#link = link;
    this.#id = id;
    this.#onclose = onclose;
    if (!made) this.#canvas = new Canvas();
    this.track = made?.track ?? (this.#canvas ?? new Canvas()).track;
    this.#tell({ do: "open", generator: made?.generator ?? null });
  }

  bind(pc: Pc, line: Line): void {
    this.#tell({ do: "bind", pc, line });
  }

  setActive(active: boolean): void {
    this.#tell({ do: "active", active });
  }

  /** A picture of the Worker's. */
  draw(frame: VideoFrame): void {
    this.#canvas?.draw(frame);
    frame.close();
    this.#tell({ do: "drawn" });
  }

  stats(): Promise<VideoReceiveStats> {
    return this.#final ?? this.#link.ask((ask) => this.#message({ do: "stats", ask }));
  }

  close(): void {
    if (this.#final) return;
    this.#final = this.stats();
    this.#tell({ do: "close" });
    this.#onclose();
  }

  #tell(command: ReceiverCommand): void {
    this.#link.post(this.#message(command));
  }

  #message(command: ReceiverCommand): { type: "receiver"; receiver: ReceiverId; command: ReceiverCommand } {
    return { type: "receiver", receiver: this.#id, command };
  }
}

/** Without a rate WebKitGTK captures the first pictures only. */
const FRAMERATE = 30;

/** Where pictures are drawn on the page. */
class Canvas {
  readonly track: MediaStreamTrack;
  readonly #canvas = document.createElement("canvas");
  readonly #context: CanvasRenderingContext2D;

  constructor() {
    const context = this.#canvas.getContext("2d", { alpha: false });
    const [track] = this.#canvas.captureStream(FRAMERATE).getVideoTracks();
    if (!context || !track) throw new DOMException("no canvas to draw on", "NotSupportedError");
    this.#context = context;
    this.track = track;
  }

  draw(frame: VideoFrame): void {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.drawImage(frame, 0, 0);
  }
}

/** Tracks that wait to be received into, and when more are made. */
const POOL = 16;
const LOW = 8;

/** All receivers of the page. Their tracks are made ahead, for there is no time to ask the Worker for one. */
export class PageReceivers {
  readonly #link: WorkerLink;
  readonly #ready: { generator: number; track: MediaStreamTrack }[] = [];
  readonly #open = new Map<ReceiverId, PageVideoReceiver>();
  readonly #isInWorker: boolean;
  #coming = 0;
  #next = 1;

  /** @param inWorker tracks can be made in the Worker */
  constructor(link: WorkerLink, inWorker: boolean) {
    this.#link = link;
    this.#isInWorker = inWorker;
    link.on("generators", ({ tracks }) => {
      this.#coming -= tracks.length;
      this.#ready.push(...tracks);
    });
    link.on("picture", ({ receiver, frame }) => {
      const open = this.#open.get(receiver);
      if (open) open.draw(frame);
      else frame.close();
    });
    this.#refill();
  }

  open(): PageVideoReceiver {
    const id = this.#next++;
    const made = this.#ready.shift() ?? null;
    const receiver = new PageVideoReceiver(this.#link, id, made, () => this.#open.delete(id));
    this.#open.set(id, receiver);
    this.#refill();
    return receiver;
  }

  #refill(): void {
    const count = POOL - this.#ready.length - this.#coming;
    if (!this.#isInWorker || this.#ready.length + this.#coming > LOW) return;
    this.#coming += count;
    this.#link.post({ type: "generators", count });
  }
}
