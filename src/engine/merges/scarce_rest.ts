/**
 * When merges are worth it while there is no room for new work.
 *
 * @module
 */

/**
 * A merge that has given room back is followed by another one so much later, and one that has not after
 * ever longer rests.
 */
const REST_MS = 5_000;
const REST_MS_MAX = 600_000;

/** With less room than this there is no merge, since nothing fits into it. */
export const ROOM_BYTES_MIN: number = 16 << 10;

/** What tells whether a merge could gain anything. */
export interface Prospect {
  /** The present monotonic time. */
  readonly nowMs: number;
  /** How far the logs are: only what has been written since could have made anything unwanted. */
  readonly headLsns: string;
  /** The room there is for a merge. */
  readonly roomBytes: number;
}

/** Rests between merges on a full disk. */
export class ScarceRest {
  #nextAtMs = 0;
  #restMs = REST_MS;
  /** How far the logs were when there was nothing to gain. */
  #barrenLsns = "";

  /** The next one begins not before this monotonic time. */
  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** There is room again. */
  end(): void {
    this.#restMs = REST_MS;
  }

  /** Returns whether a merge begins now. */
  begin({ nowMs, headLsns, roomBytes }: Prospect): boolean {
    const isWorthIt = headLsns !== this.#barrenLsns && roomBytes >= ROOM_BYTES_MIN;
    if (isWorthIt) this.#restMs = Math.min(2 * this.#restMs, REST_MS_MAX);
    this.#nextAtMs = nowMs + (isWorthIt ? this.#restMs : REST_MS);
    return isWorthIt;
  }

  /** A merge has given so much back that began when the logs were so far. */
  took(savedBytes: number, { nowMs, headLsns }: Omit<Prospect, "roomBytes">): void {
    if (savedBytes > 0) this.#restMs = REST_MS;
    else this.#barrenLsns = headLsns;
    this.#nextAtMs = nowMs + this.#restMs;
  }
}
