/**
 * Making a store of a backup.
 *
 * @module
 */

import { crc32 } from "../../codec/mod.ts";
import { FlowError } from "../../errors.ts";
import { type Directory, withFile, writeFully } from "../../files/mod.ts";
import type { Random } from "../../time/mod.ts";
import { corrupt } from "../file_fault.ts";
import {
  dbIdOf,
  encodeEvidence,
  encodeSegmentHead,
  EVIDENCE_OFFSET,
  segmentName,
} from "../format/segment.ts";
import type { LogPosition } from "../log.ts";
import { Manifest } from "../manifest/manifest.ts";
import { MANIFEST_NAMES } from "../manifest/manifest_slot.ts";
import type { SegmentEntry } from "../manifest/manifest_state.ts";
import { FileWindow } from "../segments/file_window.ts";
import { FrameFlaw } from "../segments/reader.ts";
import { BACKUP_NAME, type BackupList, type CopiedFile, readBackupList } from "./backup_list.ts";
import { copyFile, copying, type CopyProgress, CopyTarget } from "./copying.ts";
import { placeInSegment } from "./segment_place.ts";

/** So far above everything that was ever given away do fencing numbers go on after a restore. */
const FENCING_STRIDE = 2 ** 32;

/** What is restored, and where. */
export interface RestoreParts {
  /** Where the backup is. */
  readonly from: Directory;
  /** Where the store is to be: a directory with nothing in it. Asked for once there is a backup. */
  readonly to: () => Directory;
  /** For the identity of the new store. */
  readonly random: Random;
}

/**
 * Makes a store of a backup, a piece at a time. It is another store than the one that was copied: it
 * has an identity of its own, fencing numbers that the other one never gave away, and it knows up to
 * where the two are the same. The manifest comes last: without it there is no store. Of a restore that
 * does not come to its end nothing is left.
 *
 * @throws {FlowError} `invalid_argument` if there is no whole backup, or something in the target;
 * `corrupt` with file and offset if the backup is damaged; `copy_failed` if files cannot be read or
 * written.
 */
export function* restoreBackup(
  { from, to: target, random }: RestoreParts,
): Generator<CopyProgress, CopyProgress> {
  const list = listOf(from);
  const to = new CopyTarget(target());
  try {
    const dbId = dbIdOf(random.u32(), random.u32());
    const totalBytes = list.files.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    for (const copied of list.files) {
      let crc = 0;
      for (const piece of copyFile(from, to, copied)) {
        crc = crc32(piece, crc);
        bytes += piece.length;
        yield { bytes, totalBytes };
      }
      if (crc !== copied.crc) {
        throw corrupt("The backup is damaged: the checksum of the file is another one", {
          file: copied.name,
          offset: 0,
        });
      }
      adapt(to.directory, list, { copied, dbId });
    }
    const { manifest: { fencingFloor, ...manifest } } = list;
    const state = {
      ...manifest,
      dbId,
      fencingFloor: fencingFloor + FENCING_STRIDE,
      origins: [...manifest.origins, { dbId: manifest.dbId, ends: list.ends }],
      quarantine: [],
    };
    to.making(MANIFEST_NAMES, () => Manifest.create(to.directory, state));
    to.keep();
    return { bytes, totalBytes };
  } finally {
    to.close();
  }
}

function listOf(from: Directory): BackupList {
  const list = copying(
    `The directory "${from.path}" cannot be read`,
    () => readBackupList(from),
  );
  if (list !== undefined) return list;
  throw new FlowError(
    "invalid_argument",
    `There is no whole backup in "${from.path}": the file "${BACKUP_NAME}" is missing or damaged`,
    { details: { field: "from", value: from.path } },
  );
}

/** Makes a copied segment one of the new store, which ends where the backup was cut. */
function adapt(
  to: Directory,
  { manifest, ends }: BackupList,
  { copied: { name, size }, dbId }: { readonly copied: CopiedFile; readonly dbId: string },
): void {
  const entry = manifest.segments.find(({ id }) => segmentName(id) === name);
  if (entry === undefined) {
    throw corrupt("The backup lists no such segment", { file: name, offset: 0 });
  }
  const end = entry.sealed?.end ?? ends[entry.shard]!;
  copying(`"${to.path}/${name}" cannot be written`, () => {
    withFile(to, name, (file) => {
      const endOffset = entry.sealed === undefined
        ? offsetOf(new FileWindow(file, size), entry, end)
        : size;
      file.truncate(endOffset);
      writeFully(file, headOf(entry, { dbId, end, epoch: manifest.epoch }), { at: 0 });
      file.flush();
    });
  });
}

/** The head of a segment, with the evidence that all of it is durable. */
function headOf(
  entry: SegmentEntry,
  { dbId, end, epoch }: { dbId: string; end: LogPosition; epoch: number },
): Uint8Array {
  const head = encodeSegmentHead({ ...entry, dbId });
  const evidence = { salt: entry.salt, durableLsn: end.lsn, epoch };
  head.set(encodeEvidence(evidence), EVIDENCE_OFFSET);
  return head;
}

/** Where a place in the log is in its segment. */
function offsetOf(window: FileWindow, entry: SegmentEntry, end: LogPosition): number {
  try {
    const steps = placeInSegment(window, entry, end);
    while (true) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  } catch (error) {
    if (!(error instanceof FrameFlaw)) throw error;
    throw corrupt(`The backup is damaged: ${error.message}`, {
      file: segmentName(entry.id),
      offset: error.offset,
    });
  }
}
