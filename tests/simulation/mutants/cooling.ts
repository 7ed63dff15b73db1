/**
 * Ways to let flows be cold, and to forget something about it.
 *
 * @module
 */

import type { EnginePractice } from "../engine/machine.ts";

/** Brings nobody back. */
const nobodyAwakes: EnginePractice = {
  name: "nobodyAwakes",
  shards: ({ upkeep: { cooler } }) => void (cooler.work = cooler.wakeDue = () => {}),
};

/** Lets a flow keep its seat when it has changed. */
const seatsKept: EnginePractice = {
  name: "seatsKept",
  shards: ({ all }) => void (all[0]!.state.flows.cold.changed = () => {}),
};

/** Finds the bodies of cold flows where their control blocks stand. */
const bodiesMistaken: EnginePractice = {
  name: "bodiesMistaken",
  shards({ all }) {
    const { records } = all[0]!.state;
    const { effect } = records;
    records.body = (lsn) => effect.call(records, lsn + 1) as ReturnType<typeof records.body>;
  },
};

/** Every mutant of this kind. */
export const coolingMutants: readonly EnginePractice[] = [
  nobodyAwakes,
  seatsKept,
  bodiesMistaken,
];
