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

/** An all-or-nothing batch was refused. Nothing of it was applied. */
export class FlowBatchError extends FlowError {
  /** One entry per item, in the order of the call. */
  readonly outcomes: readonly BatchOutcome[];

  /**
   * An error for a batch of which nothing was applied.
   *
   * @param first The error of the first item that was refused; its code becomes this error's code.
   * @param index The place of that item in the batch, from 0.
   * @param outcomes One entry per item.
   */
  constructor(first: FlowError, index: number, outcomes: readonly BatchOutcome[]) {
    super(first.code, `Nothing of the batch was applied: item ${index} was refused`, {
      cause: first,
      details: { ...first.details, index },
    });
    this.outcomes = outcomes;
  }
}
