/**
 * Claims by partition that come before flows are divided by partition.
 *
 * @module
 */
import type { Time } from "../time/mod.ts";
import type { Claim } from "./claim.ts";

/**
 * Lets claims wait until the flows that they are about are divided by partition, which is done a
 * little at a time: once between two turns, however many claims wait.
 */
export class Preparation {
  readonly #time: Time;
  #isResting = false;

  /** @param time Its turns are those of others. */
  constructor(time: Time) {
    this.#time = time;
  }

  /** Whether a claim can be decided. If not, ask again in the next macrotask. */
  isOver(claim: Pick<Claim<unknown>, "isByPartition" | "prepare">): boolean {
    if (!claim.isByPartition) return true;
    if (this.#isResting) return false;
    if (claim.prepare()) return true;
    this.#isResting = true;
    this.#time.defer(() => this.#isResting = false);
    return false;
  }
}
