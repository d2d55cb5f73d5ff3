/** A sender's coder, which is in the Worker, seen from the page. */
import type { Codec, Line, Pc } from "../numbers";
import type { VideoSender, VideoSendStats, VideoSettings } from "../seam";
import type { WorkerLink } from "../worker/link";
import type { SenderCommand, SenderId } from "../worker/messages";
import { PageSources } from "./page-sources";

export class PageVideoSender implements VideoSender {
  readonly #link: WorkerLink;
  readonly #sources: PageSources;
  readonly #id: SenderId;
  #track: MediaStreamTrack | null = null;
  /** What it had coded when it was closed. */
  #final: Promise<VideoSendStats> | null = null;

  constructor(link: WorkerLink, sources: PageSources, id: SenderId) {
    this.#link = link;
    this.#sources = sources;
    this.#id = id;
    this.#tell({ do: "open" });
  }

  bind(pc: Pc, line: Line): void {
    this.#tell({ do: "bind", pc, line });
  }

  setTrack(track: MediaStreamTrack | null): void {
    const before = this.#track;
    if (track === before || this.#final) return;
    this.#track = track;
    this.#tell({ do: "source", source: track ? this.#sources.hold(track) : null });
    if (before) this.#sources.release(before);
  }

  set(settings: VideoSettings): void {
    this.#tell({ do: "settings", settings });
  }

  setCodec(codec: Codec | null): void {
    this.#tell({ do: "codec", codec });
  }

  setTarget(bitrate: number): void {
    this.#tell({ do: "target", bitrate });
  }

  wantKeyframe(): void {
    this.#tell({ do: "keyframe" });
  }

  stats(): Promise<VideoSendStats> {
    return this.#final ?? this.#link.ask((ask) => this.#message({ do: "stats", ask }));
  }

  close(): void {
    if (this.#final) return;
    this.setTrack(null);
    this.#final = this.stats();
    this.#tell({ do: "close" });
  }

  #tell(command: SenderCommand): void {
    this.#link.post(this.#message(command));
  }

  #message(command: SenderCommand): { type: "sender"; sender: SenderId; command: SenderCommand } {
    return { type: "sender", sender: this.#id, command };
  }
}

/** All senders of the page. */
export class PageSenders {
  readonly #link: WorkerLink;
  readonly #sources: PageSources;
  #next = 1;

  /** @param inWorker tracks can be read in the Worker */
  constructor(link: WorkerLink, inWorker: boolean) {
    this.#link = link;
    this.#sources = new PageSources(link, inWorker);
  }

  open(): PageVideoSender {
    return new PageVideoSender(this.#link, this.#sources, this.#next++);
  }
}
