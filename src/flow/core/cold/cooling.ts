/**
 * Which flows memory knows in short, and from when on.
 *
 * @module
 */
import { RUNNING } from "../../mod.ts";
import type { FlowState } from "../state.ts";
import type { Brief } from "./cold_block.ts";
import type { LaneKind } from "./cold_lane.ts";

/** When flows become cold. */
export interface CoolingPlan {
  /** With no more flows than these in the table none becomes cold. */
  readonly hotFlowsMax: number;
  /** A flow to which something happens by itself before this has passed stays as it is. */
  readonly aheadMs: number;
}

/** What is done without a plan: with 100,000 flows a table takes some 50 MB. */
export const DEFAULT_COOLING_PLAN: CoolingPlan = { hotFlowsMax: 100_000, aheadMs: 600_000 };

/** A slice of the work. */
export interface CoolingSlice {
  /** The time: what changed at it may not be whole yet. */
  readonly nowMs: number;
  /** What changed after this LSN is not on disk, and cannot be read yet. */
  readonly durableLsn: number;
  /** About so many flows are looked at, and so many types and states. */
  readonly countMax: number;
}

/** What is kept of a flow, and where. */
export interface Cooled {
  /** Its type and state. */
  readonly kind: LaneKind;
  /** What is kept of it. */
  readonly brief: Brief;
}

/**
 * Lets flows become cold, those first that have changed longest ago. Each change of a flow is looked
 * at once: whoever was passed over stays as he is until he changes.
 */
export class Cooling {
  /** Whose flows they are. */
  readonly state: FlowState;
  readonly #plan: CoolingPlan;
  /** By number of a sequence: until when its changes have been looked at. */
  readonly #lookedMs: number[] = [];
  /** The number of the sequence that is looked at next: there may be thousands. */
  #next = 0;

  /** Looks after the flows of a state. */
  constructor(state: FlowState, plan: CoolingPlan = DEFAULT_COOLING_PLAN) {
    this.state = state;
    this.#plan = plan;
  }

  /** Whether there are more flows in the table than need to be. */
  get isCrowded(): boolean {
    return this.state.table.rowCount > this.#plan.hotFlowsMax;
  }

  /** Looks at some flows. Returns how many: fewer than asked for if it is done for now. */
  slice({ nowMs, durableLsn, countMax }: CoolingSlice): number {
    const { table, cold, states } = this.state;
    let count = 0;
    for (const handle of cold.idle()) {
      if (count === countMax || !this.isCrowded) return count;
      table.cool(handle, undefined);
      count++;
    }
    const { sequences } = states;
    const lookCount = Math.min(countMax, sequences.length);
    for (let looks = 0; looks < lookCount; looks++) {
      if (this.#next >= sequences.length) this.#next = 0;
      const { number, state } = sequences[this.#next]!;
      const runs = state === RUNNING ? [] : states.runs(number, (this.#lookedMs[number] ?? -1) + 1);
      for (const { timeMs, handles } of runs) {
        if (count >= countMax || !this.isCrowded) return count;
        if (timeMs >= nowMs) break;
        const changed = handles().sort((a, b) => table.lsnOf(a) - table.lsnOf(b));
        if (table.lsnOf(changed.at(-1)!) > durableLsn) break;
        for (const handle of changed) this.#lookAt(handle, nowMs);
        count += changed.length;
        this.#lookedMs[number] = timeMs;
      }
      this.#next++;
    }
    return count;
  }

  #lookAt(handle: number, nowMs: number): void {
    const { table, cold, due, retention, states } = this.state;
    // Most of those that are looked at are needed soon, so that comes first.
    if (!this.#isForLong(table.wakeMsOf(handle), nowMs)) return;
    const cooled = table.briefOf(handle);
    if (cooled === undefined) return;
    if (!cold.takes(cooled.kind, cooled.brief)) return;
    due.remove(handle);
    retention.remove(handle);
    states.remove(handle);
    table.cool(handle, cooled);
  }

  #isForLong(wakeMs: number | null, nowMs: number): boolean {
    return wakeMs === null || wakeMs >= nowMs + this.#plan.aheadMs;
  }
}
