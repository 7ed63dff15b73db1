/**
 * Looking for the rows of a list among very many others, a few at a time.
 *
 * @module
 */
import type { ListPosition, StateWalk } from "../../index/mod.ts";
import { type Flow, isForgotten } from "./flow.ts";
import { positionOf } from "./rows.ts";
import type { FlowState } from "./state.ts";
import { walkType } from "./type_walk.ts";

/** So many steps are one slice: half a millisecond. Looking at a flow that has a row is a step. */
const SLICE_STEPS = 2_000;

/** A flow that is read from disk is so many, with the seats that were passed over before it. */
const READ_STEPS = 50;

/** Which rows are looked for. */
export interface SearchedRows {
  /** Of this type. */
  readonly type: string;
  /** Of this partition; null: of every one. */
  readonly partitionKey: string | null;
  /** How many rows at most. */
  readonly count: number;
  /** Where, and which way. */
  readonly walk: StateWalk;
}

/** Whether a flow is a row of a list. */
export function isRow(
  { identity, control }: Flow,
  partitionKey: string | null,
  nowMs: number,
): boolean {
  return !isForgotten(control, nowMs) &&
    (partitionKey === null || identity.partitionKey === partitionKey);
}

/**
 * A search through the flows of one state of a shard, which goes on while they change. A flow that
 * changes comes to stand behind all that changed before, and nothing is ever put among those that
 * changed in the past. So what was passed over stays so, and what was found is a row as long as it
 * has not changed.
 */
export class RowSearch {
  readonly #state: FlowState;
  readonly #rows: SearchedRows;
  readonly #stepsMax: number;
  /** What changed before was searched going back; what has changed since comes first. */
  readonly #startMs: number;
  readonly #found: Flow[] = [];
  /** The last flow that was looked at. */
  #passed: ListPosition | null;

  /**
   * Nothing was looked at yet.
   *
   * @param stepsMax How much is one slice. Default: half a millisecond.
   */
  constructor(state: FlowState, rows: SearchedRows, nowMs: number, stepsMax = SLICE_STEPS) {
    this.#state = state;
    this.#rows = rows;
    this.#startMs = nowMs;
    this.#stepsMax = stepsMax;
    this.#passed = rows.walk.after ?? null;
  }

  /** Whether a walk comes to its end in one slice anyway. */
  static isShort({ states, cold }: FlowState, { type, walk }: SearchedRows): boolean {
    const isWanted = (state: string): boolean => walk.states?.includes(state) ?? true;
    let size = 0;
    for (const [state, count] of states.counts(type)) if (isWanted(state)) size += count;
    for (const lane of cold.lanes(type)) if (isWanted(lane.state)) size += READ_STEPS * lane.size;
    return size <= SLICE_STEPS;
  }

  /** Looks at some more flows. Returns whether there is nothing left to look at for now. */
  slice(nowMs: number): boolean {
    const { type, partitionKey, count, walk } = this.#rows;
    // With what changes at this instant it is not over yet.
    const endMs = (walk.rev ? this.#startMs : nowMs) - 1;
    let steps = 0;
    const flows = walkType(this.#state, type, {
      ...walk,
      partitionKey,
      after: this.#passed,
      toMs: Math.min(walk.toMs ?? Infinity, endMs),
      onRead: () => steps += READ_STEPS,
    });
    let last: Flow | undefined;
    for (const flow of flows) {
      if (this.#found.length > count) break;
      last = flow;
      if (isRow(flow, partitionKey, nowMs)) this.#found.push(flow);
      // Only now: each slice gets on, also if what it begins with is more than that.
      if (++steps >= this.#stepsMax) break;
    }
    if (last !== undefined) this.#passed = positionOf(last);
    return steps < this.#stepsMax || this.#found.length > count;
  }

  /** Yields the rows that there are now; flows that are none may be among them. */
  *flows(): Generator<Flow> {
    const { type, partitionKey, walk } = this.#rows;
    const { fromMs = 0, rev } = walk;
    if (rev) {
      const sinceMs = Math.max(fromMs, this.#startMs);
      yield* walkType(this.#state, type, { ...walk, partitionKey, fromMs: sinceMs });
    }
    for (const { key, lsn } of this.#found) {
      const flow = this.#state.table.peek(key);
      if (flow?.lsn === lsn) yield flow;
    }
    yield* walkType(this.#state, type, {
      ...walk,
      partitionKey,
      after: this.#passed,
      toMs: rev ? Math.min(walk.toMs ?? Infinity, this.#startMs - 1) : walk.toMs,
    });
  }
}
