/**
 * Copying files from one directory to another, of which nothing is left unless all of it is done.
 *
 * @module
 */

import { FlowError } from "../../errors.ts";
import { type Directory, type FileHandle, readFully, writeFully } from "../../files/mod.ts";
import { InvariantError } from "../../invariant.ts";
import { corrupt } from "../file_fault.ts";
import { segmentIdOf } from "../format/segment.ts";
import { MANIFEST_NAMES } from "../manifest/manifest_slot.ts";
import { removeIfPossible } from "../segments/removal.ts";
import { BACKUP_NAME, type CopiedFile } from "./backup_list.ts";

/** Bytes that are copied at a time. */
const COPY_BYTES = 1 << 20;

/** What a file system makes by itself in its root. */
const ROOT_FOLDER = "lost+found";

/** How far a copy has come. */
export interface CopyProgress {
  /** Bytes that have been copied. */
  readonly bytes: number;
  /** Bytes that there are. */
  readonly totalBytes: number;
}

/**
 * What is said of a directory that is copied from or to: `copy_failed` if the operating system
 * refuses something. That is nothing against a store that is open: it goes on.
 *
 * @param what What cannot be done, with the path of the file or the directory.
 */
export function copyFailed(what: string, cause: unknown): Error {
  // A defect of ours is not the machine's fault.
  if (cause instanceof FlowError || cause instanceof InvariantError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowError("copy_failed", `${what}: ${reason}`, { cause });
}

/** Does something with such a directory. */
export function copying<Result>(what: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw copyFailed(what, error);
  }
}

/** A directory that is copied to. Nothing is in it at first. */
export class CopyTarget {
  readonly directory: Directory;
  /** Names of what was made in it. */
  #made: string[] = [];

  /** Refuses a directory with anything in it. */
  constructor(directory: Directory) {
    requireEmpty(directory);
    this.directory = directory;
  }

  /** Makes a file, which nobody else has made meanwhile. */
  create(name: string): FileHandle {
    const file = copying(
      `"${this.directory.path}/${name}" cannot be created`,
      () => this.directory.open(name, { create: "new" }),
    );
    this.#made.push(name);
    return file;
  }

  /** Makes a small file, and makes it and all names of the directory durable. */
  createWhole(name: string, bytes: Uint8Array): void {
    const file = this.create(name);
    try {
      copying(`"${this.directory.path}/${name}" cannot be written`, () => {
        writeFully(file, bytes, { at: 0 });
        file.flush();
        this.directory.sync();
      });
    } finally {
      file.close();
    }
  }

  /** Does something that makes these files, in a directory where nobody has made them. */
  making<Result>(names: readonly string[], act: () => Result): Result {
    this.#made.push(...names);
    return copying(`"${this.directory.path}/${names[0]}" cannot be written`, act);
  }

  /** All of it is done: it stays. */
  keep(): void {
    this.#made = [];
  }

  /** Removes what was made and is not to stay, as far as that is possible. What makes it whole goes first. */
  close(): void {
    for (const name of this.#made.reverse()) removeIfPossible(this.directory, name);
    this.#made = [];
  }
}

/** Copies the first bytes of a file, a piece at a time, and makes them durable. Yields the pieces. */
export function* copyFile(
  from: Directory,
  to: CopyTarget,
  { name, size }: Pick<CopiedFile, "name" | "size">,
): Generator<Uint8Array> {
  const there = `"${from.path}/${name}"`;
  const here = `"${to.directory.path}/${name}"`;
  const source = copying(`${there} cannot be opened`, () => from.open(name));
  try {
    const target = to.create(name);
    try {
      const buffer = new Uint8Array(Math.min(size, COPY_BYTES));
      for (let at = 0; at < size; at += buffer.length) {
        const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
        const count = copying(`${there} cannot be read`, () => readFully(source, piece, { at }));
        if (count < piece.length) {
          throw corrupt("The file is cut short", { file: name, offset: at + count });
        }
        copying(`${here} cannot be written`, () => writeFully(target, piece, { at }));
        yield piece;
      }
      copying(`${here} cannot be made durable`, () => target.flush());
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}

/** Refuses a directory with anything in it that was not made with its file system. */
function requireEmpty(directory: Directory): void {
  const { path } = directory;
  const names = copying(`The directory "${path}" cannot be read`, () => directory.list());
  const name = names.find((name) => name !== ROOT_FOLDER);
  if (name === undefined) return;
  const is = `The directory "${path}" has to be empty, but "${name}" is in it`;
  if (isLeft(names)) {
    throw new FlowError(
      "copy_failed",
      `${is}, of a backup or a restore that was cut short. Delete it`,
    );
  }
  throw new FlowError("invalid_argument", is, { details: { field: "to", value: path } });
}

/** Whether a copy was killed: there are segments, and nothing that says what of. */
function isLeft(names: readonly string[]): boolean {
  return names.some((name) => segmentIdOf(name) !== undefined) &&
    ![BACKUP_NAME, ...MANIFEST_NAMES].some((name) => names.includes(name));
}
