/**
 * Reading a log from its first frame to its last while it goes on, whatever is wrong on the way.
 *
 * @module
 */

import { adviceOn } from "../errors.ts";
import { type Directory, type FileHandle, readFully, readWholeFile } from "../files/mod.ts";
import { failed } from "./file_fault.ts";
import { decodeFrameHeader } from "./format/frame.ts";
import { HEADER_BYTES } from "./format/header.ts";
import { isSamePosition } from "./format/position.ts";
import {
  decodeEvidence,
  EVIDENCE_OFFSET,
  SEGMENT_HEAD_BYTES,
  segmentName,
} from "./format/segment.ts";
import type { Log, LogPosition } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { encodeSlot, slotName } from "./manifest/manifest_slot.ts";
import type { SegmentEntry } from "./manifest/manifest_state.ts";
import { FileWindow } from "./segments/file_window.ts";
import { type Expected, FrameFlaw, type StoredFrame, walkFrames } from "./segments/reader.ts";
import { SegmentFiles } from "./segments/segment_files.ts";

/** Bytes that are looked through for the next frame before others get their turn. */
const SEARCH_BYTES = 1 << 18;

/** Something that is wrong in a file. */
export interface FileFlaw {
  /** Name of the file. */
  readonly file: string;
  /** Where it begins to be wrong, in bytes. */
  readonly offset: number;
  /** What is wrong, in sentence case. */
  readonly message: string;
}

/** What reading has come to: a frame, something wrong, the end of a segment; null: a pause. */
export type Finding =
  | { readonly kind: "frame"; readonly frame: StoredFrame }
  | { readonly kind: "flaw"; readonly flaw: FileFlaw }
  | { readonly kind: "segment" }
  | null;

/** What is looked at. */
export interface Inspected {
  /** Where the files are. */
  readonly directory: Directory;
  /** Says which there are. */
  readonly manifest: Manifest;
  /** The shard. */
  readonly shard: number;
  /** Its log. */
  readonly log: Pick<Log, "end">;
}

/**
 * Reads everything that is committed, through files of its own, so that whatever goes wrong is told
 * and does no harm. After damage it goes on with the next frame that is whole. If a segment is
 * replaced meanwhile, it goes on with the one that has its frames now.
 */
export function* inspectLog(inspected: Inspected): Generator<Finding> {
  const { manifest, shard, log } = inspected;
  let index = -1;
  while (true) {
    const entry = manifest.segmentsOf(shard)
      .find(({ sealed }) => sealed === undefined || sealed.end.index > index);
    if (entry === undefined) return;
    const end = entry.sealed?.end ?? log.end;
    const isWhole = yield* inspectSegment(inspected, { entry, end });
    if (isWhole && entry.sealed === undefined) return;
    if (isWhole) index = end.index;
  }
}

/** What is wrong with the newest generation of the manifest, as it stands on the disk. */
export function manifestFlaw(directory: Directory, manifest: Manifest): FileFlaw | undefined {
  const { generation: number, state } = manifest;
  const file = slotName(number);
  try {
    const found = readWholeFile(directory, file) ?? new Uint8Array(0);
    const offset = encodeSlot({ number, state }).findIndex((byte, at) => byte !== found[at]);
    if (offset < 0) return undefined;
    return { file, offset, message: "The newest generation of the manifest is damaged" };
  } catch (error) {
    return flawOf(error, { file, offset: 0 });
  }
}

/** What an error says about a file; without the advice, which depends on what is to be done. */
export function flawOf(error: unknown, place: Omit<FileFlaw, "message">): FileFlaw {
  const { code, message, details: { file, offset } } = failed("The file cannot be read", error);
  return {
    file: typeof file === "string" ? file : place.file,
    offset: typeof offset === "number" ? offset : place.offset,
    message: message.replace(`. ${adviceOn(code)}`, ""),
  };
}

/** A segment up to where it ends. */
interface Extent {
  readonly entry: SegmentEntry;
  readonly end: LogPosition;
}

/** Returns false if the segment has been replaced before all of it was read. */
function* inspectSegment(
  { directory, manifest, shard }: Inspected,
  { entry, end }: Extent,
): Generator<Finding, boolean> {
  let generation = manifest.generation;
  const isReplaced = (): boolean => {
    if (generation === manifest.generation) return false;
    generation = manifest.generation;
    return manifest.segmentsOf(shard).every(({ id }) => id !== entry.id);
  };
  const name = segmentName(entry.id);
  try {
    new SegmentFiles(directory, manifest.state.dbId).open(entry).close();
  } catch (error) {
    yield { kind: "flaw", flaw: flawOf(error, { file: name, offset: 0 }) };
    if (isReplaced()) return false;
  }
  let file: FileHandle;
  try {
    file = directory.open(name);
  } catch {
    // It has been told that the file cannot be opened.
    return true;
  }
  try {
    let flaw = headFlaw(file, { entry, end });
    // The evidence of the open segment may have been read in the middle of a write.
    if (flaw !== undefined && entry.sealed === undefined) {
      yield null;
      flaw = headFlaw(file, { entry, end });
    }
    if (flaw !== undefined) yield { kind: "flaw", flaw };
    for (const finding of inspectFrames(file, { entry, end })) {
      yield finding;
      if (isReplaced()) return false;
    }
  } finally {
    file.close();
  }
  yield { kind: "segment" };
  return true;
}

/** What is wrong with the head of a segment besides its header. */
function headFlaw(file: FileHandle, { entry }: Extent): FileFlaw | undefined {
  const place = { file: segmentName(entry.id), offset: EVIDENCE_OFFSET };
  const head = new Uint8Array(SEGMENT_HEAD_BYTES);
  try {
    readFully(file, head, { at: 0 });
  } catch (error) {
    return flawOf(error, { ...place, offset: 0 });
  }
  const evidence = head.subarray(EVIDENCE_OFFSET, EVIDENCE_OFFSET + HEADER_BYTES);
  const isWritten = evidence.some((byte) => byte !== 0);
  if (isWritten && decodeEvidence(evidence)?.salt !== entry.salt) {
    return { ...place, message: "The evidence of the segment is damaged" };
  }
  evidence.fill(0);
  const offset = head.findIndex((byte, at) => at >= HEADER_BYTES && byte !== 0);
  if (offset < 0) return undefined;
  return { ...place, offset, message: "The head of the segment is not zero here" };
}

/** The frames of a segment; what is wrong between them is told and passed over. */
function* inspectFrames(file: FileHandle, { entry, end }: Extent): Generator<Finding> {
  const name = segmentName(entry.id);
  let last = entry.base;
  let offset = SEGMENT_HEAD_BYTES;
  try {
    const window = new FileWindow(file, entry.sealed?.size ?? file.getSize());
    // Nothing was committed in it yet, whatever stands in it.
    while (last.index < end.index) {
      const flaw = yield* wholeFrames(window, { ...entry, base: last }, offset, (frame) => {
        ({ end: last, nextOffset: offset } = frame);
        return entry.sealed === undefined && last.index >= end.index;
      });
      if (flaw === undefined) break;
      yield { kind: "flaw", flaw: { file: name, offset: flaw.offset, message: flaw.message } };
      const next = yield* nextHeader(window, { ...flaw, salt: entry.salt, last });
      if (next === undefined) return;
      ({ base: last, offset } = next);
    }
    if (isSamePosition(last, end)) return;
    const message = `The segment ends with frame ${last.index} and not as it did when it was left`;
    yield { kind: "flaw", flaw: { file: name, offset: window.size, message } };
  } catch (error) {
    yield { kind: "flaw", flaw: flawOf(error, { file: name, offset }) };
  }
}

/** Yields frames until one is the last. Returns what is wrong behind them. */
function* wholeFrames(
  window: FileWindow,
  expected: Expected,
  offset: number,
  isLast: (frame: StoredFrame) => boolean,
): Generator<Finding, FrameFlaw | undefined> {
  try {
    for (const frame of walkFrames(window, expected, offset)) {
      const isEnd = isLast(frame);
      yield { kind: "frame", frame };
      if (isEnd) return undefined;
    }
    return undefined;
  } catch (error) {
    if (error instanceof FrameFlaw) return error;
    throw error;
  }
}

/** The next whole header of a frame that comes after one. */
function* nextHeader(
  window: FileWindow,
  { offset, salt, last }: {
    readonly offset: number;
    readonly salt: number;
    readonly last: LogPosition;
  },
): Generator<Finding, { readonly base: LogPosition; readonly offset: number } | undefined> {
  for (let at = offset + HEADER_BYTES;; at += HEADER_BYTES) {
    const bytes = window.view(at, HEADER_BYTES);
    if (bytes === undefined) return undefined;
    const header = decodeFrameHeader(bytes);
    if (header?.salt === salt && header.index > last.index && header.firstLsn > last.lsn) {
      const { index, firstLsn, chainBefore: chain } = header;
      return { base: { index: index - 1, lsn: firstLsn - 1, chain }, offset: at };
    }
    if (at % SEARCH_BYTES === 0) yield null;
  }
}
