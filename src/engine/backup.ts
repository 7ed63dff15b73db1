/**
 * Copies of a store, made while it is open, and stores made of copies.
 *
 * @module
 */
import { invalid } from "../argument.ts";
import type { FlowError } from "../errors.ts";
import { type Directory, nodeDirectory, type NodeDirectoryOptions } from "../files/mod.ts";
import {
  copyBackup,
  copying,
  cutBackup,
  type Log,
  type Manifest,
  restoreBackup,
} from "../log/mod.ts";
import { systemTime, type Time } from "../time/mod.ts";
import { located } from "./calls/caller.ts";
import { isPath } from "./options.ts";
import { checkLongWork, inPieces, type LongWorkOptions } from "./turns/long_work.ts";

/** How far a backup or a restore has come. */
export interface BackupProgress {
  /** Bytes that have been copied. */
  readonly bytes: number;
  /** Bytes that there are to copy. */
  readonly totalBytes: number;
}

/** Options of `backup`. Hears of progress after every piece of about a megabyte. */
export type BackupOptions = LongWorkOptions<BackupProgress>;

/** Options of `restoreStore`. */
export interface RestoreOptions extends BackupOptions {
  /** The directory of the backup. */
  readonly from: string | Directory;
  /** The directory that is to be the store; created if missing, empty if not. */
  readonly to: string | Directory;
}

/** What is in a backup. */
export interface Backup {
  /** Bytes that were copied. */
  readonly bytes: number;
  /** For each shard, the LSN of the last record that is in it. */
  readonly lsns: readonly number[];
}

/** What a backup is made of. */
export interface BackupParts {
  readonly directory: Directory;
  readonly manifest: Manifest;
  /** Those of all shards, by number. */
  readonly logs: readonly Pick<Log, "end" | "segments">[];
  readonly time: Time;
  /** Why the store is open no more; undefined if it is. Its files may be somebody else's then. */
  readonly ended: () => FlowError | undefined;
}

/** Copies what an open store has at this moment, and lets it go on meanwhile. */
export async function backUp(
  { directory, manifest, logs, time, ended }: BackupParts,
  to: string | Directory,
  options: BackupOptions = {},
): Promise<Backup> {
  const { onProgress, signal } = checkLongWork(options);
  signal?.throwIfAborted();
  const target = directoryOf("to", to);
  const cut = cutBackup(manifest, logs);
  const goOn = (progress: BackupProgress): void => {
    const ending = ended();
    if (ending !== undefined) throw ending;
    onProgress?.(progress);
  };
  const copying = copyBackup(directory, target, cut);
  const { bytes, totalBytes } = await inPieces(copying, { time, onProgress: goOn, signal });
  onProgress?.({ bytes, totalBytes });
  return { bytes, lsns: cut.ends.map(({ lsn }) => lsn) };
}

/** Makes a store of a backup. */
export async function restoreStore(options: RestoreOptions): Promise<void> {
  const { onProgress, signal } = checkLongWork(options, ["from", "to"]);
  const { from, to } = options;
  const time = systemTime();
  signal?.throwIfAborted();
  const source = directoryOf("from", from, { create: false });
  checkDirectory("to", to);
  const copying = restoreBackup({
    from: source,
    to: () => directoryOf("to", to),
    random: time.random,
  });
  const progress = await inPieces(copying, { time, onProgress, signal }).catch((error) => {
    throw located(error, source.path);
  });
  onProgress?.(progress);
}

function directoryOf(
  field: string,
  given: string | Directory,
  options?: NodeDirectoryOptions,
): Directory {
  checkDirectory(field, given);
  if (typeof given !== "string") return given;
  return copying(`The directory "${given}" cannot be opened`, () => nodeDirectory(given, options));
}

function checkDirectory(field: string, given: string | Directory): void {
  if (typeof given === "string" && isPath(given)) return;
  if (typeof given === "object" && typeof given?.open === "function") return;
  throw invalid(field, given, "a path, or a Directory");
}
