/**
 * Writing the ends of flows that count as cancelled already, in the background.
 *
 * @module
 */
import type { FlowError } from "../errors.ts";
import { findFlow, type Flow, type FlowTarget, isForeclosed } from "../flow/core/mod.ts";
import type { Call, Verdict } from "./pending.ts";
import type { Shard } from "./shard.ts";

/** Without room on the disk it waits this long before it tries again. */
const RETRY_MS = 1_000;

/**
 * Goes on with groups that are closing, a slice for every commit, and lets calls wait that are to
 * see all flows as they count.
 */
export class Closer {
  readonly #shard: Shard;
  readonly #monotonicMs: () => number;
  #waiting: Call<unknown>[] = [];
  #isClosing = false;
  /** Not before this monotonic time. */
  #restUntilMs = 0;

  /** @param monotonicMs The present monotonic time, in milliseconds. */
  constructor(shard: Shard, monotonicMs: () => number) {
    this.#shard = shard;
    this.#monotonicMs = monotonicMs;
  }

  /** Decides a call that sees all flows, once nothing is closing. */
  callOnAll<T>(decide: () => Verdict<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call<T> = {
        decide: () => {
          if (!this.#hasWork) return decide();
          this.#waiting.push(call as Call<unknown>);
          this.#shard.reschedule();
          return undefined;
        },
        resolve,
        reject,
      };
      this.#shard.decide(call);
    });
  }

  /** A flow that somebody wants to see. If it counts as cancelled, its end is written first. */
  look(target: FlowTarget): Flow | undefined {
    const { flows } = this.#shard.state;
    const found = findFlow(flows.table, target, this.#shard.now());
    if (found === undefined || !isForeclosed(found, flows)) return found;
    this.#close(target);
    return findFlow(this.#shard.state.flows.table, target, this.#shard.now());
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    return this.#hasWork && !this.#isClosing ? this.#restUntilMs : Infinity;
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Writes one slice if there is one, or lets those go on who wait. */
  wake(): void {
    if (!this.#hasWork) return this.#release();
    if (this.nextAtMs() > this.#monotonicMs()) return;
    this.#isClosing = true;
    this.#closeSome().then(() => this.#rest(0), () => this.#rest(RETRY_MS));
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call.reject(error);
  }

  get #hasWork(): boolean {
    return this.#shard.state.flows.hasClosings;
  }

  #closeSome(): Promise<void> {
    return this.#shard.call(() => {
      this.#close(null);
      return { waitLsn: this.#shard.headLsn, read: () => {} };
    });
  }

  #close(target: FlowTarget | null): void {
    this.#shard.apply({ kind: "close", target, nowMs: undefined, largeValues: [] });
  }

  #rest(ms: number): void {
    this.#isClosing = false;
    this.#restUntilMs = this.#monotonicMs() + ms;
    this.#shard.reschedule();
  }

  #release(): void {
    if (!this.isAwaited) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) this.#shard.decide(call);
  }
}
