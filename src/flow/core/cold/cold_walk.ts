/**
 * Reading cold flows in the order of their last change.
 *
 * @module
 */
import { isFileFault } from "../../../errors.ts";
import { boundsOf, type ChangeWalk, comparePositions, mergedWalk } from "../../../index/mod.ts";
import { byLastChange } from "../due_flow.ts";
import type { Flow } from "../flow.ts";
import { positionOf } from "../queries/rows.ts";
import type { ColdFlows } from "./cold_flows.ts";
import { type ColdLane, type LanePlace, seatOf } from "./cold_lane.ts";

/** Of so many seats that are not wanted one is read all the same, so that whoever walks can stop. */
const PASSED_MAX = 256;

/** Which cold flows are read, and which way. */
export interface ColdWalk extends ChangeWalk {
  /** Only these states; null or absent: every state. */
  readonly states?: readonly string[] | null;
  /** Only flows whose partitions have this hash, and few others. Default: of all partitions. */
  readonly partitionHash?: number | undefined;
}

/** Yields the cold flows of a type by the time of their last change, then by identity. */
export function walkCold(cold: ColdFlows, type: string, walk: ColdWalk): Generator<Flow> {
  const { states = null, rev = false } = walk;
  const lanes = [...cold.lanes(type)].filter(({ state, size }) =>
    size > 0 && (states === null || states.includes(state))
  );
  const sign = rev ? -1 : 1;
  const walks = lanes.map((lane) => walkLane(cold, lane, walk));
  return mergedWalk(walks, (a, b) => sign * byLastChange(a, b));
}

/** What changed at one instant is read as a whole, since it is in the order of its ids. */
function* walkLane(cold: ColdFlows, lane: ColdLane, walk: ColdWalk): Generator<Flow> {
  const { after = null, rev = false, partitionHash } = walk;
  const { earliestMs, latestMs } = boundsOf(walk);
  const sign = rev ? -1 : 1;
  const isLeft = (flow: Flow): boolean =>
    after === null || sign * comparePositions(positionOf(flow), after) > 0;
  const ordered = (run: Flow[]): Flow[] =>
    run.filter(isLeft).sort((a, b) => sign * comparePositions(positionOf(a), positionOf(b)));

  const timeOf = ({ block, place }: LanePlace): number =>
    cold.records.control(block.lsnOf(place)).control.updatedAtMs;
  const isBounded = rev ? latestMs < Infinity : earliestMs > 0;
  const from = isBounded
    ? lane.search((at) => rev ? timeOf(at) > latestMs : timeOf(at) >= earliestMs)
    : undefined;
  // Going forward nothing is left; going back everything is.
  if (isBounded && from === undefined && !rev) return;
  let run: Flow[] = [];
  let passed = 0;
  for (const at of lane.places(rev, from)) {
    const isWanted = partitionHash === undefined || at.block.mayBeIn(at.place, partitionHash);
    if (!isWanted && ++passed % PASSED_MAX > 0) continue;
    const flow = isWanted ? cold.read(seatOf(at)) : readIfPossible(cold, at);
    if (flow === undefined) continue;
    const { updatedAtMs } = flow.control;
    if (rev ? updatedAtMs > latestMs : updatedAtMs < earliestMs) continue;
    if (rev ? updatedAtMs < earliestMs : updatedAtMs > latestMs) break;
    if (run[0] !== undefined && run[0].control.updatedAtMs !== updatedAtMs) {
      yield* ordered(run);
      run = [];
    }
    run.push(flow);
  }
  yield* ordered(run);
}

/** A flow that nobody has asked for: if it cannot be read, that is no matter of whoever walks. */
function readIfPossible(cold: ColdFlows, at: LanePlace): Flow | undefined {
  try {
    return cold.read(seatOf(at));
  } catch (error) {
    if (!isFileFault(error)) throw error;
    return undefined;
  }
}
