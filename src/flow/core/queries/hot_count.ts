/**
 * Counting the flows of a partition that have a row.
 *
 * @module
 */
import type { StateStretch, StretchPlace } from "../../../index/mod.ts";
import { isTerminalState } from "../../mod.ts";
import type { Counted } from "../cold/partition_count.ts";
import { isForgotten } from "../flow.ts";
import type { FlowState } from "../state.ts";

/** So many stretches are counted in one slice: half a millisecond. */
const SLICE_STRETCHES = 8;

/** So many are looked at, most of which were counted before. */
const SLICE_LOOKS = 1_000;

/** So often what has changed since it was counted is counted again before that is done at once. */
const ROUNDS_MAX = 3;

/** How many flows of a stretch are in the partition. */
interface StretchCount {
  /** The stretch has not changed since as long as this is its version. */
  readonly version: number;
  /** Those that are listed. */
  readonly listed: number;
  /** From then on there may be fewer: somebody's retention is over. */
  readonly untilMs: number;
}

/**
 * A count of the flows of a type in a partition that have a row, for which all of the type are looked
 * at. So it is made stretch by stretch, and what has changed meanwhile is counted again.
 */
export class HotCount {
  readonly #state: FlowState;
  readonly #counted: Counted;
  readonly #counts = new Map<unknown, StretchCount>();
  /** Where the present round goes on; undefined: at the beginning. */
  #next: StretchPlace | undefined;
  #rounds = 0;
  /** How many were counted in the present round. */
  #recounted = 0;

  /** Nothing is counted yet. */
  constructor(state: FlowState, counted: Counted) {
    this.#state = state;
    this.#counted = counted;
  }

  /** Whether all of a type are one slice. */
  static isShort({ states }: FlowState, type: string): boolean {
    let stretches = 0;
    for (const _ of states.stretches(type)) if (++stretches > SLICE_STRETCHES) return false;
    return true;
  }

  /** Counts some more. Returns whether all was counted, and only a little has changed since. */
  slice(nowMs: number): boolean {
    let counted = 0;
    let looks = 0;
    for (const { state, stretch } of this.#state.states.stretches(this.#counted.type, this.#next)) {
      if (counted === SLICE_STRETCHES || looks++ === SLICE_LOOKS) {
        this.#next = { state, rank: stretch.rank };
        this.#recounted += counted;
        return false;
      }
      if (this.#known(stretch, nowMs) !== undefined) continue;
      this.#count({ state, stretch }, nowMs);
      counted++;
    }
    const recounted = this.#recounted + counted;
    this.#next = undefined;
    this.#recounted = 0;
    return recounted <= SLICE_STRETCHES || ++this.#rounds === ROUNDS_MAX;
  }

  /** How many there are now by state: what was not counted, or has changed since, is counted at once. */
  now(nowMs: number): Map<string, number> {
    const counts = new Map<string, number>();
    for (const one of this.#state.states.stretches(this.#counted.type)) {
      const { listed } = this.#known(one.stretch, nowMs) ?? this.#count(one, nowMs);
      counts.set(one.state, (counts.get(one.state) ?? 0) + listed);
    }
    return counts;
  }

  #known({ block, version }: StateStretch["stretch"], nowMs: number): StretchCount | undefined {
    const known = this.#counts.get(block);
    return known?.version === version && nowMs < known.untilMs ? known : undefined;
  }

  #count({ state, stretch }: StateStretch, nowMs: number): StretchCount {
    const { table } = this.#state;
    const haveEnded = isTerminalState(state);
    let listed = 0;
    let untilMs = Infinity;
    for (const handle of stretch.handles()) {
      if (!table.isIn(handle, this.#counted.key)) continue;
      if (haveEnded) {
        const { control } = table.standing(handle);
        if (isForgotten(control, nowMs)) continue;
        untilMs = Math.min(untilMs, control.retentionUntilMs ?? Infinity);
      }
      listed++;
    }
    const count = { version: stretch.version, listed, untilMs };
    this.#counts.set(stretch.block, count);
    return count;
  }
}
