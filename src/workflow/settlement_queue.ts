/**
 * Settlements that come together travel together.
 *
 * @module
 */
import { isFlowError } from "../errors.ts";
import { type BatchOutcome, DEFAULT_LIMITS, type FlowRecord, type FlowStore } from "../flow/mod.ts";
import { invariant } from "../invariant.ts";
import { type FanoutSettlement, settle, type Settlement } from "./settlement.ts";
import { StoreLimit } from "./store_limit.ts";

/** The commands of which one can stand for many. */
type Batched = Exclude<Settlement, FanoutSettlement>["command"];

interface Entry {
  readonly settlement: Settlement;
  readonly resolve: (record: FlowRecord) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects settlements until somebody sends them: one command for all of a kind. */
export class SettlementQueue {
  readonly #store: FlowStore;
  readonly #batchLimit = new StoreLimit("items.length", DEFAULT_LIMITS.batchItemsMax);
  #entries: Entry[] = [];

  /** @param store Where the flows live. */
  constructor(store: FlowStore) {
    this.#store = store;
  }

  /** Lets a settlement wait for the next `flush()`. Resolves to the flow after it. */
  add(settlement: Settlement): Promise<FlowRecord> {
    return new Promise((resolve, reject) => {
      this.#entries.push({ settlement, resolve, reject });
    });
  }

  /** Sends what has come together. Every settlement stands alone, whatever becomes of the others. */
  flush(): void {
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries.filter(isAlone)) this.#sendAlone(entry);
    for (const command of ["complete", "transition", "retry", "fail"] as const) {
      const together = entries.filter((entry) =>
        entry.settlement.command === command && !isAlone(entry)
      );
      this.#sendAll(command, together);
    }
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
    }
  }
}

/** Whether a settlement fits into no batch: there is none of its kind, or it has a time of its own. */
function isAlone({ settlement: { command, options } }: Entry): boolean {
  return command === "spawnChildren" || options.nowMs !== undefined;
}

/** Whether a call was refused for what it says, so that nothing of it was applied. */
function isRefusedCall(error: unknown): boolean {
  return isFlowError(error, "invalid_argument") || isFlowError(error, "too_large") ||
    isFlowError(error, "limit_exceeded") || isFlowError(error, "duplicate_id");
}
