/**
 * Checkpoints that are written while a store works, again and again.
 *
 * @module
 */

import { decodeEffect, evolve, type FlowState } from "../../src/flow/core/mod.ts";
import { decodeRecord } from "../../src/log/mod.ts";
import { assertEquals } from "../assert.ts";
import { CheckpointTrip } from "./checkpoint_trip.ts";
import type { CoreStore } from "./core_store.ts";
import { heldBy, type HeldState } from "./held_state.ts";
import { assertIndexed } from "./indexed.ts";

/** So many commands pass between two of them. */
const PAUSE_COMMANDS = 10;

/** A checkpoint that is under way. */
interface Begun {
  readonly trip: CheckpointTrip;
  /** The state that it is of. */
  readonly state: FlowState;
  /** What that had in it. */
  readonly held: HeldState;
  readonly children: unknown;
  readonly lsn: number;
}

/** Takes a checkpoint of a store a step at a time, and looks whether it says what there was. */
export class RunningTrip {
  #begun: Begun | undefined;
  #pause = 0;
  readonly #onBegin: (state: FlowState) => void;
  /** How many came to their end. */
  count = 0;

  /** @param onBegin Breaks a state before a checkpoint of it is begun. Default: nothing does. */
  constructor(onBegin: (state: FlowState) => void = () => {}) {
    this.#onBegin = onBegin;
  }

  /** A command has been done: another step, or the beginning. */
  after(store: CoreStore): void {
    const { state, log } = store;
    if (this.#begun === undefined && this.#pause-- > 0) return;
    if (this.#begun?.state !== state) {
      // The store was opened again, and what was under way is gone.
      this.#begun?.trip.end();
      this.#onBegin(state);
      const trip = new CheckpointTrip(state, log.length);
      const [held, children] = [heldBy(state), childrenIn(state)];
      this.#begun = { trip, state, held, children, lsn: log.length };
      return;
    }
    const { trip, held, children, lsn } = this.#begun;
    if (trip.step()) return;
    this.#begun = undefined;
    this.#pause = PAUSE_COMMANDS;
    this.count += 1;
    const loaded = trip.loaded(store.newState());
    assertEquals(heldBy(loaded), held);
    assertEquals(childrenIn(loaded), children);
    for (const record of log.slice(lsn)) {
      const effect = decodeEffect(decodeRecord(record.bytes, record.lsn), loaded.dictionary);
      evolve(loaded, effect, record.lsn);
    }
    assertEquals(heldBy(loaded), heldBy(state));
    assertEquals(childrenIn(loaded), childrenIn(state));
    assertIndexed(loaded);
  }
}

/** The open children of every group, in order. */
function childrenIn({ openChildren, table }: FlowState): unknown {
  return [...openChildren]
    .map(([group, handles]) => [group, [...handles].map((handle) => table.at(handle).key)] as const)
    .sort(([a], [b]) => a - b);
}
