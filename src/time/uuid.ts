/**
 * Identifiers that sort by the order of their making.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import type { Time } from "./time.ts";

/** The last value of the counter, which has 12 bits. */
const COUNTER_MAX = 0xfff;

/**
 * UUIDs of version 7 (RFC 9562), lower case with hyphens: 48 bits of wall time, a counter of 12 bits
 * that begins at random in the lower half of what it can hold, and 62 random bits. Each sorts behind
 * those before it, also within one millisecond and while the clock is set back.
 */
export class Uuids {
  readonly #time: Pick<Time, "clock" | "random">;
  #wallMs = -Infinity;
  #counter = 0;

  /** UUIDs by a clock. Those of two makers interleave within a millisecond. */
  constructor(time: Pick<Time, "clock" | "random">) {
    this.#time = time;
  }

  /** The next one. */
  next(): string {
    this.#move();
    const { random } = this.#time;
    const stamp = hex(this.#wallMs, 12);
    const version = 0x7000 | this.#counter;
    const variant = 0x8000 | (random.u32() >>> 18);
    const node = hex(random.u32(), 8) + hex(random.u32() & 0xffff, 4);
    return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${hex(version, 4)}-${hex(variant, 4)}-${node}`;
  }

  #move(): void {
    const wallMs = Math.floor(this.#time.clock.wallMs());
    invariant(wallMs >= 0 && wallMs < 2 ** 48, `A UUID has no room for the wall time ${wallMs}`);
    const isLater = wallMs > this.#wallMs;
    if (!isLater && this.#counter < COUNTER_MAX) {
      this.#counter++;
      return;
    }
    // A millisecond that is used up borrows from the next one.
    this.#wallMs = isLater ? wallMs : this.#wallMs + 1;
    this.#counter = this.#time.random.u32() >>> 21;
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
