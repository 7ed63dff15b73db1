/**
 * Looking for the rows of a list among very many others, a few at a time.
 *
 * @module
 */
import { type ChangeWalk, type ListPosition, mergedWalk } from "../../../index/mod.ts";
import { byLastChange } from "../due_flow.ts";
import type { Flow } from "../flow.ts";
import type { RowsReply } from "../reply.ts";
import type { FlowState } from "../state.ts";
import { positionOf, readRows, type RowsWanted } from "./rows.ts";

/** So many steps are one slice: half a millisecond. Looking at a flow that has a row is a step. */
const SLICE_STEPS = 2_000;

/** So often a search begins anew before what is left of it is done at once. */
const RESTARTS_MAX = 3;

/** A flow that is read from disk is so many, with the seats that were passed over before it. */
export const READ_STEPS = 50;

/** Which flows are walked over. */
export interface SearchWalk extends ChangeWalk {
  /** Hears of every flow that was read from disk. Default: nobody does. */
  readonly onRead?: (() => void) | undefined;
}

/** Rows of flows that are in the order of their last change. */
export interface SearchedRows extends RowsWanted {
  /** Of this partition; null: of every one. */
  readonly partitionKey: string | null;
  /** From where to where, and which way. */
  readonly range: ChangeWalk;
  /** Whether there may be very many flows between two rows whose retention is not over. */
  readonly areRare: boolean;
  /**
   * How often a flow of a shard has become a row, perhaps, that stands where it stood before. Default: a
   * flow that is none stays so until it changes.
   */
  readonly becomeRows?: (state: FlowState) => number;
  /** How many steps it takes to walk over all flows of a shard, about. */
  stepsIn(state: FlowState): number;
  /** Yields the flows of a shard, and perhaps others. */
  walk(state: FlowState, walk: SearchWalk): Generator<Flow>;
  /**
   * Whether a flow is a row, by all that is known in some shards. Without them it may be one that turns
   * out to be none, but never the other way round.
   */
  isRow(flow: Flow, nowMs: number, shards: readonly FlowState[]): boolean;
}

/** What was found of some rows so far, by shard. */
export type RowsFound = (state: FlowState) => RowSearch | undefined;

/**
 * Answers a query for rows. The shards that it concerns are one to it.
 *
 * @param found What was found before. Default: all is looked for now.
 */
export function readSearched(
  shards: readonly FlowState[],
  rows: SearchedRows,
  nowMs: number,
  found: RowsFound = () => undefined,
): RowsReply {
  const sign = rows.range.rev ? -1 : 1;
  const walks = shards.map((state) => found(state)?.flows() ?? rows.walk(state, rows.range));
  const flows = mergedWalk(walks, (a, b) => sign * byLastChange(a, b));
  return readRows(flows, rows, (flow) => rows.isRow(flow, nowMs, shards));
}

/**
 * A search through the flows of one state of a shard, which goes on while they change. A flow that
 * changes comes to stand behind all that changed before, and nothing is ever put among those that
 * changed in the past. So what was passed over stays so, and what was found is a row as long as it
 * has not changed. Where a flow can become a row without that, it is counted how often one may have,
 * and the search begins anew.
 */
export class RowSearch {
  readonly #state: FlowState;
  readonly #rows: SearchedRows;
  readonly #stepsMax: number;
  /** What changed before was searched going back; what has changed since comes first. */
  #startMs: number;
  #found: Flow[] = [];
  /** The last flow that was looked at. */
  #passed: ListPosition | null;
  /** How many have become rows up to now, without coming to stand elsewhere. */
  #becameCount: number;
  #restarts = 0;

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
    this.#passed = rows.range.after ?? null;
    this.#becameCount = this.#countBecome();
  }

  /** Whether a search would be over after one slice anyway, or is not worth it. */
  static isShort(state: FlowState, rows: SearchedRows, nowMs: number): boolean {
    // Of those that no sweep has come to there may be any number, wherever rows are looked for.
    const areRare = rows.areRare || state.hasForgotten(nowMs);
    return !areRare || rows.stepsIn(state) <= SLICE_STEPS;
  }

  /** Looks at some more flows. Returns whether there is nothing left to look at for now. */
  slice(nowMs: number): boolean {
    if (this.#isOutdated() && this.#restarts++ < RESTARTS_MAX) this.#restart(nowMs);
    // If that does not end, it is not worth it.
    if (this.#isOutdated()) return true;
    const { count, range: { toMs = Infinity, rev } } = this.#rows;
    // With what changes at this instant it is not over yet.
    const endMs = (rev ? this.#startMs : nowMs) - 1;
    let steps = 0;
    const flows = this.#walk({
      after: this.#passed,
      toMs: Math.min(toMs, endMs),
      onRead: () => steps += READ_STEPS,
    });
    let last: Flow | undefined;
    for (const flow of flows) {
      if (this.#found.length > count) break;
      last = flow;
      if (this.#rows.isRow(flow, nowMs, [])) this.#found.push(flow);
      // Only now: each slice gets on, also if what it begins with is more than that.
      if (++steps >= this.#stepsMax) break;
    }
    if (last !== undefined) this.#passed = positionOf(last);
    return steps < this.#stepsMax || this.#found.length > count;
  }

  /** Yields the rows that there are now; flows that are none may be among them. */
  *flows(): Generator<Flow> {
    // Those that were passed over may be rows by now.
    if (this.#isOutdated()) return yield* this.#walk({});
    const { fromMs = 0, toMs = Infinity, rev } = this.#rows.range;
    if (rev) yield* this.#walk({ fromMs: Math.max(fromMs, this.#startMs) });
    for (const { key, lsn } of this.#found) {
      const flow = this.#state.table.peek(key);
      if (flow?.lsn === lsn) yield flow;
    }
    yield* this.#walk({
      after: this.#passed,
      toMs: rev ? Math.min(toMs, this.#startMs - 1) : toMs,
    });
  }

  #restart(nowMs: number): void {
    this.#startMs = nowMs;
    this.#found = [];
    this.#passed = this.#rows.range.after ?? null;
    this.#becameCount = this.#countBecome();
  }

  #isOutdated(): boolean {
    return this.#countBecome() !== this.#becameCount;
  }

  #countBecome(): number {
    return this.#rows.becomeRows?.(this.#state) ?? 0;
  }

  #walk(part: SearchWalk): Generator<Flow> {
    return this.#rows.walk(this.#state, { ...this.#rows.range, ...part });
  }
}
