/**
 * Bringing cold flows back before something happens to them by itself.
 *
 * @module
 */
import { type FlowError, isFileFault } from "../../../errors.ts";
import { placeInTime } from "../evolve.ts";
import type { FlowState } from "../state.ts";
import { secondOf, startOf } from "./cold_block.ts";

/** Which flows are brought back. */
export interface Waking {
  /** Those to which something happens until then. */
  readonly untilMs: number;
  /** So many at most. */
  readonly countMax: number;
}

/**
 * Brings cold flows back whose time is near. One that cannot be read is tried again at once, and then
 * a second later, or with many of them some seconds later; nobody else has to do with that.
 *
 * @returns How many there were: fewer than that if it is done for now.
 */
export function wakeFlows(state: FlowState, { untilMs, countMax }: Waking): number {
  const { cold } = state;
  const second = secondOf(untilMs);
  if (cold.wakeSecond > second) return 0;
  const seats = cold.wakesUntil(second, countMax);
  for (const seat of seats) {
    const failure = failureOf(() => wake(state, seat)) && failureOf(() => wake(state, seat));
    if (failure !== undefined) cold.postpone(seat, second, failure.message);
  }
  cold.lookAgain(seats);
  return seats.length;
}

/** The time from which on there is a flow to be brought back, `Infinity` if there is none. */
export function nextWakeMs({ cold }: FlowState): number {
  return startOf(cold.wakeSecond);
}

/** What comes of reading: damage, or what the operating system refuses. All else is no matter of one flow. */
function failureOf(act: () => void): FlowError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!isFileFault(error)) throw error;
    return error;
  }
}

function wake(state: FlowState, seat: number): void {
  const { cold, table } = state;
  const handle = table.warm(seat);
  const standing = table.standing(handle);
  placeInTime(state, handle, standing);
  cold.awoke(handle);
  state.markChanged(standing.identity.type);
}
