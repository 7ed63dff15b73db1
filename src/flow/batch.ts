/**
 * How a batch ends: per item, or as a whole.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { FlowRecord } from "./record.ts";

/** How one item of a batch ended. */
export type BatchOutcome =
  | {
    /** The item was applied. */
    readonly ok: true;
    /** The flow after it. */
    readonly record: FlowRecord;
  }
  | {
    /** The item was not applied. */
    readonly ok: false;
    /** Why. */
    readonly error: FlowError;
  };

/**
 * An all-or-nothing batch was refused. Nothing of it was applied; in a store with several shards
 * nothing in the shard of the refused item, while each other shard has applied all of its items or
 * none. `outcomes` tells which.
 *
 * `details.index` is the place of the first item that was refused.
 *
 * @example What is right is sent again without what is wrong:
 * ```ts
 * import { FlowBatchError, openStore } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * await store.create("b", { type: "job" });
 * const ids = ["a", "b", "c"];
 * try {
 *   await store.createMany(ids, { type: "job" });
 * } catch (error) {
 *   if (!(error instanceof FlowBatchError)) throw error;
 *   const codes = error.outcomes.map((outcome) => outcome.ok ? "applied" : outcome.error.code);
 *   console.log(codes); // ["not_applied", "already_exists", "not_applied"]
 *   const right = ids.filter((_, index) => codes[index] === "not_applied");
 *   await store.createMany(right, { type: "job" });
 * }
 * ```
 */
export class FlowBatchError extends FlowError {
  /** Always `"FlowBatchError"`. */
  override readonly name = "FlowBatchError";
  /**
   * One entry per item, in the order of the call. An item that was not applied although nothing was
   * wrong with it has an error with the code `not_applied`; its `details.index` is the place of the
   * item because of which.
   */
  readonly outcomes: readonly BatchOutcome[];

  /**
   * An error for a batch.
   *
   * @param first The error of the first item that was refused; its code becomes this error's code.
   * @param index The place of that item in the batch, from 0.
   * @param outcomes One entry per item.
   */
  constructor(first: FlowError, index: number, outcomes: readonly BatchOutcome[]) {
    const applied = outcomes.filter(({ ok }) => ok).length;
    const what = applied === 0 ? "Nothing" : `${applied} of ${outcomes.length} items`;
    const was = applied === 0 ? "of the batch was" : "of the batch, those of other shards, were";
    super(first.code, `${what} ${was} applied: item ${index} was refused`, {
      cause: first,
      details: { ...first.details, index, applied },
    });
    this.outcomes = outcomes;
  }
}
