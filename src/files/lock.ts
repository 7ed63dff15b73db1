/**
 * The lock of a directory between processes: an exclusive transaction on an empty SQLite file.
 *
 * It is the one lock that Deno, Bun and Node all have and that the kernel frees however its holder
 * ends, `kill -9` included. A file with a process id in it would have to be guessed stale.
 *
 * @module
 */

import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Lock, LockOwner } from "./directory.ts";
import { fileErrorCode } from "./file_error.ts";
import { lockRefusal } from "./lock_refusal.ts";
import { ownerOf } from "./owner.ts";

/** The file of the lock. */
const LOCK = "LOCK";

/**
 * How long a challenger waits, in milliseconds. Measured with two processes that start at the same
 * moment, 120 times on two cores: without waiting both were refused 8 times, with 25 ms never. With
 * `locking_mode=EXCLUSIVE`, which adds nothing to a transaction that stays open, 94 times: the loser
 * keeps its shared lock and so stands in the winner's way.
 */
const BUSY_TIMEOUT_MS = 25;

/** SQLite opens no file with a path that is longer, in bytes. Its own files have a suffix. */
const PATH_BYTES_MAX = 500;

/**
 * Never commits, so the file stays empty; with its journal in memory no second file appears. On a file
 * that may only be read an exclusive transaction keeps nobody out: what is written last is refused then.
 */
const TAKE = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA journal_mode = MEMORY;
  BEGIN EXCLUSIVE;
  PRAGMA user_version = 1;
`;

/**
 * Takes the directory at `path` for this process. Not for network file systems.
 *
 * @throws {FlowError} `store_locked`, naming the owner, if another process or this one has it.
 */
export function lockDirectory(path: string, owner: LockOwner): Lock {
  const isNew = !existsSync(join(path, LOCK));
  const database = taken(path);
  try {
    // Not into what is there: that may be a link.
    rmSync(join(path, "OWNER"), { force: true });
    writeFileSync(join(path, "OWNER"), JSON.stringify(owner), { flag: "wx" });
  } catch {
    // Only a message gets poorer. A full disk must not keep a store from being opened and read.
  }
  return new DirectoryLock({ path, isNew, database });
}

/** The file of the lock, within its transaction. */
function taken(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(path, LOCK));
    database.exec(TAKE);
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) throw lockRefusal(path, { owner: readOwner(path), cause: error });
    throw denialOf(path) ?? oddityOf(path, error) ?? error;
  }
}

class DirectoryLock implements Lock {
  readonly isNew: boolean;
  readonly #path: string;
  /** Bun collects a database that nobody refers to, and its lock with it. */
  #database: DatabaseSync | undefined;

  constructor(
    { path, isNew, database }: {
      readonly path: string;
      readonly isNew: boolean;
      readonly database: DatabaseSync;
    },
  ) {
    this.isNew = isNew;
    this.#path = path;
    this.#database = database;
  }

  release(): void {
    const database = this.#database;
    if (database === undefined) return;
    this.#database = undefined;
    try {
      // Before the lock is free: later the file could be the next owner's.
      rmSync(join(this.#path, "OWNER"), { force: true });
    } finally {
      database.close();
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** What the system says if it is the directory or the file that may not be written: SQLite names none. */
function denialOf(path: string): unknown {
  try {
    accessSync(path, constants.W_OK);
    accessSync(join(path, LOCK), constants.W_OK);
  } catch (error) {
    if (fileErrorCode(error) !== "ENOENT") return error;
  }
  return undefined;
}

/** What is wrong with the file of the lock, or with its path, where SQLite says it in its own terms. */
function oddityOf(path: string, cause: unknown): Error | undefined {
  const file = join(path, LOCK);
  const said = cause instanceof Error ? cause.message : String(cause);
  if (said.includes("not a database")) {
    const remedy =
      "something else has written to it. Delete it while no process has the store open";
    return new Error(`"${file}" is no lock of a store, which is an empty file: ${remedy}`, {
      cause,
    });
  }
  const { length } = new TextEncoder().encode(file);
  if (length <= PATH_BYTES_MAX) return undefined;
  return new Error(`${said}: its path has ${length} bytes, and is probably too long for it`, {
    cause,
  });
}

/** SQLITE_BUSY. Deno gives no number, only the text. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "errcode" in error ? error.errcode === 5 : error.message.includes("database is locked");
}

/** The facts the owner left, or `undefined` if it has not come to it or is just leaving. */
function readOwner(path: string): LockOwner | undefined {
  try {
    return ownerOf(readFileSync(join(path, "OWNER"), "utf8"));
  } catch {
    return undefined;
  }
}
