/**
 * Writing the ends of flows that count as cancelled already, in the background.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import { findFlow, type Flow, type FlowTarget, isForeclosed } from "../../flow/core/mod.ts";
import type { Call, Verdict } from "../calls/pending.ts";
import { WaitingCalls } from "../calls/waiting_calls.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";

/** Without room on the disk it waits this long before it tries again. */
const RETRY_MS = 1_000;

/**
 * Goes on with groups that are closing, a slice for every commit, and lets calls wait that are to
 * see all flows as they count.
 */
export class Closer {
  readonly #shards: Shards;
  readonly #monotonicMs: () => number;
  readonly #waiting = new WaitingCalls();
  #isClosing = false;
  /** Not before this monotonic time. */
  #restUntilMs = 0;

  /** @param monotonicMs The present monotonic time, in milliseconds. */
  constructor(shards: Shards, monotonicMs: () => number) {
    this.#shards = shards;
    this.#monotonicMs = monotonicMs;
  }

  /** Decides a call that sees all flows, once nothing is closing. */
  callOnAll<T>(decide: () => Verdict<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call<T> = {
        decide: () => {
          if (!this.#hasWork) return decide();
          this.#waiting.add(call);
          this.#shards.reschedule();
          return undefined;
        },
        resolve,
        reject,
      };
      this.#shards.decide(call);
    });
  }

  /** A flow that somebody wants to see. If it counts as cancelled, its end is written first. */
  look(target: FlowTarget): Flow | undefined {
    const found = this.#find(target);
    if (found === undefined) return undefined;
    const shard = this.#shards.router.shardOf(found.identity.partitionKey);
    if (!isForeclosed(found, shard.state.flows)) return found;
    this.#close(shard, target);
    return this.#find(target);
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    return this.#hasWork && !this.#isClosing ? this.#restUntilMs : Infinity;
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    return !this.#waiting.isEmpty;
  }

  /** Writes one slice if there is one, or lets those go on who wait. */
  wake(): void {
    if (!this.#hasWork) {
      for (const call of this.#waiting.take()) this.#shards.decide(call);
      return;
    }
    if (this.nextAtMs() > this.#monotonicMs()) return;
    this.#isClosing = true;
    this.#closeSome().then(() => this.#rest(0), () => this.#rest(RETRY_MS));
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    this.#waiting.abort(error);
  }

  get #hasWork(): boolean {
    return this.#shards.all.some(hasWork);
  }

  async #closeSome(): Promise<void> {
    const closings = this.#shards.all.filter(hasWork).map((shard) =>
      this.#shards.call(() => {
        this.#close(shard, null);
        return { standsOn: [shard.footing()], read: () => {} };
      }, () => [shard])
    );
    await Promise.all(closings);
  }

  #close(shard: Shard, target: FlowTarget | null): void {
    this.#shards.apply({ kind: "close", target, nowMs: undefined, largeValues: [] }, shard);
  }

  #find(target: FlowTarget): Flow | undefined {
    return findFlow(this.#shards.router.flowsFor(target), target, this.#shards.now());
  }

  #rest(ms: number): void {
    this.#isClosing = false;
    this.#restUntilMs = this.#monotonicMs() + ms;
    this.#shards.reschedule();
  }
}

function hasWork({ state }: Shard): boolean {
  return state.flows.hasClosings;
}
