/**
 * Giving up flows whose retention is over, and keys whose time is, in the background.
 *
 * @module
 */
import type { RetentionCleanup } from "../../flow/mod.ts";
import { invariant } from "../../invariant.ts";
import { Spread } from "../calls/spread.ts";
import type { Shards } from "../shards.ts";

/** How and when the sweeper works. */
export interface RetentionOptions {
  /** Whether to sweep at all. Default true. */
  readonly sweep?: boolean | undefined;
  /** The least time between two sweeps that found all there was, 1 ms to 365 days. Default 60,000. */
  readonly intervalMs?: number | undefined;
}

/** Retention options, all of them. */
export interface SweepPlan {
  /** Whether to sweep at all. */
  readonly sweep: boolean;
  /** The least time between two sweeps that found all there was. */
  readonly intervalMs: number;
}

/** Sweeps of a store that is opened without any options about them. */
export const DEFAULT_SWEEP_PLAN: SweepPlan = { sweep: true, intervalMs: 60_000 };

/**
 * While more is due: between two slices, which take some two milliseconds, everybody else has this
 * long. That removes some 35,000 flows a second, and less in a busy process: a sweep that removes less
 * than is added meanwhile does without.
 */
const CATCH_UP_MS = 25;

/**
 * So long it rests at most while new work is refused for lack of memory: whoever is refused comes
 * back after five seconds, and finds room if anything is over.
 */
const SHORT_REST_MS = 1_000;

/** So much is written for every flow or key that is removed, roughly, and for the frame. */
const REMOVAL_BYTES = 48;

/**
 * Removes flows whose retention is over and keys whose time is: one slice in a turn, then a rest. It
 * is woken for the first that ends and not before, so a store in which nothing is over does nothing.
 */
export class Sweeper {
  readonly #shards: Shards;
  readonly #plan: SweepPlan;
  readonly #monotonicMs: () => number;
  /** Since when it rests, in monotonic time. */
  #restsSinceMs: number;
  /** For how long, unless memory is short. */
  #restMs: number;
  #isSweeping = false;
  /** How much there was when the present sweep began: with more than that it has fallen behind. */
  #sizeBefore = Infinity;

  /**
   * A sweeper that begins with a rest, so that opening a store is not followed by it at once.
   *
   * @param monotonicMs The present monotonic time, in milliseconds.
   */
  constructor(
    shards: Shards,
    monotonicMs: () => number,
    plan: SweepPlan = DEFAULT_SWEEP_PLAN,
  ) {
    this.#shards = shards;
    this.#plan = plan;
    this.#monotonicMs = monotonicMs;
    this.#restsSinceMs = monotonicMs();
    this.#restMs = plan.intervalMs;
  }

  /** The least time between two sweeps that found all there was; `Infinity` if it never sweeps. */
  get intervalMs(): number {
    return this.#plan.sweep ? this.#plan.intervalMs : Infinity;
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (!this.#plan.sweep || this.#isSweeping) return Infinity;
    const leftMs = this.#shards.nextForgottenMs() - this.#shards.now();
    // What is over is so whenever somebody looks: the clock has gone on since it was read last.
    const overMs = leftMs <= 0 ? -Infinity : this.#monotonicMs() + leftMs;
    const restedMs = this.#restsSinceMs + this.#restMs;
    const soonestMs = Math.max(overMs, this.#soonestMs());
    // Most turns find nothing that a shorter rest would remove earlier: they need not ask for the memory.
    if (soonestMs >= restedMs) return soonestMs;
    return this.#shards.admission.isShortOfMemory() ? soonestMs : restedMs;
  }

  /** Sweeps one slice if it is time to. */
  wake(): void {
    // Most turns come before it has rested: they need not know what is next.
    const nowMs = this.#monotonicMs();
    if (this.#soonestMs() > nowMs || this.nextAtMs() > nowMs) return;
    this.#isSweeping = true;
    if (this.#sizeBefore === Infinity) this.#sizeBefore = sizeOf(this.#shards);
    // A sweep that fails has removed nothing, and the next one finds the same.
    this.#shards.slices.next().then(() => this.#sweepSlice()).then(
      (isAll) => isAll ? this.#end() : this.#rest(this.#isBehind() ? 0 : CATCH_UP_MS),
      () => this.#end(),
    );
  }

  /** Whether there is more than when the sweep began, so that it has to do without rests. */
  #isBehind(): boolean {
    return sizeOf(this.#shards) > this.#sizeBefore;
  }

  #end(): void {
    this.#sizeBefore = Infinity;
    this.#rest(Infinity);
  }

  /** Removes as much as there is room for by now. Resolves to whether nothing more can be done. */
  async #sweepSlice(): Promise<boolean> {
    const sliceMax = this.#sliceMax();
    if (sliceMax === 0) return true;
    const { flows, keys } = await this.#sweep(sliceMax);
    return flows + keys < sliceMax;
  }

  /** How much one slice removes. */
  #sliceMax(): number {
    const { admission, limits: { cleanupLimitMax } } = this.#shards;
    if (!admission.isDiskFull()) return cleanupLimitMax;
    // What is left of a full disk is for those who finish their work, but for a little: what goes has to
    // be written down before a merge can give its room back.
    const bytes = admission.shortDisk!.takeSpare(REMOVAL_BYTES * cleanupLimitMax);
    return Math.floor(bytes / REMOVAL_BYTES);
  }

  #sweep(limit: number): Promise<RetentionCleanup> {
    const { all } = this.#shards;
    const spread = new Spread(this.#shards, all, {
      kind: "retention_cleanup",
      limit,
      nowMs: undefined,
      largeValues: [],
    });
    return this.#shards.call(() => {
      const reply = spread.apply();
      invariant(reply.kind === "cleanup", "a cleanup answers what it removed");
      return { standsOn: all.map((shard) => shard.footing()), read: () => reply.cleanup };
    });
  }

  /** Rests until the next sweep: for the interval, or less. */
  #rest(ms: number): void {
    this.#isSweeping = false;
    this.#restsSinceMs = this.#monotonicMs();
    this.#restMs = Math.min(ms, this.#plan.intervalMs);
    this.#shards.reschedule();
  }

  /** Until when it rests in any case: memory may become short, or be so no more, meanwhile. */
  #soonestMs(): number {
    return this.#restsSinceMs + Math.min(this.#restMs, SHORT_REST_MS);
  }
}

/** How many flows and keys there are. */
function sizeOf({ all }: Shards): number {
  return all.reduce((sum, { state: { flows } }) => sum + flows.table.size + flows.kv.size, 0);
}
