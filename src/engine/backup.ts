/**
 * Copies of a store, made while it is open, and stores made of copies.
 *
 * @module
 */
import type { Directory } from "../files/mod.ts";
import {
  copyBackup,
  type CopyProgress,
  cutBackup,
  type Log,
  type Manifest,
  restoreBackup,
} from "../log/mod.ts";
import { systemTime, type Time } from "../time/mod.ts";
import { invalid, refuseUnknown } from "./bad_option.ts";
import { directoryAt } from "./directory_at.ts";

const OPTION_NAMES: readonly string[] = ["onProgress", "signal"];

/** How far a backup or a restore has come. */
export interface BackupProgress {
  /** Bytes that have been copied. */
  readonly bytes: number;
  /** Bytes that there are to copy. */
  readonly totalBytes: number;
}

/** Options of `backup`. */
export interface BackupOptions {
  /** Called after every piece of about a megabyte. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  /** Ends the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

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
  readonly logs: readonly Pick<Log, "end">[];
  readonly time: Time;
}

/** Copies what an open store has at this moment, and lets it go on meanwhile. */
export async function backUp(
  { directory, manifest, logs, time }: BackupParts,
  to: string | Directory,
  options: BackupOptions = {},
): Promise<Backup> {
  const { onProgress, signal } = checkBackupOptions(options);
  signal?.throwIfAborted();
  const target = directoryOf("to", to);
  const cut = cutBackup(directory, manifest, logs);
  const { bytes } = await run(copyBackup(directory, target, cut), { time, onProgress, signal });
  return { bytes, lsns: cut.ends.map(({ lsn }) => lsn) };
}

/** Makes a store of a backup. */
export async function restoreStore(options: RestoreOptions): Promise<void> {
  if (typeof options !== "object" || options === null) {
    throw invalid("options", options, "an object");
  }
  const { from, to, ...others } = options;
  const { onProgress, signal } = checkBackupOptions(others);
  const time = systemTime();
  signal?.throwIfAborted();
  const source = directoryOf("from", from);
  const copying = restoreBackup({ from: source, to: directoryOf("to", to), random: time.random });
  await run(copying, { time, onProgress, signal });
}

/** Does a piece of the work in every macrotask, so that everybody else has his turn in between. */
async function run(
  work: Generator<CopyProgress, CopyProgress>,
  { time, onProgress, signal }: BackupOptions & { readonly time: Time },
): Promise<CopyProgress> {
  try {
    while (true) {
      const { value, done } = work.next();
      onProgress?.(value);
      if (done) return value;
      await new Promise<void>((resolve) => time.defer(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    // Leaves no file open, also if somebody has thrown.
    work.return({ bytes: 0, totalBytes: 0 });
  }
}

function checkBackupOptions(options: BackupOptions): BackupOptions {
  if (typeof options !== "object" || options === null) {
    throw invalid("options", options, "an object");
  }
  refuseUnknown("", Object.keys(options), OPTION_NAMES);
  const { onProgress, signal } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalid("onProgress", onProgress, "a function");
  }
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw invalid("signal", signal, "an AbortSignal");
  }
  return options;
}

function directoryOf(field: string, given: string | Directory): Directory {
  if (typeof given === "string" && given !== "") return directoryAt(given);
  if (typeof given === "object" && typeof given?.open === "function") return given;
  throw invalid(field, given, "a path, or a Directory");
}
