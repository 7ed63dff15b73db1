/**
 * Copying the logs of a store while it goes on writing.
 *
 * @module
 */

import { crc32 } from "../../codec/mod.ts";
import type { Directory } from "../../files/mod.ts";
import { corrupt } from "../file_fault.ts";
import { segmentName } from "../format/segment.ts";
import type { Log, LogPosition } from "../log.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestState, SegmentEntry } from "../manifest/manifest_state.ts";
import { FileWindow } from "../segments/file_window.ts";
import { FrameFlaw } from "../segments/reader.ts";
import { BACKUP_NAME, type CopiedFile, encodeBackupList } from "./backup_list.ts";
import { copyFailed, copyFile, copying, type CopyProgress, CopyTarget } from "./copying.ts";
import { placeInSegment } from "./segment_place.ts";

/** A moment in the life of a store: what its logs held, of all shards at once. */
export interface BackupCut {
  /** What the manifest said. */
  readonly manifest: ManifestState;
  /** Where the log of each shard ended. */
  readonly ends: readonly LogPosition[];
  /** Segments, and how many of their bytes are copied. */
  readonly segments: readonly { readonly entry: SegmentEntry; readonly size: number }[];
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
 * without it a backup is none. Of one that does not come to its end nothing is left.
 *
 * @throws {FlowError} `invalid_argument` if there is something in the target; `corrupt` with file and
 * offset if a frame is not what was written; `copy_failed` if files cannot be read or written.
 */
export function* copyBackup(
  from: Directory,
  to: Directory,
  { manifest, ends, segments }: BackupCut,
): Generator<CopyProgress, CopyProgress> {
  const target = new CopyTarget(to);
  try {
    const totalBytes = segments.reduce((sum, { size }) => sum + size, 0);
    const files: CopiedFile[] = [];
    let bytes = 0;
    for (const { entry, size } of segments) {
      const name = segmentName(entry.id);
      let crc = 0;
      for (const piece of copyFile(from, target, { name, size })) {
        crc = crc32(piece, crc);
        bytes += piece.length;
        yield { bytes, totalBytes };
      }
      for (const _ of checkCopy(to, { entry, size, end: ends[entry.shard]! })) {
        yield { bytes, totalBytes };
      }
      files.push({ name, size, crc });
    }
    target.createWhole(BACKUP_NAME, encodeBackupList({ manifest, ends, files }));
    target.keep();
    return { bytes, totalBytes };
  } finally {
    target.close();
  }
}

/**
 * Looks through the frames of a copy, a piece at a time: what is damaged in the store would be found
 * by whoever needs the backup.
 *
 * @throws {FlowError} `corrupt` with file and offset.
 */
function* checkCopy(
  to: Directory,
  { entry, size, end }: {
    readonly entry: SegmentEntry;
    readonly size: number;
    readonly end: LogPosition;
  },
): Generator<void> {
  const file = segmentName(entry.id);
  const what = `"${to.path}/${file}" cannot be read`;
  const copy = copying(what, () => to.open(file));
  try {
    yield* placeInSegment(new FileWindow(copy, size), entry, entry.sealed?.end ?? end);
  } catch (error) {
    if (!(error instanceof FrameFlaw)) throw copyFailed(what, error);
    const message = `Nothing is copied that is damaged: ${error.message}`;
    throw corrupt(message, { file, offset: error.offset });
  } finally {
    copy.close();
  }
}
