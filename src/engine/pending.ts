/**
 * Calls that wait for their effects, or for what they have seen, to be on disk.
 *
 * @module
 */
import { type Footing, isDurable, isVoid } from "./footing.ts";
import type { Shard } from "./shard.ts";

/** How a call ends, once everything that it stands on is on disk. */
export interface Verdict<T> {
  /** All that the answer would give away. */
  readonly standsOn: readonly Footing[];
  /** Makes the answer; called once that is on disk. A throw is the answer, too. */
  read(): T;
}

/** A call that has not been answered. */
export interface Call<T> {
  /**
   * Decides what the call does and answers; undefined if it goes on waiting. Decided again, from
   * the call's inputs, when something that it stands on turns out never to have happened.
   */
  decide(): Verdict<T> | undefined;
  /** The shards that the call has looked at when it is refused. Default: all. */
  readonly looksAt?: (() => readonly Shard[]) | undefined;
  /** Answers the caller. */
  resolve(value: T): void;
  /** Answers the caller with an error. */
  reject(error: unknown): void;
}

interface Decided {
  readonly call: Call<unknown>;
  readonly verdict: Verdict<unknown>;
}

/** Somebody who waits until some calls do not wait any more. */
interface Watch {
  readonly left: Set<Decided>;
  readonly resolve: () => void;
}

/** Decided calls, in the order of their decisions. */
export class PendingCalls {
  #queue: Decided[] = [];
  /** Mostly none. */
  #watches: Watch[] = [];

  /** How many calls wait. */
  get count(): number {
    return this.#queue.length;
  }

  /** Lets a decided call wait. */
  add<T>(call: Call<T>, verdict: Verdict<T>): void {
    this.#queue.push({ call: call as Call<unknown>, verdict });
  }

  /** Answers every call that stands on what is durable. */
  release(): void {
    const decided = this.#queue;
    this.#queue = [];
    for (const one of decided) {
      if (isReleased(one.verdict)) this.#settle(one);
      else this.#queue.push(one);
    }
  }

  /** Resolves when all calls that wait now have been answered, or are decided again. */
  told(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    const left = new Set(this.#queue);
    return new Promise((resolve) => this.#watches.push({ left, resolve }));
  }

  /** Takes out the calls that stand on what never happened, in order. */
  takeVoid(): Call<unknown>[] {
    return this.#take(({ verdict }) => verdict.standsOn.some(isVoid)).map(({ call }) => call);
  }

  /** Takes all calls out, in order. */
  takeAll(): Call<unknown>[] {
    return this.#take(() => true).map(({ call }) => call);
  }

  #take(isTaken: (decided: Decided) => boolean): Decided[] {
    const taken: Decided[] = [];
    const left: Decided[] = [];
    for (const decided of this.#queue) (isTaken(decided) ? taken : left).push(decided);
    if (taken.length > 0) this.#queue = left;
    for (const one of taken) this.#noteGone(one);
    return taken;
  }

  #settle(decided: Decided): void {
    settle(decided.call, decided.verdict);
    this.#noteGone(decided);
  }

  #noteGone(decided: Decided): void {
    if (this.#watches.length === 0) return;
    for (const { left } of this.#watches) left.delete(decided);
    this.#watches = this.#watches.filter(({ left, resolve }) => {
      if (left.size === 0) resolve();
      return left.size > 0;
    });
  }
}

/** Whether an answer may be given. */
export function isReleased({ standsOn }: Verdict<unknown>): boolean {
  return standsOn.every(isDurable);
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
