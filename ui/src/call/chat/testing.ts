/** For unit tests only: people whose chats are joined by channels that can break. */
import { FakeClock, settle } from "../testing";
import { FakeChannel } from "../files/testing";
import type { DeviceId } from "../../gen/protocol";
import { Chat, type ChatLine } from "./chat";
import type { Line } from "./log";

/** 52 characters of base32. */
export const deviceOf = (letter: string): DeviceId => letter.toLowerCase().repeat(52);
/** 26 of them. */
export const idOf = (letter: string): string => letter.repeat(26);

export class Somebody {
  readonly device: DeviceId;
  readonly chat: Chat;
  readonly live: string[] = [];
  readonly late: string[] = [];
  readonly clock: FakeClock;

  constructor(
    readonly name: string,
    readonly office: Office,
    clock = office.clock,
  ) {
    this.clock = clock;
    this.device = deviceOf(name.charAt(0));
    this.chat = new Chat({
      clock,
      me: () => this.device,
      nameOf: (device) => office.people.find((one) => one.device === device)?.name ?? "",
      changed: () => undefined,
      came: (line: Line, live) => (live ? this.live : this.late).push(line.text),
    });
    office.people.push(this);
  }

  get lines(): ChatLine[] {
    return this.chat.view();
  }
  /** "Ann: hello", with who told it where that is not its author. */
  get words(): string[] {
    const named = (device: DeviceId): string =>
      this.office.people.find((one) => one.device === device)?.name ?? "?";
    return this.lines.map(
      ({ from, text, told }) => `${named(from)}: ${text}${told ? ` (${named(told.by)})` : ""}`,
    );
  }
}

/** Carries what is said, in order, until nothing moves. */
export class Office {
  readonly clock = new FakeClock();
  readonly people: Somebody[] = [];
  readonly #wires: { ends: [FakeChannel, FakeChannel]; between: [Somebody, Somebody] }[] = [];

  add(name: string): Somebody {
    return new Somebody(name, this);
  }

  /** A connection between two; an older one is gone. */
  join(one: Somebody, other: Somebody): [FakeChannel, FakeChannel] {
    const ends = FakeChannel.pair();
    this.#wires.push({ ends, between: [one, other] });
    one.chat.attach(other.device, ends[0].asChannel);
    other.chat.attach(one.device, ends[1].asChannel);
    return ends;
  }

  cut(one: Somebody, other: Somebody): void {
    for (const { ends, between } of this.#wires)
      if (between.includes(one) && between.includes(other)) ends[0].cut();
  }

  async settle(): Promise<void> {
    for (let moved = true; moved;) {
      await settle();
      moved = this.#wires.flatMap(({ ends }) => ends).filter((end) => end.carry()).length > 0;
    }
  }
}

/** A stranger's end, who says what they like. */
export class Stranger {
  readonly end: FakeChannel;
  readonly #other: FakeChannel;

  constructor(
    to: Somebody,
    readonly device = deviceOf("z"),
  ) {
    [this.end, this.#other] = FakeChannel.pair();
    to.chat.attach(this.device, this.#other.asChannel);
  }

  say(...messages: unknown[]): void {
    for (const message of messages)
      this.#other.hear(typeof message === "string" ? message : JSON.stringify(message));
  }
  get heard(): { type: string }[] {
    return this.#other.said;
  }
}
