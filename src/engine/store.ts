/**
 * A store that runs in this process.
 *
 * @module
 */
import type { Directory } from "../files/mod.ts";
import type {
  AtomicCommands,
  AtomicOptions,
  AtomicResult,
  AtomicResults,
  AtomicStep,
  EventsOptions,
  EventStream,
  FlowRef,
  FlowStore,
  KvStore,
  LeaseWatchOptions,
} from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";
import type { Backup, BackupOptions } from "./backup.ts";
import type { StoreHealth } from "./health/health.ts";
import type { StoreStats } from "./health/stats.ts";
import type { Compaction, CompactOptions } from "./merges/merger.ts";
import type { Verification } from "./verify/damage_report.ts";
import type { VerifyOptions } from "./verify/verify.ts";

/** An open store. Close it when it is no longer needed: the directory is free then. */
export interface Store extends FlowStore, AsyncDisposable {
  /** The clock that the store's commands happen by. */
  readonly time: Time;
  /** Watches over a lease until it is lost, or until what this returns is called. */
  watchLease(flow: FlowRef, options: LeaseWatchOptions): () => void;
  /** Hears of a definition of a type; throws `definition_conflict` if it has heard of another one. */
  define(type: string, outline: readonly string[]): void;
  /** Values by key, in the same log as the flows. */
  readonly kv: KvStore;

  /**
   * Applies several commands of one partition together: all of them, in one entry of the log, or none.
   * Each one sees what those before it have done.
   *
   * The callback collects them, and does nothing else: it is called once, at once, and must not wait.
   * What it calls is applied, in that order; the array that it returns says which results the promise
   * resolves to. If it returns none, these are the results of all commands, in order.
   *
   * Rejects with a {@linkcode FlowAtomicError} that names the first command that was refused, and why:
   * it has the code of that refusal. `partition_mismatch` for a command about another partition,
   * `limit_exceeded` above 1,000 commands, `too_large` if they write more than 4 MiB
   * (`limits.commandBytesMax`). What the callback throws itself comes back as it is.
   *
   * @param partitionKey The partition of all commands. A bare id means the flow in it.
   * @param build Collects the commands.
   * @returns Records, as they are after their own command.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("order-1", { type: "order", partitionKey: "tenant-1" });
   * await store.kv.set("balance", 100, { partitionKey: "tenant-1" });
   *
   * const [job] = await store.claimDue("order", { worker: "worker-1" });
   * const balance = await store.kv.get("balance", { partitionKey: "tenant-1" });
   * if (job?.leaseToken && balance !== null) {
   *   const { leaseToken, fencingToken } = job;
   *   const [done, entry] = await store.atomic("tenant-1", (tx) => [
   *     tx.complete(job, { leaseToken, fencingToken, result: "paid" }),
   *     tx.kv.set("balance", 75, { ifVersion: balance.version }),
   *     tx.create("receipt-1", { type: "receipt", payload: { order: job.id } }),
   *   ]);
   *   console.log(done.state, entry.key); // completed balance
   * }
   * ```
   */
  atomic<const Steps extends readonly AtomicStep<AtomicResult>[]>(
    partitionKey: string,
    build: (tx: AtomicCommands) => Steps,
    options?: AtomicOptions,
  ): Promise<AtomicResults<Steps>>;
  /** The same for a callback that returns nothing: resolves to the results of all commands, in order. */
  atomic(
    partitionKey: string,
    build: (tx: AtomicCommands) => void,
    options?: AtomicOptions,
  ): Promise<AtomicResult[]>;

  /**
   * Follows the committed changes of all flows: as they happen, or from any point of the past. Each
   * change comes exactly once, those of a flow in the order of their versions, those of a partition
   * in their order; nothing comes that a crash could take back. Whoever keeps the cursor of the last
   * event that he has dealt with goes on behind it, also in another process.
   *
   * Reads the log at the pace at which events are asked for and holds a piece of it, about a
   * megabyte, so a stream may lie idle or fall behind. It ends without an error when the store is
   * closed, when the signal is aborted, or by `return()`. Whoever waits for the next event keeps the
   * process alive, as with a claim that waits; a stream that nobody asks does not. That a flow is
   * removed when its retention is over is no event.
   *
   * Throws `invalid_argument` for bad options and for a cursor of another store. The stream rejects
   * with `log_trimmed` if it would begin before what the log still keeps, with `store_failed` when
   * the store fails.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("email-1", { type: "email" });
   * await store.cancel("email-1");
   *
   * let cursor = "start"; // or the one that was kept
   * for await (const event of store.events({ from: cursor, types: ["email"] })) {
   *   console.log(event.id, event.event, event.state); // created, then cancelled
   *   cursor = event.cursor;
   *   if (event.event === "cancelled") break;
   * }
   * ```
   */
  events(options?: EventsOptions): EventStream;
  /**
   * What the store holds and how it does, in numbers. Cheap enough for every second: it costs as
   * much as there are shards, whatever is in them. Counts of flows by state are in `info()`.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("email-1", { type: "email" });
   * const { flows, memory, log: { commits } } = store.stats();
   * console.log(flows, memory.totalBytes, commits.count, commits.latency.p99Ms);
   * ```
   */
  stats(): StoreStats;
  /**
   * Whether the store gets on with its work, for a monitor or a load balancer. As cheap as
   * `stats()`, and answers also when the store has failed or was closed.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * const { status, problems } = store.health();
   * console.log(status); // ok
   * for (const { code, message } of problems) console.warn(code, message);
   * ```
   */
  health(): StoreHealth;
  /**
   * Copies the store, as it is at this moment, into an empty directory, and goes on working meanwhile.
   * The copy is no store yet: {@linkcode restoreStore} makes one of it. Resolves once it is durable.
   *
   * Rejects with `invalid_argument` if there is something in the target, `copy_failed` if files
   * cannot be read or written, `corrupt` if a file of the store is damaged, `store_closed` if the
   * store is closed meanwhile. Of what was copied until then nothing is left.
   *
   * @param to The directory, created if missing.
   */
  backup(to: string | Directory, options?: BackupOptions): Promise<Backup>;
  /**
   * Reads everything that the store holds and looks whether it is as it should be: every byte of its
   * files; that what is in memory stands there, and is found where memory says; that every flow and
   * key leads to its values, events and groups; that every index says what the flows say. The store
   * goes on working meanwhile: a piece of a few milliseconds is done between what others do.
   *
   * What is wrong does not make it reject. It is listed with file and offset, and with what to do
   * about it; what comes behind damage is looked at as well. Nothing is repaired or changed.
   *
   * Rejects with `store_closed` or `store_failed` if the store ends meanwhile, and with the reason of
   * the signal.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("email-1", { type: "email" });
   * const { flows, records, damage } = await store.verify();
   * console.log(flows, records); // 1 4
   * for (const { file, offset, message, advice } of damage) console.warn(file, offset, message, advice);
   * ```
   */
  verify(options?: VerifyOptions): Promise<Verification>;
  /**
   * Merges all that can be merged, now: rewrites the log without what nobody wants any more, such as
   * flows whose retention was over, events beyond `historyMaxEvents`, replaced values. The store goes
   * on working meanwhile. In the background the same happens by itself, a part at a time; see the
   * option `merge`.
   *
   * Afterwards `events()` begins at the newest change: older cursors reject with `log_trimmed`. A
   * checkpoint that there was is no use any more, and the next one is begun at once in the background,
   * unless `checkpoints.auto` is false.
   * Rejects with `overloaded` if the disk has no room for what is kept, which needs to be there
   * beside the old files for a while, and with `corrupt` if a file is damaged. Nothing has changed then.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("email-1", { type: "email" });
   * const { bytesBefore, bytesAfter } = await store.compact();
   * console.log(bytesBefore >= bytesAfter); // true
   * ```
   */
  compact(options?: CompactOptions): Promise<Compaction>;
  /**
   * Waits for commands that are on their way to the disk, refuses those that wait for work with
   * `store_closed`, and gives the directory free. Closing twice is harmless.
   */
  close(): Promise<void>;
}
