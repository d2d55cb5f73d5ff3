/** The operations chain of a connection (W3C WebRTC 1.0, section 4.4.1.2): one thing after the other. */
import { failure } from "./errors";

export class OperationsChain {
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  constructor(
    private readonly isClosed: () => boolean,
    /** The chain has become empty. */
    private readonly emptied: () => void,
  ) {}

  get isEmpty(): boolean {
    return !this.#isBusy;
  }

  /** Never settles when the connection is closed meanwhile. */
  add<T>(operation: () => Promise<T>): Promise<T> {
    if (this.isClosed()) return Promise.reject(failure("InvalidStateError", "the connection is closed"));
    return new Promise<T>((resolve, reject) => {
      const run = (): void => {
        // An async function: what it throws is a rejection.
        const running = (async () => operation())();
        running.then(
          (value) => this.#settle(() => resolve(value)),
          (error: unknown) => this.#settle(() => reject(error as Error)),
        );
      };
      if (this.#isBusy) this.#waiting.push(run);
      else {
        this.#isBusy = true;
        run();
      }
    });
  }

  #settle(settle: () => void): void {
    if (this.isClosed()) return;
    settle();
    // What waits for the promise runs before the next operation.
    queueMicrotask(() => {
      if (this.isClosed()) return;
      const next = this.#waiting.shift();
      if (next) next();
      else {
        this.#isBusy = false;
        this.emptied();
      }
    });
  }
}
