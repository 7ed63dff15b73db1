/**
 * Keeping in memory what is needed soon, and the rest in short.
 *
 * @module
 */
import { nextWakeMs, wakeFlows } from "../flow/core/mod.ts";
import type { Shards } from "./shards.ts";

/**
 * Flows are brought back so long before their time: some ten million are there in time, if all of
 * them are due in one minute.
 */
const AHEAD_MS = 120_000;

/** What a turn has time for in all shards: a millisecond or two, since who is brought back is read. */
const COOLED_PER_TURN = 500;
const WOKEN_PER_TURN = 200;

/** Before a call is decided flows are brought back whose time has come: hardly ever any. */
const WOKEN_PER_CALL = 100;

/** While there is more to do, everybody else has this long between two slices. */
const REST_MS = 1;

/** Lets flows become cold, and brings them back. */
export class Cooler {
  readonly #shards: Pick<Shards, "all" | "now">;
  readonly #monotonicMs: () => number;
  #hasMore = false;

  /** Looks after the flows of some shards. */
  constructor(shards: Pick<Shards, "all" | "now">, monotonicMs: () => number) {
    this.#shards = shards;
    this.#monotonicMs = monotonicMs;
  }

  /** Why a flow could not be brought back lately, null if all could. */
  get failure(): string | null {
    const failures = this.#shards.all.map(({ state }) => state.flows.cold.failure);
    return failures.find((failure) => failure !== null) ?? null;
  }

  /** Brings flows back that are due, which a call is about to ask for. */
  wakeDue(): void {
    const countMax = this.#shareOf(WOKEN_PER_CALL);
    for (const { state: { flows } } of this.#shards.all) {
      if (nextWakeMs(flows) === Infinity) continue;
      wakeFlows(flows, { untilMs: this.#shards.now(), countMax });
    }
  }

  /** Does some of what there is to do. */
  work(): void {
    const nowMs = this.#shards.now();
    this.#hasMore = false;
    const wokenMax = this.#shareOf(WOKEN_PER_TURN);
    const cooledMax = this.#shareOf(COOLED_PER_TURN);
    for (const { state: { flows, cooling }, life: { durableLsn } } of this.#shards.all) {
      const wokenCount = wakeFlows(flows, { untilMs: nowMs + AHEAD_MS, countMax: wokenMax });
      const cooledCount = cooling.isCrowded
        ? cooling.slice({ nowMs, durableLsn, countMax: cooledMax })
        : 0;
      this.#hasMore ||= wokenCount >= wokenMax || cooledCount >= cooledMax;
    }
  }

  /** What each shard has of it. */
  #shareOf(count: number): number {
    return Math.ceil(count / this.#shards.all.length);
  }

  /** The monotonic time at which it wants to work, `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (this.#hasMore) return this.#monotonicMs() + REST_MS;
    const wakeMs = Math.min(...this.#shards.all.map(({ state }) => nextWakeMs(state.flows)));
    const leftMs = wakeMs - AHEAD_MS - this.#shards.now();
    return wakeMs === Infinity ? Infinity : this.#monotonicMs() + Math.max(0, leftMs);
  }
}
