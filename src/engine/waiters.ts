/**
 * Claims that wait for a flow.
 *
 * A waiter holds no reservation: when something may have become due, the waiters of that type try
 * to claim, the one that has waited longest first, and the first that finds flows takes up to its
 * limit.
 *
 * @module
 */
import { FlowError } from "../errors.ts";

/** A blocked claim. */
export interface Waiter {
  /** The type it claims. */
  readonly type: string;
  /** Monotonic time at which it gives up; `Infinity`: never. */
  readonly deadlineMs: number;
  /** Shard time at which the next flow could match, if nothing changes before; `Infinity`: never. */
  dueMs(): number;
  /** Tries to claim. A waiter that finds flows leaves. */
  claim(): void;
  /** Tries for the last time, and leaves. */
  expire(): void;
  /** Gives up because the store is going away. */
  abort(error: FlowError): void;
}

/** The blocked claims of a shard, in the order in which they came. */
export class Waiters {
  readonly #byType = new Map<string, Set<Waiter>>();
  readonly #countMax: number;
  #count = 0;

  /** @param countMax The most claims that may be blocked at once. */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** How many claims are blocked. */
  get count(): number {
    return this.#count;
  }

  /** Lets a claim wait. Refuses with `too_many_waiters` when there is no room. */
  add(waiter: Waiter): void {
    if (this.#count >= this.#countMax) {
      throw new FlowError(
        "too_many_waiters",
        `${this.#count} claims are blocked already, the limit is ${this.#countMax}`,
        { details: { limit: this.#countMax } },
      );
    }
    const waiters = this.#byType.get(waiter.type) ?? new Set();
    this.#byType.set(waiter.type, waiters.add(waiter));
    this.#count++;
  }

  /** Forgets a claim; harmless if it is not waiting. */
  remove(waiter: Waiter): void {
    const waiters = this.#byType.get(waiter.type);
    if (!waiters?.delete(waiter)) return;
    this.#count--;
    if (waiters.size === 0) this.#byType.delete(waiter.type);
  }

  /** Hands what is due at `nowMs` to the waiters, the longest waiting first. */
  serve(nowMs: number): void {
    for (const waiter of this.#all()) {
      if (waiter.dueMs() <= nowMs) waiter.claim();
    }
  }

  /** Answers those whose time is over. */
  expire(monotonicMs: number): void {
    for (const waiter of this.#all()) {
      if (waiter.deadlineMs <= monotonicMs) waiter.expire();
    }
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    for (const waiter of this.#all()) waiter.abort(error);
  }

  /** The earliest shard time at which a flow could match a waiter. */
  nextDueMs(): number {
    return this.#earliest((waiter) => waiter.dueMs());
  }

  /** The earliest monotonic time at which a waiter gives up. */
  nextDeadlineMs(): number {
    return this.#earliest((waiter) => waiter.deadlineMs);
  }

  #earliest(timeOf: (waiter: Waiter) => number): number {
    let earliestMs = Infinity;
    for (const waiters of this.#byType.values()) {
      for (const waiter of waiters) earliestMs = Math.min(earliestMs, timeOf(waiter));
    }
    return earliestMs;
  }

  /** A copy, since waiters leave while they are served. */
  #all(): Waiter[] {
    return [...this.#byType.values()].flatMap((waiters) => [...waiters]);
  }
}
