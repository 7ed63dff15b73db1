/**
 * The flows of a type in the order of their last change, hot and cold.
 *
 * @module
 */
import { mergedWalk, type StateWalk } from "../../index/mod.ts";
import { walkCold } from "./cold/cold_walk.ts";
import { byLastChange } from "./due_flow.ts";
import type { Flow } from "./flow.ts";
import type { FlowState } from "./state.ts";

/** Which flows are wanted. */
export interface TypeWalk extends StateWalk {
  /** The partition; null: every one. Flows of others may be among those that are yielded. */
  readonly partitionKey: string | null;
  /** Hears of every flow that was read from disk. Default: nobody does. */
  readonly onRead?: (() => void) | undefined;
}

/** Yields the flows of a type by the time of their last change, then by id. */
export function walkType(state: FlowState, type: string, walk: TypeWalk): Generator<Flow> {
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

/** The same, of flows that have a row. */
function* walkHot(state: FlowState, type: string, walk: StateWalk): Generator<Flow> {
  for (const handle of state.states.walk(type, walk)) yield state.table.at(handle);
}

function* heard(flows: Iterable<Flow>, onRead: () => void): Generator<Flow> {
  for (const flow of flows) {
    onRead();
    yield flow;
  }
}
