/** Files between the people of a call: what views see of them, and may ask for. */
import { Files, type OwnFile, type Transfer } from "../call/files/files";
import { pageStore } from "../call/files/page-store";
import type { Backend } from "../backend/types";
import type { Clock } from "../call/clock";
import type { DeviceId } from "../gen/protocol";
import type { AnyCode, AppState } from "./contract";

export type { Transfer } from "../call/files/files";

export interface FilesActions {
  /** Received files are where they can be shown. */
  readonly canShow: boolean;
  /** Offers files to people of the call. */
  offer(devices: readonly DeviceId[], files: Iterable<OwnFile>): Promise<void>;
  /** To be called in the click itself: a browser may have to ask where to put it. */
  accept(key: string): void;
  /** Says no, or ends it in the middle. */
  cancel(key: string): void;
  /** Takes one that is over off the list. */
  dismiss(key: string): void;
  /** Shows the folder with what was received. */
  show(): Promise<void>;
}

export interface FilingOptions {
  app: Pick<AppState, "files">;
  backend: Pick<Backend, "files">;
  clock: Clock;
  notify(code: AnyCode): void;
}

export class Filing implements FilesActions {
  readonly files: Files;

  constructor(private readonly options: FilingOptions) {
    const { app, backend, clock } = options;
    this.files = new Files({
      store: backend.files ?? pageStore(),
      clock,
      changed: (transfers: Transfer[]) => {
        app.files = transfers;
      },
    });
  }

  get canShow(): boolean {
    return this.files.canShow;
  }

  async offer(devices: readonly DeviceId[], files: Iterable<OwnFile>): Promise<void> {
    for (const file of files) this.#tell(await this.files.offer(devices, file));
  }

  accept(key: string): void {
    this.files.accept(key);
  }

  cancel(key: string): void {
    this.files.cancel(key);
  }

  dismiss(key: string): void {
    this.files.dismiss(key);
  }

  async show(): Promise<void> {
    this.#tell(await this.files.show());
  }

  #tell(code: AnyCode | null): void {
    if (code) this.options.notify(code);
  }
}
