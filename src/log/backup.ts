/**
 * Copying the logs of a store while it goes on writing.
 *
 * @module
 */

import { crc32 } from "../codec/mod.ts";
import { FlowError } from "../errors.ts";
import { type Directory, readFully, writeDurably, writeFully } from "../files/mod.ts";
import { BACKUP_NAME, type CopiedFile, encodeBackupList } from "./backup_list.ts";
import { corrupt, guarded } from "./file_fault.ts";
import type { Log, LogPosition } from "./log.ts";
import type { Manifest } from "./manifest.ts";
import type { ManifestState, SegmentEntry } from "./manifest_state.ts";
import { segmentName } from "./segment.ts";

/** Bytes that are copied at a time. */
export const COPY_BYTES: number = 1 << 20;

/** A moment in the life of a store: what its logs held, of all shards at once. */
export interface BackupCut {
  /** What the manifest said. */
  readonly manifest: ManifestState;
  /** Where the log of each shard ended. */
  readonly ends: readonly LogPosition[];
  /** Segments, and how many of their bytes are copied. */
  readonly segments: readonly { readonly entry: SegmentEntry; readonly size: number }[];
}

/** How far a copy has come. */
export interface CopyProgress {
  /** Bytes that have been copied. */
  readonly bytes: number;
  /** Bytes that there are. */
  readonly totalBytes: number;
}

/**
 * Notes what there is at this moment. What a shard has heard from another one is in the other one's
 * log before, so the ends of one moment fit together.
 *
 * @param logs Those of all shards, by number.
 */
export function cutBackup(
  manifest: Manifest,
  logs: readonly Pick<Log, "end" | "segments">[],
): BackupCut {
  const { state } = manifest;
  // Not of the open file: what is being written behind its end may be taken back.
  const segments = state.segments.map((entry) => {
    const size = entry.sealed?.size ?? logs[entry.shard]!.segments.list.at(-1)!.bytes;
    return { entry, size };
  });
  return { manifest: state, ends: logs.map(({ end }) => end), segments };
}

/**
 * Copies what was there at a moment, a piece at a time, and makes it durable. The list comes last:
 * without it a backup is none.
 *
 * @throws {FlowError} `invalid_argument` if there is something in the target; `store_failed` if files
 * cannot be read or written.
 */
export function* copyBackup(
  from: Directory,
  to: Directory,
  { manifest, ends, segments }: BackupCut,
): Generator<CopyProgress, CopyProgress> {
  requireEmpty(to);
  const totalBytes = segments.reduce((sum, { size }) => sum + size, 0);
  const files: CopiedFile[] = [];
  let bytes = 0;
  for (const { entry, size } of segments) {
    const name = segmentName(entry.id);
    let crc = 0;
    for (const piece of copyFile(from, to, { name, size })) {
      crc = crc32(piece, crc);
      bytes += piece.length;
      yield { bytes, totalBytes };
    }
    files.push({ name, size, crc });
  }
  writeWhole(to, BACKUP_NAME, encodeBackupList({ manifest, ends, files }));
  return { bytes, totalBytes };
}

/** Refuses a directory with anything in it that was not made with its file system. */
export function requireEmpty(directory: Directory): void {
  const name = guarded(
    `The directory "${directory.path}" cannot be read`,
    () => directory.list(),
  ).find((name) => name !== "lost+found");
  if (name === undefined) return;
  throw new FlowError(
    "invalid_argument",
    `The directory "${directory.path}" has to be empty, but "${name}" is in it`,
    { details: { field: "to", value: directory.path } },
  );
}

/** Copies the first bytes of a file, a piece at a time, and makes them durable. Yields the pieces. */
export function* copyFile(
  from: Directory,
  to: Directory,
  { name, size }: Pick<CopiedFile, "name" | "size">,
): Generator<Uint8Array> {
  const source = guarded(`"${name}" cannot be opened`, () => from.open(name));
  try {
    const target = guarded(`"${name}" cannot be created`, () => to.open(name, { create: "new" }));
    try {
      const buffer = new Uint8Array(Math.min(size, COPY_BYTES));
      for (let at = 0; at < size; at += buffer.length) {
        const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
        const count = guarded(`"${name}" cannot be read`, () => readFully(source, piece, { at }));
        if (count < piece.length) {
          throw corrupt("The file is cut short", { file: name, offset: at + count });
        }
        guarded(`"${name}" cannot be written`, () => writeFully(target, piece, { at }));
        yield piece;
      }
      guarded(`"${name}" cannot be made durable`, () => target.flush());
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}

/** Writes a small file, and makes it and all names of the directory durable. */
export function writeWhole(directory: Directory, name: string, bytes: Uint8Array): void {
  guarded(`"${name}" cannot be written`, () => {
    writeDurably(directory, name, bytes, { create: "new" });
    directory.sync();
  });
}
