/**
 * The flows of a type in the order of their last change, hot and cold.
 *
 * @module
 */
import { type ChangeWalk, mergedWalk, type StateWalk } from "../../../index/mod.ts";
import { walkCold } from "../cold/cold_walk.ts";
import { byLastChange } from "../due_flow.ts";
import { type Flow, isForgotten } from "../flow.ts";
import type { FlowState } from "../state.ts";
import { READ_STEPS, type SearchedRows, type SearchWalk } from "./row_search.ts";
import type { RowsWanted } from "./rows.ts";

/** So many flows of other partitions are passed over without making an object: one step of a search. */
const PASSED_MAX = 7;

/** Which flows of a type are wanted. */
export interface TypeRows extends RowsWanted {
  /** The type. */
  readonly type: string;
  /** These states, each once; null: every state. */
  readonly states: readonly string[] | null;
  /** The partition; null: every one. */
  readonly partitionKey: string | null;
  /** From where to where, and which way. */
  readonly range: ChangeWalk;
}

/** Rows of flows of a type, such as those of a partition. */
export function rowsOfType({ type, states, ...rows }: TypeRows): SearchedRows {
  const { partitionKey } = rows;
  const isWanted = (state: string): boolean => states === null || states.includes(state);
  return {
    ...rows,
    // Without a partition the first ones are rows.
    areRare: partitionKey !== null,
    stepsIn(state) {
      let steps = 0;
      for (const [name, count] of state.states.counts(type)) if (isWanted(name)) steps += count;
      for (const lane of state.cold.lanes(type)) {
        if (isWanted(lane.state)) steps += READ_STEPS * lane.size;
      }
      return steps;
    },
    walk: (state, walk) => walkType(state, type, { ...walk, states, partitionKey }),
    isRow: ({ identity, control }, nowMs) =>
      !isForgotten(control, nowMs) &&
      (partitionKey === null || identity.partitionKey === partitionKey),
  };
}

interface TypeWalk extends StateWalk, SearchWalk {
  readonly partitionKey: string | null;
}

function walkType(state: FlowState, type: string, walk: TypeWalk): Generator<Flow> {
  const { cold, keys } = state;
  if (cold.size === 0) return walkHot(state, type, walk);
  const { partitionKey, onRead } = walk;
  const partitionHash = partitionKey === null ? undefined : keys.hashOfText(partitionKey);
  const coldWalk = walkCold(cold, type, { ...walk, partitionHash });
  const walks = [
    walkHot(state, type, walk),
    onRead === undefined ? coldWalk : heard(coldWalk, onRead),
  ];
  const sign = walk.rev ? -1 : 1;
  return mergedWalk(walks, (a, b) => sign * byLastChange(a, b));
}

/** Yields flows of other partitions, too: whoever walks stops now and then, and goes on behind one. */
function* walkHot(
  { states, table }: FlowState,
  type: string,
  { partitionKey, ...walk }: TypeWalk,
): Generator<Flow> {
  let passedCount = 0;
  for (const handle of states.walk(type, walk)) {
    const isPassed = partitionKey !== null && passedCount < PASSED_MAX &&
      !table.isIn(handle, partitionKey);
    passedCount = isPassed ? passedCount + 1 : 0;
    if (!isPassed) yield table.at(handle);
  }
}

function* heard(flows: Iterable<Flow>, onRead: () => void): Generator<Flow> {
  for (const flow of flows) {
    onRead();
    yield flow;
  }
}
