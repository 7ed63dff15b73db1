/**
 * Claims, and claims that wait until there is something to claim.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import type { ClaimCommand, Reply } from "../../flow/core/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import type { Call, Verdict } from "./pending.ts";
import type { Prepared } from "./preparation.ts";
import { Spread } from "./spread.ts";
import type { Waiter } from "./waiters.ts";

/** How a claim is answered. */
export interface Claimant<T> {
  /** What the answer says, and what it waits for. */
  verdictOn(reply: Reply, on: readonly Shard[]): Verdict<T>;
  /** Answers the caller. */
  resolve(value: T): void;
  /** Answers the caller with an error. */
  reject(error: unknown): void;
}

/** A claim: a call that, with `blockMs`, is decided again and again, and a waiter in between. */
export class Claim<T> implements Call<T>, Prepared, Waiter {
  readonly givesWay = true;
  readonly type: string;
  readonly deadlineMs: number;
  readonly looksAt: () => readonly Shard[];
  readonly #shards: Shards;
  readonly #spread: Spread;
  readonly #command: ClaimCommand;
  readonly #claimant: Claimant<T>;
  readonly #onAbort = (): void => {
    this.#leave();
    // Nobody may be left for whom the process would stay alive.
    this.#shards.reschedule();
    this.#claimant.reject(this.#command.signal?.reason);
  };
  #isWaiting = false;
  /** Whether nothing found is an answer now. */
  #isOver: boolean;
  #looksFor: string | undefined;

  /**
   * @param nowMs Monotonic time of the call.
   */
  constructor(shards: Shards, command: ClaimCommand, claimant: Claimant<T>, nowMs: number) {
    this.type = command.filter.type;
    // A block of 0 ms is one without end.
    this.deadlineMs = nowMs + (command.blockMs || Infinity);
    this.#isOver = command.blockMs === undefined;
    this.#shards = shards;
    const on = shards.router.shardsOf(command.filter.partitionKeys);
    this.#spread = new Spread(shards, on, command);
    this.looksAt = () => on;
    this.#command = command;
    this.#claimant = claimant;
  }

  /** Most claims never wait, and are never asked. */
  get looksFor(): string {
    return this.#looksFor ??= JSON.stringify(this.#command.filter);
  }

  isPrepared(): boolean {
    // After the end nothing is prepared any more, and it is refused.
    return this.#shards.ended !== undefined || this.#prepare(0);
  }

  prepare(): boolean {
    return this.#prepare();
  }

  decide(): Verdict<T> | undefined {
    // Also when the frame that it was written to is void: nobody is there to take the flows.
    if (this.#command.signal?.aborted) {
      this.#onAbort();
      return undefined;
    }
    const reply = this.#apply();
    const isEmpty = reply.kind === "flows" && reply.flows.length === 0;
    if (isEmpty && !this.#isOver) {
      this.#wait();
      return undefined;
    }
    this.#leave();
    return this.#claimant.verdictOn(reply, this.#spread.on);
  }

  resolve(value: T): void {
    this.#claimant.resolve(value);
  }

  reject(error: unknown): void {
    this.#leave();
    this.#claimant.reject(error);
  }

  dueMs(): number {
    const { filter } = this.#command;
    let nextMs = Infinity;
    for (const { state } of this.#spread.on) {
      nextMs = Math.min(nextMs, state.flows.nextDueMs(filter));
    }
    return nextMs;
  }

  claim(): void {
    this.#shards.decide(this);
  }

  expire(): void {
    this.#isOver = true;
    this.#shards.decide(this);
  }

  abort(error: FlowError): void {
    this.reject(error);
  }

  #prepare(steps?: number): boolean {
    const { filter } = this.#command;
    return this.#spread.on.every(({ state }) => state.flows.prepare(filter, steps));
  }

  #apply(): Reply {
    try {
      return this.#spread.apply();
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #wait(): void {
    // What it has given up stays so; whoever wakes it has something new.
    this.#spread.forget();
    if (this.#isWaiting) return;
    this.#shards.park(this);
    this.#isWaiting = true;
    this.#command.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  #leave(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#shards.waiters.remove(this);
    this.#command.signal?.removeEventListener("abort", this.#onAbort);
  }
}
