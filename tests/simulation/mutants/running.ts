/**
 * Checkpoints that are written while the store works, with one thing wrong.
 *
 * @module
 */

import { Checkpoints } from "../../../src/engine/checkpoints/checkpoints.ts";
import type { RunningCheckpoint } from "../../../src/engine/checkpoints/running_checkpoint.ts";
import type { ShardState } from "../../../src/engine/shard/shard_state.ts";
import type { Shards } from "../../../src/engine/shards.ts";
import type { Directory } from "../../../src/files/mod.ts";
import type { Log } from "../../../src/log/mod.ts";
import type { EnginePractice } from "../engine/machine.ts";
import { onIo, writeUnsynced } from "./io_practice.ts";

/** A log and the state above it, of which a checkpoint is begun. */
interface Subject {
  readonly log: Log;
  readonly state: ShardState;
}

/** A mistake in how a checkpoint is begun, or in what becomes of it. */
function onBegin(
  name: string,
  change: {
    readonly before?: (on: Subject) => void;
    readonly after?: (begun: RunningCheckpoint, on: Subject) => void;
  },
): EnginePractice {
  return {
    name,
    checkpoints: (options) =>
      new class extends Checkpoints {
        override begin(...[shard, lsn, on]: Parameters<Checkpoints["begin"]>): RunningCheckpoint {
          change.before?.(on);
          const begun = super.begin(shard, lsn, on);
          change.after?.(begun, on);
          return begun;
        }
      }(options),
  };
}

/** Lets a copy be one of what there is some steps later, whatever has changed by then. */
function* late(copy: (lsn: number) => Generator<void>): Generator<void> {
  for (let steps = 0; steps < 4; steps++) yield;
  for (const _ of copy(Infinity));
}

/** Writes what the log has not settled yet as if it were the state at its end. */
const aheadOfLog = onBegin("aheadOfLog", {
  after(begun) {
    const settled = begun.settled.bind(begun);
    begun.settled = (tally, timeMs) => {
      Object.assign(begun, { lsn: tally.end?.end.lsn ?? 0 });
      settled(tally, timeMs);
    };
  },
});

/** Does not write rows that change before their turn comes as they were. */
const flowsCopiedLate = onBegin("flowsCopiedLate", {
  before({ state: { flows: { table } } }) {
    const { save } = Object.getPrototypeOf(table);
    table.save = (stream) => late((lsn) => save.call(table, stream, lsn));
  },
});

/** Goes on with the copy of a state that has turned out never to have been. */
const voidGoesOn = ((): EnginePractice => {
  let shards: Shards | undefined;
  return {
    ...onBegin("voidGoesOn", {
      after(begun) {
        const abandon = begun.abandon.bind(begun);
        begun.abandon = () => {
          if (shards?.ended !== undefined) abandon();
        };
        const write = begun.write.bind(begun);
        begun.write = (...how) =>
          write(...how).catch((error) => {
            abandon();
            throw error;
          });
      },
    }),
    shards: (opened) => void (shards = opened),
  };
})();

/** Removes the checkpoint before when the next one is begun. */
const oldGoneFirst: EnginePractice = {
  name: "oldGoneFirst",
  checkpoints: (options) =>
    new class extends Checkpoints {
      override begin(...[shard, lsn, on]: Parameters<Checkpoints["begin"]>): RunningCheckpoint {
        for (const name of checkpointsIn(options.directory)) options.directory.remove(name);
        return super.begin(shard, lsn, on);
      }
    }(options),
};

/** Does not sync checkpoints. */
const checkpointUnsynced = onIo("checkpointUnsynced", (inner) => ({
  write(target, write, done) {
    if (!target.name.startsWith("CHECKPOINT")) return inner.write(target, write, done);
    const bytes = new Uint8Array(write.length);
    write.fill(bytes);
    done(writeUnsynced(target, bytes, write.at));
  },
}));

function checkpointsIn(directory: Directory): string[] {
  return directory.list().filter((name) => name.startsWith("CHECKPOINT"));
}

/** Every mutant of this kind. */
export const runningMutants: readonly EnginePractice[] = [
  aheadOfLog,
  flowsCopiedLate,
  voidGoesOn,
  oldGoneFirst,
  checkpointUnsynced,
];
