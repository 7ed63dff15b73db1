/**
 * Calls that wait for their effects, or for what they have seen, to be on disk.
 *
 * @module
 */

/** How a call ends, once everything up to an LSN is on disk. */
export interface Verdict<T> {
  /** The newest LSN that the answer would give away. */
  readonly waitLsn: number;
  /** Makes the answer; called once that LSN is on disk. A throw is the answer, too. */
  read(): T;
}

/** A call that has not been answered. */
export interface Call<T> {
  /**
   * Decides what the call does and answers; undefined if it goes on waiting. Decided again, from
   * the call's inputs, when the frame that it was written to turns out not to be in the log.
   */
  decide(): Verdict<T> | undefined;
  /** Answers the caller. */
  resolve(value: T): void;
  /** Answers the caller with an error. */
  reject(error: unknown): void;
}

interface Decided {
  readonly call: Call<unknown>;
  readonly verdict: Verdict<unknown>;
}

/** Decided calls, in the order of their decisions. */
export class PendingCalls {
  #queue: Decided[] = [];

  /** How many calls wait. */
  get count(): number {
    return this.#queue.length;
  }

  /** Lets a decided call wait. */
  add<T>(call: Call<T>, verdict: Verdict<T>): void {
    this.#queue.push({ call: call as Call<unknown>, verdict });
  }

  /** Answers every call that waits for nothing above `settledLsn`. */
  release(settledLsn: number): void {
    const released = this.#queue.filter(({ verdict }) => verdict.waitLsn <= settledLsn);
    if (released.length === 0) return;
    this.#queue = this.#queue.filter(({ verdict }) => verdict.waitLsn > settledLsn);
    for (const { call, verdict } of released) settle(call, verdict);
  }

  /** Takes all calls out, in order. */
  takeAll(): Call<unknown>[] {
    const calls = this.#queue.map(({ call }) => call);
    this.#queue = [];
    return calls;
  }
}

/** Answers a call with what it was to be answered with. */
export function settle<T>(call: Call<T>, verdict: Verdict<T>): void {
  let value: T;
  try {
    value = verdict.read();
  } catch (error) {
    call.reject(error);
    return;
  }
  call.resolve(value);
}
