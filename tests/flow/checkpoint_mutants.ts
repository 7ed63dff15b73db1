/**
 * Checkpoints that do not copy what changes before its turn comes.
 *
 * @module
 */

import type { FlowState } from "../../src/flow/core/mod.ts";

/** Lets a copy be one of what there is some steps later, whatever has changed by then. */
function* late(copy: (lsn: number) => Generator<void>): Generator<void> {
  for (let steps = 0; steps < 4; steps++) yield;
  for (const _ of copy(Infinity));
}

/** Every mutant of this kind: what it does to a state of which a checkpoint is begun. */
export const checkpointMutants: Readonly<Record<string, (state: FlowState) => void>> = {
  flowsCopiedLate({ table }) {
    const { save } = Object.getPrototypeOf(table);
    table.save = (stream) => late((lsn) => save.call(table, stream, lsn));
  },
  keysCopiedLate({ kv }) {
    const { copy } = Object.getPrototypeOf(kv);
    kv.copy = (_, take) => late((lsn) => copy.call(kv, lsn, take));
  },
  signalsCopiedLate({ signals }) {
    const { copy } = Object.getPrototypeOf(signals);
    signals.copy = (take) => late(() => copy.call(signals, take));
  },
  childrenCopiedLate({ openChildren }) {
    const { copy } = Object.getPrototypeOf(openChildren);
    openChildren.copy = (take) => late(() => copy.call(openChildren, take));
  },
  newFlowsCopied({ table }) {
    const { save } = Object.getPrototypeOf(table);
    table.save = (stream) => save.call(table, stream, Infinity);
  },
};
