/**
 * Our own stores, as the conformance suite handles them.
 *
 * @module
 */
import { type OpenOptions, openStore, type Store } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import {
  type ConformanceCapability,
  type ConformanceSettings,
  type ConformanceSubject,
  manualTime,
} from "../../src/testing/mod.ts";
import { type Scratch, scratchFolder } from "../scratch.ts";

/** What a store is capable of whose files outlive it: everything. */
export const DURABLE_SUPPORTS: Readonly<Record<ConformanceCapability, true>> = {
  manualClock: true,
  systemClock: true,
  blocking: true,
  limits: true,
  admission: true,
  durable: true,
  shards: true,
  kv: true,
  atomic: true,
  events: true,
  watchLease: true,
  define: true,
};

/** What a store in memory is capable of. */
export const MEMORY_SUPPORTS: Readonly<Record<ConformanceCapability, boolean>> = {
  ...DURABLE_SUPPORTS,
  durable: false,
};

/** A store in memory. */
export function memorySubject(settings: ConformanceSettings): Promise<ConformanceSubject> {
  return openSubject({ dir: ":memory:" }, settings);
}

/** A store of four shards in memory, which outlives its closing. */
export function shardedSubject(settings: ConformanceSettings): Promise<ConformanceSubject> {
  return openSubject({ files: memoryDirectory(), shards: 4 }, settings);
}

/**
 * A store in a folder of its own, whose flows are cold whenever they can be. Without ballast: four
 * megabytes on disk for each of hundreds of stores would be most of the time.
 */
export function fileSubject(settings: ConformanceSettings): Promise<ConformanceSubject> {
  const scratch = scratchFolder();
  const limits = { ballastBytes: 0, hotFlowsMax: 0, ...settings.limits };
  return openSubject({ dir: scratch.path }, { ...settings, limits }, scratch);
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
