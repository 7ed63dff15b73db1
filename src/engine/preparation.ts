/**
 * Claims by partition that come before flows are divided by partition.
 *
 * @module
 */
import type { Time } from "../time/mod.ts";
import type { Claim } from "./claim.ts";

/** What it asks of a claim. */
type Prepared = Pick<Claim<unknown>, "isPrepared" | "prepare">;

/**
 * Lets claims wait until the flows that they are about are divided by partition, which is done a
 * little at a time: once between two turns, for one claim after the other.
 */
export class Preparation {
  readonly #time: Time;
  /** Whose turn is next comes first. */
  readonly #waiting = new Set<Prepared>();
  #isResting = false;

  /** @param time Its turns are those of others. */
  constructor(time: Time) {
    this.#time = time;
  }

  /** Whether a claim can be decided. If not, it has to ask again in the next macrotask. */
  isOver(claim: Prepared): boolean {
    if (claim.isPrepared()) {
      this.#waiting.delete(claim);
      return true;
    }
    this.#waiting.add(claim);
    const [next] = this.#waiting;
    if (this.#isResting || next !== claim) return false;
    this.#waiting.delete(claim);
    if (claim.prepare()) return true;
    this.#waiting.add(claim);
    this.#isResting = true;
    this.#time.defer(() => this.#isResting = false);
    return false;
  }
}
