/** The page's end of its Worker. */
import type { FromWorker, Probed, ToWorker } from "./messages";

type Type = FromWorker["type"];
type Of<T extends Type> = Extract<FromWorker, { type: T }>;

export class WorkerLink {
  readonly #worker: Worker;
  readonly #hears = new Map<Type, (message: never) => void>();
  readonly #asked = new Map<number, (answer: never) => void>();
  #nextAsk = 1;
  /** The Worker could not be loaded. */
  onbroken: (() => void) | null = null;

  constructor() {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
    this.#worker.onerror = () => this.onbroken?.();
  }

  post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** One listener a type; a later one takes the place. */
  on<T extends Type>(type: T, hear: (message: Of<T>) => void): void {
    this.#hears.set(type, hear as (message: never) => void);
  }

  /** Posts what `make` makes of a number, and resolves with what comes back under it. */
  ask<T>(make: (ask: number) => ToWorker): Promise<T> {
    const ask = this.#nextAsk++;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve as (answer: never) => void);
      this.post(make(ask));
    });
  }

  probe(): Promise<Probed> {
    return this.ask((ask) => ({ type: "probe", ask }));
  }

  end(): void {
    this.#worker.terminate();
  }

  #heard(message: FromWorker): void {
    switch (message.type) {
      case "send-stats":
      case "receive-stats":
        this.#answer(message.ask, message.stats);
        return;
      case "probed":
        this.#answer(message.ask, message.found);
        return;
      default:
        this.#hears.get(message.type)?.(message as never);
    }
  }

  #answer(ask: number, answer: unknown): void {
    this.#asked.get(ask)?.(answer as never);
    this.#asked.delete(ask);
  }
}
