/**
 * Checkpoints with one thing missing.
 *
 * @module
 */

import { Checkpoints } from "../../../src/engine/checkpoints/checkpoints.ts";
import type { ShardState } from "../../../src/engine/shard/shard_state.ts";
import type { EnginePractice } from "../engine/machine.ts";

/** A mistake in what is made of a checkpoint. */
function onLoad(name: string, change: (state: ShardState) => void): EnginePractice {
  return {
    name,
    checkpoints: (options) =>
      new class extends Checkpoints {
        override load(...[shard, name, on]: Parameters<Checkpoints["load"]>): boolean {
          const isLoaded = super.load(shard, name, on);
          if (isLoaded) change(on.state);
          return isLoaded;
        }
      }(options),
  };
}

/** Every mutant of this kind. */
export const checkpointMutants: readonly EnginePractice[] = [
  onLoad("savedSignalsLost", ({ flows }) => flows.signals.clear()),
  onLoad("savedChildrenLost", ({ flows }) => flows.openChildren.clear()),
  onLoad("savedTimeLost", (state) => state.resume(state.read.save(), 0)),
  onLoad("savedPlacesMoved", ({ keydir, flows }) => {
    const [flow] = flows.table;
    if (flow === undefined || keydir.previous(flow.lsn) === 0) return;
    const { previous } = keydir;
    keydir.previous = (lsn) => lsn === flow.lsn ? lsn - 1 : previous.call(keydir, lsn);
  }),
];
