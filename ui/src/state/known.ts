/** Remembered devices: the node's, or those of a guest's own browser. Each wish resolves to null or the code why not. */
import { codeOf, type Backend } from "../backend/types";
import { shortId } from "../components/short-id";
import type { DeviceId, DeviceKind, KnownDevice, OwnerRequest } from "../gen/protocol";
import type { Memory, Remembered } from "../trust/memory";
import type { AnyCode } from "./contract";

type Answer = Promise<AnyCode | null>;

export interface Known {
  remember(device: DeviceId): Answer;
  rename(device: DeviceId, name: string | null): Answer;
  acceptName(device: DeviceId): Answer;
  block(device: DeviceId, blocked: boolean): Answer;
  forget(device: DeviceId): Answer;
  /** The ones met last first. Rejects with a `CodedError`. */
  list(): Promise<KnownDevice[]>;
}

export class NodeKnown implements Known {
  constructor(private readonly backend: Pick<Backend, "owner">) {}

  remember(device: DeviceId): Answer {
    return this.#ask({ type: "remember-device", device });
  }
  rename(device: DeviceId, name: string | null): Answer {
    return this.#ask({ type: "rename-device", device, ...(name === null ? {} : { name }) });
  }
  acceptName(device: DeviceId): Answer {
    return this.#ask({ type: "accept-name", device });
  }
  block(device: DeviceId, blocked: boolean): Answer {
    return this.#ask({ type: "block-device", device, blocked });
  }
  forget(device: DeviceId): Answer {
    return this.#ask({ type: "forget-device", device });
  }

  async list(): Promise<KnownDevice[]> {
    const reply = await this.backend.owner?.({ type: "list-devices" });
    return reply?.type === "devices" ? reply.devices : [];
  }

  async #ask(request: OwnerRequest): Answer {
    try {
      if (!this.backend.owner) return "not-allowed";
      await this.backend.owner(request);
      return null;
    } catch (error) {
      return codeOf(error);
    }
  }
}

export class GuestKnown implements Known {
  constructor(
    private readonly options: {
      memory: Memory;
      /** What a device says of itself now; null where it is not to be seen. */
      seen(device: DeviceId): { name: string; kind: DeviceKind } | null;
      now(): number;
      changed(): void;
      /** The hub must know whom it keeps away. */
      blockedChanged(): void;
    },
  ) {}

  remember(device: DeviceId): Answer {
    const seen = this.options.seen(device);
    if (!seen) return Promise.resolve("device-unknown");
    // A key that is gone with its page: nobody can know it again.
    if (seen.kind === "transient") return Promise.resolve("not-allowed");
    this.options.memory.meet(device, seen.name, this.options.now());
    return this.#done(null);
  }

  rename(device: DeviceId, name: string | null): Answer {
    return this.#done(this.options.memory.rename(device, name));
  }

  acceptName(device: DeviceId): Answer {
    return this.#done(this.options.memory.acceptName(device));
  }

  async block(device: DeviceId, blocked: boolean): Answer {
    const { memory, seen, now } = this.options;
    const problem = await this.#done(memory.block(device, seen(device)?.name ?? null, blocked, now()));
    if (!problem) this.options.blockedChanged();
    return problem;
  }

  async forget(device: DeviceId): Answer {
    const wasBlocked = this.options.memory.isBlocked(device);
    const problem = await this.#done(this.options.memory.forget(device));
    if (!problem && wasBlocked) this.options.blockedChanged();
    return problem;
  }

  list(): Promise<KnownDevice[]> {
    return Promise.all(this.options.memory.list().map((one) => this.#shown(one)));
  }

  async #shown({ device, keptName, ownName, saidName, firstMet, lastMet }: Remembered): Promise<KnownDevice> {
    return {
      device,
      short_id: await shortId(device),
      standing: this.options.memory.standing(device, saidName),
      kept_name: keptName,
      ...(ownName === null ? {} : { own_name: ownName }),
      first_met: firstMet,
      last_met: lastMet,
    };
  }

  #done(problem: AnyCode | null): Answer {
    if (problem === null) this.options.changed();
    return Promise.resolve(problem);
  }
}
