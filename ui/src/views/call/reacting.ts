/** Reactions: their pictures and names, and how they are told to who does not see them. */
import Heart from "@lucide/svelte/icons/heart";
import Laugh from "@lucide/svelte/icons/laugh";
import PartyPopper from "@lucide/svelte/icons/party-popper";
import ThumbsUp from "@lucide/svelte/icons/thumbs-up";
import type { Component } from "svelte";
import type { Clock } from "../../call/clock";
import type { Reacted } from "../../call/gestures";
import type { Reaction } from "../../gen/protocol";
import Clap from "./Clap.svelte";

export const LOOKS: Readonly<Record<Reaction, { icon: Component<{ size?: number }>; colour: string }>> = {
  "thumbs-up": { icon: ThumbsUp, colour: "#ffd479" },
  heart: { icon: Heart, colour: "#ff9aa8" },
  laugh: { icon: Laugh, colour: "#ffd479" },
  party: { icon: PartyPopper, colour: "#c8b6ff" },
  clap: { icon: Clap, colour: "#9be3b5" },
};

/** Between two words to a screen reader, ms. */
export const SAID_EVERY = 3_000;

/** Collects who reacts, and says it now and then: many hands that clap are one word. */
export class ReactionsSaid {
  #seen = 0;
  #last = -Infinity;
  #waiting: { name: string; reaction: Reaction }[] = [];
  #stop: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly say: (who: string | null, reaction: Reaction) => void,
  ) {}

  /** What is shown now, of the others. */
  put(shown: readonly { name: string; reaction: Reacted }[]): void {
    const fresh = shown.filter(({ reaction }) => reaction.id > this.#seen);
    if (fresh.length === 0) return;
    this.#seen = Math.max(...fresh.map(({ reaction }) => reaction.id));
    this.#waiting.push(...fresh.map(({ name, reaction }) => ({ name, reaction: reaction.reaction })));
    const wait = this.#last + SAID_EVERY - this.clock.now();
    if (wait <= 0) this.#tell();
    else this.#stop ??= this.clock.after(wait, () => this.#tell());
  }

  stop(): void {
    this.#stop?.();
  }

  #tell(): void {
    this.#stop = null;
    const latest = this.#waiting.at(-1);
    if (!latest) return;
    const several = this.#waiting.some(({ name }) => name !== latest.name);
    this.#waiting = [];
    this.#last = this.clock.now();
    this.say(several ? null : latest.name, latest.reaction);
  }
}
