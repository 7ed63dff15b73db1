/**
 * Our own stores, as the conformance suite handles them.
 *
 * @module
 */
import { type OpenOptions, openStore, type Store } from "../../mod.ts";
import {
  type ConformanceCapability,
  type ConformanceSettings,
  type ConformanceSubject,
  manualTime,
} from "../../src/testing/mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { type Scratch, scratchFolder } from "../scratch.ts";

/** What a store on a directory is capable of: everything. */
export const FILE_SUPPORTS: Readonly<Record<ConformanceCapability, true>> = {
  manualClock: true,
  systemClock: true,
  blocking: true,
  limits: true,
  durable: true,
  shards: true,
  distantChildren: true,
  kv: true,
  atomic: true,
  events: true,
};

/** What a store in memory is capable of. */
export const MEMORY_SUPPORTS: Readonly<Record<ConformanceCapability, boolean>> = {
  ...FILE_SUPPORTS,
  durable: false,
};

/** A store in memory. */
export function memorySubject(settings: ConformanceSettings): Promise<ConformanceSubject> {
  return openSubject({ dir: ":memory:" }, settings);
}

/** What a store of several shards is capable of. */
export const SHARDED_SUPPORTS: Readonly<Record<ConformanceCapability, boolean>> = {
  ...FILE_SUPPORTS,
  // A group of children does not go beyond the shard of its parent yet.
  distantChildren: false,
};

/** A store of four shards in memory, which outlives its closing. */
export function shardedSubject(settings: ConformanceSettings): Promise<ConformanceSubject> {
  return openSubject({ files: memoryDirectory(), shards: 4 }, settings);
}

/** A store in a folder of its own. */
export function fileSubject(settings: ConformanceSettings): Promise<ConformanceSubject> {
  const scratch = scratchFolder();
  return openSubject({ dir: scratch.path }, settings, scratch);
}

/** A store in a directory of any kind. */
export async function openSubject(
  where: OpenOptions,
  { clock = "manual", limits, shards }: ConformanceSettings,
  scratch?: Scratch,
): Promise<ConformanceSubject> {
  const time = clock === "manual" ? manualTime() : undefined;
  const options = { ...where, time, limits, ...shards === undefined ? {} : { shards } };
  let store: Store = await openStore(options);
  return {
    store,
    time,
    reopen: async () => {
      await store.close();
      return store = await openStore(options);
    },
    [Symbol.asyncDispose]: async () => {
      await store.close();
      scratch?.[Symbol.dispose]();
    },
  };
}
