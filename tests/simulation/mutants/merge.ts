/**
 * Merges with one thing wrong.
 *
 * @module
 */

import type { Shard } from "../../../src/engine/shard/shard.ts";
import type { EnginePractice } from "../engine/machine.ts";
import { onIo, writeUnsynced } from "./io_practice.ts";

/** Where the head of a segment says what a reader has to understand. */
const FEATURES_OFFSET = 8;

/** A mistake of the shards. */
function onShards(name: string, change: (shard: Shard) => void): EnginePractice {
  return { name, shards: ({ all }) => all.forEach(change) };
}

/** Looks for records where they were before they were merged. */
const staleKeydir = onShards("staleKeydir", (shard) => {
  shard.merged = (_run, merged) => shard.meter.log.merged(merged);
});

/** Forgets what came before the records that it keeps. */
const chainsCut = onShards("chainsCut", (shard) => {
  const { merged } = shard;
  shard.merged = (run, result) => {
    for (const { places } of run.runs) places.previous = () => 0;
    merged.call(shard, run, result);
  };
});

/** Tells those who follow events of what a merge has kept, as if it were all. */
const mergedIsWhole = onShards("mergedIsWhole", ({ feed }) => {
  feed.requireWhole = () => {};
});

/** Lists a merged segment that is in the page cache only. */
const mergeUnsynced = onIo("mergeUnsynced", (inner) => {
  const merged = new WeakSet<object>();
  return {
    write(target, write, done) {
      const bytes = new Uint8Array(write.length);
      write.fill(bytes);
      if (write.at === 0 && bytes[FEATURES_OFFSET] === 1) merged.add(target.file);
      if (merged.has(target.file)) return done(writeUnsynced(target, bytes, write.at));
      inner.write(target, { ...write, fill: (memory) => memory.set(bytes) }, done);
    },
  };
});

/** Every mutant of this kind. */
export const mergeMutants: readonly EnginePractice[] = [
  staleKeydir,
  chainsCut,
  mergedIsWhole,
  mergeUnsynced,
];
