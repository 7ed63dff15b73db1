/**
 * Where a store is put together.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import { type Directory, lockOwner, memoryDirectory, nodeDirectory } from "../files/mod.ts";
import { DEFAULT_COOLING_PLAN, ShardMap, ValueMemory } from "../flow/core/mod.ts";
import {
  guarded,
  InlineIo,
  type Log,
  LostFiles,
  Manifest,
  openFileLogs,
  type SegmentIo,
} from "../log/mod.ts";
import { systemTime } from "../time/mod.ts";
import { backUp, type BackupParts } from "./backup.ts";
import { Callers, located } from "./calls/caller.ts";
import { Checkpoints } from "./checkpoints/checkpoints.ts";
import { DiskRoom } from "./disk/disk_room.ts";
import { EmbeddedStore } from "./embedded_store.ts";
import { EventCursors } from "./events/event_cursor.ts";
import { hashKeyOf } from "./hash_key.ts";
import {
  checkCheckpoints,
  checkDiskFree,
  checkLimits,
  checkMerge,
  checkOptions,
  checkRetention,
  checkShards,
  FRAME_BYTES_MAX,
  isOnDisk,
  MEMORY,
  type OpenOptions,
} from "./options.ts";
import type { ShardsOptions } from "./shard/shard_options.ts";
import { Shards } from "./shards.ts";
import type { Store } from "./store.ts";
import { ShortCut } from "./thread/short_cut.ts";
import { ThreadIo } from "./thread/thread_io.ts";
import { describeDamage } from "./verify/damage_report.ts";
import { type VerifyParts, verifyStore } from "./verify/verify.ts";
import { ownerEnded, watchedLock } from "./watched_lock.ts";

/** After so many writes a log gets a thread: less than a tenth of a second of steady commits. */
const THREAD_STARTS_AFTER = 64;

/** Opens a store: takes its directory, recovers its logs, builds its state. */
export async function openStore(given: string | OpenOptions): Promise<Store> {
  const options = checkOptions(given);
  const { dir, files, time = systemTime(), log = "auto" } = options;
  const limits = checkLimits(options);
  const sweepPlan = checkRetention(options.retention);
  const mergePlan = checkMerge(options);
  const checkpointPlan = checkCheckpoints(options.checkpoints);
  const directory = files ?? (dir === MEMORY ? memoryDirectory() : directoryAt(dir!));
  if (dir !== MEMORY) checkDiskFree(limits, directory);
  const lock = guarded(
    `The directory "${directory.path}" cannot be locked`,
    () => directory.lock(lockOwner(time.clock.wallMs())),
  );
  const ios: SegmentIo[] = [];
  try {
    const manifest = Manifest.open({ directory, random: time.random, shards: options.shards });
    checkShards(options.shards, manifest.shardCount);
    // Several logs are written at once, and the isolate can only do one thing.
    const isAlone = manifest.shardCount === 1;
    const shortCut = isAlone && log === "auto" && !time.manual ? new ShortCut(time) : undefined;
    await ownerEnded(lock, { manifest, time });
    const logs = openFileLogs({
      directory,
      manifest,
      random: time.random,
      segmentBytesMax: limits.segmentBytesMax,
      frameBytesMax: FRAME_BYTES_MAX,
      io: (shard) => ios[shard] = ioOver(directory, options, shortCut),
    });
    const { dbId, hashId, fencingFloor, origins } = manifest.state;
    const hashKey = hashKeyOf(hashId);
    const isLogInMemory = dir === MEMORY;
    // What nobody can open again needs none.
    const checkpoints = isLogInMemory ? undefined : new Checkpoints({ directory, manifest });
    const map = new ShardMap(manifest.state.slots);
    const coolingPlan = { ...DEFAULT_COOLING_PLAN, hotFlowsMax: limits.hotFlowsMax };
    const plans = { sweepPlan, mergePlan, coolingPlan, checkpointPlan };
    const shards = shardsOver(
      {
        logs,
        time,
        hashKey,
        fencingFloor,
        origins,
        limits,
        map,
        checkpoints,
        isLogInMemory,
        ...plans,
      },
      directory,
    );
    await shards.clockBelieved();
    if (log === "thread") await insistOnThreads(shards, ios);
    const lose = (cause: FlowError): void => {
      if (shards.ended === undefined) shards.lose(cause);
    };
    const parse = { limits, manualClock: time.manual, memory: new ValueMemory() };
    const backup = backupOf({ directory, manifest, logs, time }, shards);
    const verify = verifyOf({ directory, manifest, logs, time, shards });
    // Files that are an object of this process have a lock that is one, too; and a clock that is moved
    // by years has no seconds to look in.
    const isWatched = isOnDisk(options) && !time.manual;
    const lostFiles = new LostFiles({ directory, manifest, logs });
    const held = isWatched ? watchedLock(lock, { manifest, lostFiles, time, lose }) : lock;
    const callers = new Callers(directory.path, shards.damage);
    const cursors = new EventCursors({ dbId, origins });
    const parts = { shards, time, parse, callers, cursors, backup, verify };
    return new EmbeddedStore({ ...parts, lock: held });
  } catch (error) {
    lock.release();
    throw located(error, directory.path);
  }
}

/** The directory at a path of the operating system; made if it is not there. */
function directoryAt(path: string): Directory {
  return guarded(`The directory "${path}" cannot be opened`, () => nodeDirectory(path));
}

/** Copies a store for as long as it is open. */
function backupOf(parts: Omit<BackupParts, "ended">, shards: Shards): Store["backup"] {
  const ended = (): FlowError | undefined => shards.ended;
  return async (to, options) => {
    if (shards.ended !== undefined) throw shards.ended;
    return await shards.upkeep.merger.hold(() => backUp({ ...parts, ended }, to, options));
  };
}

/** Looks through a store for as long as it is open. */
function verifyOf(parts: VerifyParts): Store["verify"] {
  return async (options) => {
    if (parts.shards.ended !== undefined) throw parts.shards.ended;
    const seen = await parts.shards.upkeep.merger.hold(() => verifyStore(parts, options));
    parts.shards.damage.looked(seen.damage.map(describeDamage).at(0));
    return seen;
  };
}

/** Shards that cannot be built leave no file open. */
function shardsOver(options: ShardsOptions, directory: Directory): Shards {
  try {
    // The ballast comes last: recovery may need the room more.
    return new Shards({ ...options, disk: diskRoomIn(directory, options) });
  } catch (error) {
    for (const log of options.logs) closeQuietly(log);
    throw error;
  }
}

/** What made the opening fail is told; what closing says to it is not. */
function closeQuietly(log: Log): void {
  try {
    // Nothing has been written, so it has no thread to wait for.
    void log.close();
  } catch {
    // The opening has failed anyway.
  }
}

/** The room on the disk; undefined: nobody cares. */
function diskRoomIn(
  directory: Directory,
  { time: { clock }, limits }: ShardsOptions,
): DiskRoom | undefined {
  const { ballastBytes, diskFreeBytesMin: freeBytesMin } = limits;
  if (ballastBytes === 0 && freeBytesMin === 0) return undefined;
  return new DiskRoom({ directory, clock, ballastBytes, freeBytesMin });
}

/** What a log is written with. A thread finds its files by path, so they have to have one. */
function ioOver(
  directory: Directory,
  options: OpenOptions,
  shortCut: ShortCut | undefined,
): SegmentIo {
  if (options.log === "inline") {
    return new InlineIo(directory, 'The store was opened with log: "inline"');
  }
  if (!isOnDisk(options)) {
    return new InlineIo(directory, "The files of the store are an object of its isolate");
  }
  return new ThreadIo({
    ...{ directory, shortCut },
    frameBytesMax: FRAME_BYTES_MAX,
    startsAfter: THREAD_STARTS_AFTER,
  });
}

/** Waits until every log has its thread, or closes the shards and refuses. */
async function insistOnThreads(shards: Shards, ios: readonly SegmentIo[]): Promise<void> {
  for (const io of ios) if (io instanceof ThreadIo) await io.start();
  const mode = ios.map((io) => io.mode).find(({ kind }) => kind !== "thread");
  if (mode?.kind !== "inline") return;
  await shards.close();
  throw new FlowError("invalid_argument", `log is "thread", but must not be. ${mode.why}`, {
    details: { field: "log", value: "thread" },
  });
}
