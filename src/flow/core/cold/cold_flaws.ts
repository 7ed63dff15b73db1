/**
 * Whether memory knows of cold flows what they are.
 *
 * @module
 */
import { isSameHash } from "../../../codec/mod.ts";
import { isFileFault } from "../../../errors.ts";
import { type Flow, hasEnded } from "../flow.ts";
import type { FlowState } from "../state.ts";
import { secondOf } from "./cold_block.ts";
import { type ColdLane, type LanePlace, seatOf } from "./cold_lane.ts";

/**
 * Compares every seat with the flow that it is for, if that can be read. Yields what is wrong, and
 * undefined after every seat with which nothing is; between two of them the state may change.
 */
export function* coldFlaws(state: FlowState): Generator<string | undefined> {
  let lastLane: ColdLane | undefined;
  let lastLsn = 0;
  for (const { lane, at } of state.cold.seats()) {
    const isNext = lane !== lastLane;
    lastLane = lane;
    if (isNext) lastLsn = 0;
    // Both before anything is told: the flow may be elsewhere after that.
    const wrongLane = isNext ? laneFlaw(lane) : undefined;
    const lsn = at.block.lsnOf(at.place);
    const wrongSeat = flawAt(state, lane, at, lsn > lastLsn);
    lastLsn = lsn;
    if (wrongLane !== undefined) yield wrongLane;
    yield wrongSeat;
  }
}

/** What is wrong with the flow in a seat, if it can be read. */
function flawAt(
  state: FlowState,
  lane: ColdLane,
  at: LanePlace,
  isInOrder: boolean,
): string | undefined {
  const flow = readIfWhole(state, at);
  if (flow === undefined) return undefined;
  const flaw = isInOrder ? seatFlaw(state, lane, at, flow) : "stands before an older one";
  const { identity: { id, partitionKey } } = flow;
  return flaw && `Flow "${id}" in partition "${partitionKey}" ${flaw} among the cold flows`;
}

/** The flow in a seat; undefined: its records are damaged, or the disk does not give them out. */
function readIfWhole({ cold }: FlowState, at: LanePlace): Flow | undefined {
  try {
    return cold.read(seatOf(at));
  } catch (error) {
    if (!isFileFault(error)) throw error;
    return undefined;
  }
}

function seatFlaw(
  { cold, keys }: FlowState,
  lane: ColdLane,
  { block, place }: LanePlace,
  { key, identity, control }: Flow,
): string | undefined {
  const seat = seatOf({ block, place });
  const isFound = cold.isFound(seat) && isSameHash(block.keyOf(place), key) &&
    block.idHashOf(place) === keys.hashOfText(identity.id);
  if (!isFound) return "is not found";
  const isHome = identity.type === lane.type && control.state === lane.state &&
    block.mayBeIn(place, keys.hashOfText(identity.partitionKey));
  if (!isHome) return "stands where others belong";
  const { wakeMs } = block.briefOf(place);
  const timeMs = hasEnded(control) ? control.retentionUntilMs : control.nextRunAtMs;
  const isInTime = timeMs === null
    ? wakeMs === null
    : wakeMs !== null && secondOf(wakeMs) === secondOf(timeMs);
  return isInTime ? undefined : "does not wake when it should";
}

/** Whether a lane has counted its flows. */
function laneFlaw(lane: ColdLane): string | undefined {
  let count = 0;
  let asleepCount = 0;
  for (const { block, place } of lane.places(false)) {
    count++;
    if (block.isAsleep(place)) asleepCount++;
  }
  if (count === lane.size && asleepCount === lane.asleepCount) return undefined;
  return `${lane.size} flows are cold as "${lane.state}", ${lane.asleepCount} of them asleep, ` +
    `and ${count} and ${asleepCount} are there`;
}
