/**
 * Where a store is put together.
 *
 * @module
 */
import { type Directory, lockOwner, memoryDirectory, nodeDirectory } from "../files/mod.ts";
import type { SipKey } from "../codec/mod.ts";
import { guarded, Manifest, openFileLog } from "../log/mod.ts";
import { systemTime } from "../time/mod.ts";
import { EmbeddedStore } from "./embedded_store.ts";
import {
  checkLimits,
  checkOptions,
  checkRetention,
  FRAME_BYTES_MAX,
  type OpenOptions,
} from "./options.ts";
import { Shard, type ShardOptions } from "./shard.ts";
import type { Store } from "./store.ts";

/** The one shard that there is. */
const SHARD = 0;

/** Opens a store: takes its directory, recovers its log, builds its state. */
export function openStore(given: string | OpenOptions): Store {
  const { dir, files, time = systemTime(), ...options } = checkOptions(given);
  const limits = checkLimits(options.limits);
  const sweepPlan = checkRetention(options.retention);
  const directory = files ?? directoryAt(dir!);
  const lock = guarded(
    `The directory "${directory.path}" cannot be locked`,
    () => directory.lock(lockOwner(time.clock.wallMs())),
  );
  try {
    const manifest = Manifest.open({ directory, random: time.random });
    const log = openFileLog({
      directory,
      manifest,
      shard: SHARD,
      random: time.random,
      segmentBytesMax: limits.segmentBytesMax,
      frameBytesMax: FRAME_BYTES_MAX,
    });
    const hashKey = hashKeyOf(manifest.state.dbId);
    const shard = shardOver({ log, time, hashKey, limits, sweepPlan });
    const parse = { limits, manualClock: time.manual };
    return new EmbeddedStore({ shard, time, parse, lock });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A shard that cannot be built leaves no file open. */
function shardOver(options: ShardOptions): Shard {
  try {
    return new Shard(options);
  } catch (error) {
    options.log.close();
    throw error;
  }
}

function directoryAt(dir: string): Directory {
  if (dir === ":memory:") return memoryDirectory();
  return guarded(`The directory "${dir}" cannot be opened`, () => nodeDirectory(dir));
}

/** The key of a store's hashes, so that ids that collide in one store do not in the next. */
function hashKeyOf(dbId: string): SipKey {
  const hi = Number.parseInt(dbId.slice(0, 8), 16);
  const lo = Number.parseInt(dbId.slice(8), 16);
  return [hi, lo, ~hi >>> 0, ~lo >>> 0];
}
