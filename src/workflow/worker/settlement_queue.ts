/**
 * Settlements that come together travel together.
 *
 * @module
 */
import { isFlowError } from "../../errors.ts";
import {
  type BatchOutcome,
  DEFAULT_LIMITS,
  type FlowRecord,
  type FlowStore,
} from "../../flow/mod.ts";
import { invariant } from "../../invariant.ts";
import type { Time } from "../../time/mod.ts";
import { type FanoutSettlement, settle, type Settlement } from "../jobs/settlement.ts";
import { StoreLimit } from "../store_limit.ts";

/** The commands of which one can stand for many. */
type Batched = Exclude<Settlement, FanoutSettlement>["command"];

/**
 * Fan-outs with so many children are sent in one macrotask, or a single one, and the rest in later
 * ones: a child takes up to 90 µs on a slow machine, and dozens of handlers may fan out in one turn.
 * With one fan-out in each, small ones that could have had a sync together took eight times as long.
 */
const CHILDREN_PER_MACROTASK = 1_000;

interface Entry<Sent extends Settlement = Settlement> {
  readonly settlement: Sent;
  readonly onSend: () => void;
  readonly resolve: (record: FlowRecord) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects settlements until somebody sends them: one command for all of a kind. */
export class SettlementQueue {
  readonly #store: FlowStore;
  readonly #time: Pick<Time, "defer">;
  readonly #batchLimit = new StoreLimit("items.length", DEFAULT_LIMITS.batchItemsMax);
  #entries: Entry[] = [];
  /** Fan-outs that are to be sent, in order. */
  readonly #fanouts: Entry<FanoutSettlement>[] = [];
  #isDeferred = false;

  /**
   * @param store Where the flows live.
   * @param time Fan-outs for which a macrotask has no room are sent in later ones.
   */
  constructor(store: FlowStore, time: Pick<Time, "defer">) {
    this.#store = store;
    this.#time = time;
  }

  /**
   * Lets a settlement wait for the next `flush()`, and a fan-out until there is room for it. Resolves
   * to the flow after it.
   *
   * @param onSend Called when it does not wait here any more, right before the store hears of it.
   */
  add(settlement: Settlement, onSend: () => void = () => {}): Promise<FlowRecord> {
    return new Promise((resolve, reject) => {
      this.#entries.push({ settlement, onSend, resolve, reject });
    });
  }

  /**
   * Sends what has come together, and fan-outs as far as there is room for them. Every settlement
   * stands alone, whatever becomes of the others.
   */
  flush(): void {
    const entries = this.#entries;
    this.#entries = [];
    this.#fanouts.push(...entries.filter(isFanout));
    this.#sendFanouts();
    for (const entry of entries) if (!isFanout(entry)) entry.onSend();
    for (const entry of entries.filter(isAlone)) this.#sendAlone(entry);
    for (const command of ["complete", "transition", "retry", "fail", "cancel"] as const) {
      const together = entries.filter((entry) =>
        entry.settlement.command === command && !isAlone(entry)
      );
      this.#sendAll(command, together);
    }
  }

  /** Sends the fan-outs that this macrotask has room for, and the others later. */
  #sendFanouts(): void {
    if (this.#isDeferred) return;
    const fanouts = this.#fanouts;
    let room = CHILDREN_PER_MACROTASK;
    for (let next = fanouts[0]; next !== undefined; next = fanouts[0]) {
      const { length: childCount } = next.settlement.children;
      const isFirst = room === CHILDREN_PER_MACROTASK;
      if (childCount > room && !isFirst) break;
      room -= childCount;
      fanouts.shift();
      next.onSend();
      this.#sendAlone(next);
    }
    if (fanouts.length === 0) return;
    this.#isDeferred = true;
    this.#time.defer(() => {
      this.#isDeferred = false;
      this.#sendFanouts();
    });
  }

  #sendAll(command: Batched, entries: readonly Entry[]): void {
    const { countMax } = this.#batchLimit;
    for (let start = 0; start < entries.length; start += countMax) {
      this.#send(command, entries.slice(start, start + countMax));
    }
  }

  async #send(command: Batched, entries: readonly Entry[]): Promise<void> {
    const [first, ...others] = entries;
    if (first === undefined) return;
    if (others.length === 0) return await this.#sendAlone(first);
    try {
      const outcomes = await this.#settleMany(command, entries);
      invariant(outcomes.length === entries.length, "A batch has one outcome per item");
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.ok) entries[index]?.resolve(outcome.record);
        else entries[index]?.reject(outcome.error);
      }
    } catch (error) {
      if (this.#batchLimit.isIn(error, entries.length)) return this.#sendAll(command, entries);
      // The call was refused before it did anything, so what is wrong with one item, or with all of
      // them together, does not have to be the others' loss.
      if (isRefusedCall(error)) { for (const entry of entries) this.#sendAlone(entry); }
      else for (const { reject } of entries) reject(error);
    }
  }

  async #sendAlone({ settlement, resolve, reject }: Entry): Promise<void> {
    try {
      resolve(await settle(this.#store, settlement));
    } catch (error) {
      reject(error);
    }
  }

  #settleMany(
    command: Batched,
    entries: readonly Entry[],
  ): Promise<BatchOutcome[]> {
    const store = this.#store;
    const independent = { independent: true } as const;
    // All entries are of this command, so the items are what its batch takes.
    const items = entries.map(({ settlement: { flow, options } }) => ({ ...flow, ...options }));
    switch (command) {
      case "complete":
        return store.completeMany(items as Parameters<FlowStore["completeMany"]>[0], independent);
      case "transition":
        return store.transitionMany(
          items as Parameters<FlowStore["transitionMany"]>[0],
          independent,
        );
      case "retry":
        return store.retryMany(items as Parameters<FlowStore["retryMany"]>[0], independent);
      case "fail":
        return store.failMany(items as Parameters<FlowStore["failMany"]>[0], independent);
      case "cancel":
        return store.cancelMany(items as Parameters<FlowStore["cancelMany"]>[0], independent);
    }
  }
}

function isFanout(entry: Entry): entry is Entry<FanoutSettlement> {
  return entry.settlement.command === "spawnChildren";
}

/** Whether a settlement fits into no batch, since it has a time of its own. */
function isAlone({ settlement: { command, options } }: Entry): boolean {
  return command !== "spawnChildren" && options.nowMs !== undefined;
}

/** Whether a call was refused for what it says, so that nothing of it was applied. */
function isRefusedCall(error: unknown): boolean {
  return isFlowError(error, "invalid_argument") || isFlowError(error, "too_large") ||
    isFlowError(error, "limit_exceeded") || isFlowError(error, "duplicate_id");
}
