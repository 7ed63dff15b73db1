/**
 * Keeping in memory what is needed soon, and the rest in short.
 *
 * @module
 */
import { nextWakeMs, wakeFlows } from "../../flow/core/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";

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
  /** The number of the shard that is the first in the next turn, or at the next call. */
  #first = 0;

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
    const { all } = this.#shards;
    let left = WOKEN_PER_CALL;
    for (let index = 0; index < all.length && left > 0; index++) {
      const { state: { flows } } = this.#inTurn(index);
      if (nextWakeMs(flows) === Infinity) continue;
      left -= wakeFlows(flows, { untilMs: this.#shards.now(), countMax: left });
    }
    // Should that have been too much for one call, the others come first at the next.
    if (left === 0) this.#first = (this.#first + 1) % all.length;
  }

  /** Does some of what there is to do. */
  work(): void {
    const nowMs = this.#shards.now();
    const { all } = this.#shards;
    let wokenLeft = WOKEN_PER_TURN;
    let cooledLeft = COOLED_PER_TURN;
    this.#first = (this.#first + 1) % all.length;
    this.#hasMore = false;
    for (let index = 0; index < all.length; index++) {
      const { state, life: { durableLsn } } = this.#inTurn(index);
      const { flows, cooling } = state;
      if (wokenLeft > 0) {
        wokenLeft -= wakeFlows(flows, { untilMs: nowMs + AHEAD_MS, countMax: wokenLeft });
      }
      if (!cooling.isCrowded) continue;
      // Who may not do as much as a turn has time for may have more to do.
      this.#hasMore ||= cooledLeft < COOLED_PER_TURN;
      if (cooledLeft > 0) {
        cooledLeft -= cooling.slice({ nowMs, durableLsn, countMax: cooledLeft });
      }
    }
    this.#hasMore ||= wokenLeft <= 0 || cooledLeft <= 0;
  }

  /** The shard that is so many after the first one. */
  #inTurn(index: number): Shard {
    const { all } = this.#shards;
    return all[(this.#first + index) % all.length]!;
  }

  /** The monotonic time at which it wants to work, `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (this.#hasMore) return this.#monotonicMs() + REST_MS;
    const wakeMs = Math.min(...this.#shards.all.map(({ state }) => nextWakeMs(state.flows)));
    const leftMs = wakeMs - AHEAD_MS - this.#shards.now();
    return wakeMs === Infinity ? Infinity : this.#monotonicMs() + Math.max(0, leftMs);
  }
}
