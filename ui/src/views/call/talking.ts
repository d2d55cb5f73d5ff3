/**
 * Push to talk: while a key is held, a muted microphone is on. Whatever ends the holding, also what nobody sees (another
 * window, a hidden page), mutes again: nobody is heard without knowing.
 */
export interface TalkingOptions {
  /** Muted, with a microphone that could be heard. */
  canTalk(): boolean;
  setMicrophone(on: boolean): void;
  changed(held: boolean): void;
}

export class Talking {
  #held = false;
  /** The key is still down, but it has no say until it comes up. */
  #spent = false;

  constructor(private readonly options: TalkingOptions) {}

  /** @returns whether the key is ours, also when it repeats itself */
  down(repeated: boolean): boolean {
    if (this.#held || this.#spent) return true;
    if (repeated || !this.options.canTalk()) return false;
    this.options.setMicrophone(true);
    if (this.options.canTalk()) {
      // It did not come on, as before the call has begun; nor shall it later, when nobody holds anything.
      this.options.setMicrophone(false);
      this.#spent = true;
    } else this.#hold(true);
    return true;
  }

  /** Let go, or it cannot be known any more whether it is. */
  up(): void {
    this.#spent = false;
    if (!this.#held) return;
    this.#hold(false);
    this.options.setMicrophone(false);
  }

  /** Muted by something else meanwhile: letting go changes nothing. */
  muted(): void {
    if (!this.#held) return;
    this.#hold(false);
    this.#spent = true;
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.options.changed(held);
  }
}

/** Whether Space does something where the focus is: it types, or presses. */
export function takesSpace(target: EventTarget | null): boolean {
  const takers =
    "input, textarea, select, button, a[href], summary, [contenteditable]:not([contenteditable=false]), " +
    "[role=button], [role=textbox], [role=slider], [role=option], [role^=menuitem], [role=switch], [role=tab]";
  return target instanceof Element && target.closest(takers) !== null;
}
