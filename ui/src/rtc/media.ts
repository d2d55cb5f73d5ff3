/** The coders of this page: pictures in the Worker, sound in worklets. */
import type { Codec } from "./numbers";
import type { Media, SoundReceiver, SoundSender, VideoReceiver, VideoSender } from "./seam";
import { PageReceivers } from "./video/page-receiver";
import { PageSenders } from "./video/page-sender";
import type { WorkerLink } from "./worker/link";
import type { Probed } from "./worker/messages";

const OPUS: Codec = {
  mime_type: "audio/opus",
  clock_rate: 48_000,
  channels: 2,
  sdp_fmtp_line: "minptime=10;useinbandfec=1",
};
const VIDEO: Codec[] = [
  { mime_type: "video/VP8", clock_rate: 90_000 },
  {
    mime_type: "video/H264",
    clock_rate: 90_000,
    // Constrained baseline 3.1: what every browser has (RFC 7742, section 6.2).
    sdp_fmtp_line: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  },
];

type Sound = Pick<Media, "soundSender" | "soundReceiver">;

export class PageMedia implements Media {
  readonly #makeSound: () => Sound;
  #made: Sound | null = null;
  readonly #probed: Probed;
  readonly #senders: PageSenders;
  readonly #receivers: PageReceivers;

  /** @param sound made when it is first needed: a context keeps the sound card busy */
  constructor(link: WorkerLink, probed: Probed, sound: () => Sound) {
    this.#makeSound = sound;
    this.#probed = probed;
    this.#senders = new PageSenders(link, probed.processor);
    this.#receivers = new PageReceivers(link, probed.generator);
  }

  videoSender(): VideoSender {
    return this.#senders.open();
  }

  videoReceiver(): VideoReceiver {
    return this.#receivers.open();
  }

  soundSender(): SoundSender {
    return this.#sound.soundSender();
  }

  soundReceiver(): SoundReceiver {
    return this.#sound.soundReceiver();
  }

  get #sound(): Sound {
    this.#made ??= this.#makeSound();
    return this.#made;
  }

  /** Only what can be done both ways: what is agreed for a line is agreed for both. */
  capabilities(kind: "audio" | "video"): Codec[] {
    if (kind === "audio") return [OPUS];
    const { encode, decode } = this.#probed;
    return VIDEO.filter(({ mime_type }) => encode[mime_type] && decode[mime_type]);
  }
}
