/**
 * Comparing a short code: one side of it. The twin of `identity/src/verification.rs`. Commit and reveal: neither side
 * can choose its share after it knows the other's, so nobody in the middle can make the two codes the same.
 */
import { CodedError } from "../backend/types";
import { LIMITS, type Digest, type Nonce, type PublicKey, type RoomId } from "../gen/protocol";
import type { Verification as Answer, Verify, VerifyStage, VerifyStep } from "../gen/protocol";
import { decode, encode } from "./base32";
import { compareBytes, fields, sha256, utf8, type Bytes } from "./bytes";

const CODE_LENGTH = 7;

type State =
  /** Nothing is under way; how the last one ended, if there was one. */
  | { at: "over"; stage: VerifyStage | null }
  /** The initiator waits for the responder's share. */
  | { at: "committed"; nonce: Nonce }
  /** The responder waits for the share that was committed to. */
  | { at: "shared"; commitment: Digest; nonce: Nonce }
  /** Both see the code. */
  | { at: "comparing"; code: number[]; confirmed: boolean; otherConfirmed: boolean };

/** Steps are taken one after the other: each is waited for. */
export class Verification {
  #state: State = { at: "over", stage: null };
  /** ms. */
  #began = 0;

  /** The keys are those of descriptions that were sealed and opened in `room`. */
  constructor(
    private readonly own: PublicKey,
    private readonly other: PublicKey,
    private readonly room: RoomId,
  ) {}

  /**
   * @param now ms, only rises
   * @param fresh random, used at most once
   * Rejects with `verification-failed` for a step out of order and for a share that does not fit the commitment.
   */
  async step(now: number, fresh: Nonce, step: VerifyStep): Promise<Answer> {
    const underWay = this.#state.at !== "over";
    if (underWay && now - this.#began > LIMITS.VERIFY_TIMEOUT) {
      this.#state = { at: "over", stage: { type: "cancelled" } };
      const beginsAnew = step.type === "begin" || (step.type === "heard" && step.verify.type === "commit");
      if (!beginsAnew) return { stage: { type: "cancelled" }, say: [{ type: "cancel" }] };
    }
    switch (step.type) {
      case "begin":
        return this.#begin(now, fresh);
      case "confirm":
        return this.#confirm(step.matches);
      case "cancel":
        return this.#cancel(true);
      case "heard":
        return this.#heard(now, fresh, step.verify);
    }
  }

  #heard(now: number, fresh: Nonce, verify: Verify): Promise<Answer> | Answer {
    switch (verify.type) {
      case "commit":
        return this.#heardCommit(now, fresh, verify.commitment);
      case "nonce":
        return this.#heardNonce(verify.nonce);
      case "reveal":
        return this.#heardReveal(verify.nonce);
      case "result":
        return this.#heardResult(verify.matches);
      case "cancel":
        return this.#cancel(false);
    }
    // A word of a later version.
    return this.#fail();
  }

  async #begin(now: number, fresh: Nonce): Promise<Answer> {
    if (this.#state.at !== "over") return this.#answer([]);
    this.#began = now;
    this.#state = { at: "committed", nonce: fresh };
    const commitment = await commitmentOf(this.own, this.other, this.room, fresh);
    return this.#answer([{ type: "commit", commitment }]);
  }

  async #heardCommit(now: number, fresh: Nonce, commitment: Digest): Promise<Answer> {
    switch (this.#state.at) {
      case "over":
        this.#began = now;
        break;
      case "committed":
        // Both began at once.
        if (await this.#isSmaller()) return this.#answer([]);
        break;
      case "shared":
      case "comparing":
        return this.#fail();
    }
    this.#state = { at: "shared", commitment, nonce: fresh };
    return this.#answer([{ type: "nonce", nonce: fresh }]);
  }

  async #heardNonce(theirs: Nonce): Promise<Answer> {
    if (this.#state.at !== "committed") return this.#lateOrWrong();
    const { nonce } = this.#state;
    const code = await codeOf(this.own, this.other, this.room, nonce, theirs);
    if (!code) return this.#fail();
    this.#state = { at: "comparing", code, confirmed: false, otherConfirmed: false };
    return this.#answer([{ type: "reveal", nonce }]);
  }

  async #heardReveal(theirs: Nonce): Promise<Answer> {
    if (this.#state.at !== "shared") return this.#lateOrWrong();
    const { commitment, nonce } = this.#state;
    if ((await commitmentOf(this.other, this.own, this.room, theirs)) !== commitment) return this.#fail();
    const code = await codeOf(this.other, this.own, this.room, theirs, nonce);
    if (!code) return this.#fail();
    this.#state = { at: "comparing", code, confirmed: false, otherConfirmed: false };
    return this.#answer([]);
  }

  #heardResult(matches: boolean): Answer {
    const state = this.#state;
    if (state.at !== "comparing") return this.#lateOrWrong();
    // Anything but a clear yes is a no.
    if (matches !== true) return this.#end({ type: "mismatch" }, []);
    if (state.otherConfirmed) return this.#fail();
    if (state.confirmed) return this.#end({ type: "verified" }, []);
    state.otherConfirmed = true;
    return this.#answer([]);
  }

  #confirm(matches: boolean): Answer {
    const state = this.#state;
    if (state.at !== "comparing") return this.#lateOrWrong();
    const say: Verify[] = [{ type: "result", matches }];
    if (!matches) return this.#end({ type: "mismatch" }, say);
    if (state.confirmed) return this.#answer([]);
    if (state.otherConfirmed) return this.#end({ type: "verified" }, say);
    state.confirmed = true;
    return this.#answer(say);
  }

  #cancel(tell: boolean): Answer {
    if (this.#state.at === "over") return this.#answer([]);
    return this.#end({ type: "cancelled" }, tell ? [{ type: "cancel" }] : []);
  }

  #end(stage: VerifyStage, say: Verify[]): Answer {
    this.#state = { at: "over", stage };
    return { stage, say };
  }

  /** After the end, a word that was on its way; else one that has no place here. */
  #lateOrWrong(): Answer {
    if (this.#state.at === "over" && this.#state.stage) return this.#answer([]);
    return this.#fail();
  }

  #fail(): never {
    this.#state = { at: "over", stage: { type: "cancelled" } };
    throw new CodedError("verification-failed");
  }

  #answer(say: Verify[]): Answer {
    return { stage: this.#stage(), say };
  }

  #stage(): VerifyStage {
    const state = this.#state;
    switch (state.at) {
      case "over":
        return state.stage ?? { type: "cancelled" };
      case "committed":
      case "shared":
        return { type: "waiting" };
      case "comparing":
        return { type: state.confirmed ? "confirmed" : "compare", code: [...state.code] };
    }
  }

  /** Device ids are compared as bytes; their text is in another order. */
  async #isSmaller(): Promise<boolean> {
    const [own, other] = [decode(this.own), decode(this.other)];
    return own !== null && other !== null && compareBytes(await sha256(own), await sha256(other)) < 0;
  }
}

/** `commitment_of` (protocol/src/seal.rs). Null when a part is not base32. */
export async function commitmentOf(
  initiator: PublicKey,
  responder: PublicKey,
  room: RoomId,
  nonce: Nonce,
): Promise<Digest> {
  const hash = await hashOf("earshot verify commit v1", [initiator, responder, room, nonce]);
  if (!hash) throw new CodedError("verification-failed");
  return encode(hash);
}

/** `code_of`: 7 numbers of 0 to 63, the first 42 bits of the hash. Null when a part is not base32. */
export async function codeOf(
  initiator: PublicKey,
  responder: PublicKey,
  room: RoomId,
  initiatorNonce: Nonce,
  responderNonce: Nonce,
): Promise<number[] | null> {
  const hash = await hashOf("earshot verify code v1", [
    initiator,
    responder,
    room,
    initiatorNonce,
    responderNonce,
  ]);
  if (!hash) return null;
  const bits = new DataView(hash.buffer).getBigUint64(0);
  return Array.from({ length: CODE_LENGTH }, (_, index) => Number((bits >> BigInt(58 - 6 * index)) & 63n));
}

async function hashOf(label: string, texts: readonly string[]): Promise<Bytes | null> {
  const parts = texts.map((text) => (typeof text === "string" ? decode(text) : null));
  if (parts.includes(null)) return null;
  return sha256(fields(utf8(label), ...parts.filter((part) => part !== null)));
}
