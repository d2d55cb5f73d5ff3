import { CodedError } from "./types";
import type { AnyCode } from "../state/contract";

/** Questions that wait for their answer, numbered 1, 2, 3 … Each is settled exactly once. */
export class Pending<Answer> {
  readonly #open = new Map<number, { resolve(answer: Answer): void; reject(error: CodedError): void }>();

  #id = 0;

  get size(): number {
    return this.#open.size;
  }

  /** A new question: its number, and the promise of its answer. */
  ask(): { id: number; answer: Promise<Answer> } {
    const id = ++this.#id;
    return { id, answer: new Promise((resolve, reject) => this.#open.set(id, { resolve, reject })) };
  }

  /** An answer to something never asked, or answered before, is dropped. */
  resolve(id: number, answer: Answer): void {
    this.#open.get(id)?.resolve(answer);
    this.#open.delete(id);
  }

  reject(id: number, code: AnyCode): void {
    this.#open.get(id)?.reject(new CodedError(code));
    this.#open.delete(id);
  }

  /** Nothing that was asked will be answered; numbers start anew. */
  rejectAll(code: AnyCode): void {
    this.#id = 0;
    for (const id of [...this.#open.keys()]) this.reject(id, code);
  }
}
