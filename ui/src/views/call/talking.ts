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

  /**
   * Let go, or it cannot be known any more whether it is.
   *
   * @returns whether the key was ours
   */
  up(): boolean {
    const ours = this.#held || this.#spent;
    this.#spent = false;
    if (!this.#held) return ours;
    this.#hold(false);
    this.options.setMicrophone(false);
    return ours;
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

/** What Space types into, or moves. */
const TYPED =
  "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=slider], " +
  "[role=option], [role^=menuitem]";
/** What Space presses. */
const PRESSED = "button, a[href], summary, [role=button], [role=switch], [role=tab]";

/**
 * Whether Space does something where the focus is: it types, or presses. What was `clicked` last keeps the focus, but
 * nobody who has clicked it means to press it again with a key.
 */
export function takesSpace(target: EventTarget | null, clicked: Element | null): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest(TYPED)) return true;
  const pressed = target.closest(PRESSED);
  return pressed !== null && pressed !== clicked;
}

/** What a pointer's press will have focused. */
export function pressable(target: EventTarget | null): Element | null {
  return target instanceof Element ? target.closest(PRESSED) : null;
}
