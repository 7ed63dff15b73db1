/**
 * Claims that wait for a flow.
 *
 * A waiter holds no reservation: when something may have become due, the waiters of that type try
 * to claim, the one that has waited longest first, and the first that finds flows takes up to its
 * limit.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";

/** Who waits for a due time looks at the clock so often: the wall clock may leap ahead meanwhile. */
const CLOCK_CHECK_MS = 10_000;

/** A blocked claim. */
export interface Waiter {
  /** The type it claims. */
  readonly type: string;
  /** Monotonic time at which it gives up; `Infinity`: never. */
  readonly deadlineMs: number;
  /** What it looks for, as a text: the next flow is the same for all who look for the same. */
  readonly looksFor: string;
  /** Shard time at which the next flow could match, if nothing changes before; `Infinity`: never. */
  dueMs(): number;
  /** Tries to claim. A waiter that finds flows leaves. */
  claim(): void;
  /** Tries for the last time, and leaves. */
  expire(): void;
  /** Gives up because the store is going away. */
  abort(error: FlowError): void;
}

/** The blocked claims of one type. */
interface Queue {
  /** Those that wait, the longest waiting first. */
  readonly waiters: Set<Waiter>;
  /** When the next flow could match one of them, if no flow of the type changes before. */
  dueMs: number;
}

/**
 * The blocked claims of a store. A turn costs as much as there are claims of the types that changed in
 * it, and a look for each kind of them.
 */
export class Waiters {
  readonly #queues = new Map<string, Queue>();
  readonly #countMax: number;
  #count = 0;
  /** No waiter gives up before this monotonic time. */
  #deadlineMs = Infinity;

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
    if (this.#count >= this.#countMax) throw tooMany(this.#countMax);
    let queue = this.#queues.get(waiter.type);
    if (queue === undefined) {
      this.#queues.set(waiter.type, queue = { waiters: new Set(), dueMs: Infinity });
    }
    queue.waiters.add(waiter);
    queue.dueMs = Math.min(queue.dueMs, waiter.dueMs());
    this.#deadlineMs = Math.min(this.#deadlineMs, waiter.deadlineMs);
    this.#count++;
  }

  /** Forgets a claim; harmless if it is not waiting. */
  remove(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.type);
    if (!queue?.waiters.delete(waiter)) return;
    this.#count--;
    if (queue.waiters.size === 0) this.#queues.delete(waiter.type);
    if (this.#count === 0) this.#deadlineMs = Infinity;
  }

  /**
   * Hands what is due to the waiters, the longest waiting first.
   *
   * @param nowMs Shard time.
   * @param changed The types of which flows have changed since the last time.
   */
  serve(nowMs: number, changed: ReadonlySet<string>): void {
    for (const [type, queue] of [...this.#queues]) {
      if (!changed.has(type) && queue.dueMs > nowMs) continue;
      const times = new DueTimes();
      // A waiter that finds flows leaves its queue.
      for (const waiter of [...queue.waiters]) {
        if (times.of(waiter) > nowMs) continue;
        waiter.claim();
        // The next flow of others may have been among those that it took.
        times.forget();
      }
      queue.dueMs = earliest(queue.waiters, (waiter) => times.of(waiter));
    }
  }

  /** Answers those whose time is over. */
  expire(monotonicMs: number): void {
    if (monotonicMs < this.#deadlineMs) return;
    for (const waiter of this.#all()) {
      if (waiter.deadlineMs <= monotonicMs) waiter.expire();
    }
    this.#deadlineMs = earliest(this.#all(), ({ deadlineMs }) => deadlineMs);
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    for (const waiter of this.#all()) waiter.abort(error);
  }

  /** The earliest shard time at which a flow could match a waiter. */
  nextDueMs(): number {
    return earliest(this.#queues.values(), ({ dueMs }) => dueMs);
  }

  /** In how many milliseconds to look whether a flow matches a waiter; `Infinity`: nobody waits. */
  nextLookInMs(nowMs: number): number {
    // Even with nothing in sight: an alarm that is not set keeps no process alive.
    if (this.#count === 0) return Infinity;
    return Math.min(Math.max(0, this.nextDueMs() - nowMs), CLOCK_CHECK_MS);
  }

  /** No waiter gives up before this monotonic time. */
  nextDeadlineMs(): number {
    return this.#deadlineMs;
  }

  /** A copy, since waiters leave while they are gone through. */
  #all(): Waiter[] {
    return [...this.#queues.values()].flatMap(({ waiters }) => [...waiters]);
  }
}

/** When the next flow could match: asked once for all waiters that look for the same, mostly workers. */
class DueTimes {
  readonly #known = new Map<string, number>();

  of(waiter: Waiter): number {
    const { looksFor } = waiter;
    let dueMs = this.#known.get(looksFor);
    if (dueMs === undefined) this.#known.set(looksFor, dueMs = waiter.dueMs());
    return dueMs;
  }

  forget(): void {
    this.#known.clear();
  }
}

function earliest<T>(items: Iterable<T>, timeOf: (item: T) => number): number {
  let earliestMs = Infinity;
  for (const item of items) earliestMs = Math.min(earliestMs, timeOf(item));
  return earliestMs;
}

function tooMany(limit: number): FlowError {
  return new FlowError(
    "too_many_waiters",
    `${limit} claims are blocked already, which is the limit (limits.waitersMax)`,
    { details: { limit } },
  );
}
