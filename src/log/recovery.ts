/**
 * Where the log ends after a crash, and making sure that it does.
 *
 * What stands behind the last good frame is either a frame that nobody was promised, or damage to
 * one that somebody was. The two can look alike, so recovery asks for evidence and never guesses.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { type FileHandle, readFully, writeFully } from "../files/mod.ts";
import { corrupt } from "./file_fault.ts";
import { decodeFrameHeader, type FrameHeader } from "./format/frame.ts";
import { HEADER_BYTES } from "./format/header.ts";
import {
  decodeEvidence,
  type Evidence,
  EVIDENCE_OFFSET,
  SEGMENT_HEAD_BYTES,
  segmentName,
} from "./format/segment.ts";
import type { LogPosition } from "./log.ts";
import type { SegmentEntry } from "./manifest/manifest_state.ts";
import { cutOff } from "./segments/cut.ts";
import { FileWindow } from "./segments/file_window.ts";
import { FrameFlaw, walkFrames } from "./segments/reader.ts";
import type { SegmentWriter } from "./writing/writer.ts";

/** Bytes that are written again at a time. */
const COPY_BYTES = 1 << 20;

/** What was found in the open segment. */
export interface TailSurvey {
  /** Name of the file. */
  readonly file: string;
  /** Its size, in bytes. */
  readonly size: number;
  /** The place after the last good frame. */
  readonly end: LogPosition;
  /** Where the last good frame ends, in bytes. */
  readonly endOffset: number;
  /** All records up to this LSN are known to have been durable once. */
  readonly evidenceLsn: number;
  /** Whether the head had evidence that cannot be read any more: then nobody knows how far it went. */
  readonly isEvidenceLost: boolean;
  /** Where the first frame starts that no evidence covers; `endOffset` if there is none. */
  readonly unprovedOffset: number;
  /** The highest number of an opening that left a trace. */
  readonly epoch: number;
  /** What is wrong behind the last good frame, if anything is there. */
  readonly flaw: string | undefined;
}

/** What recovery does, in order; a record, so that a test can leave something out and see it missed. */
export interface RecoverySteps {
  /** Looks and changes nothing. */
  readonly survey: (file: FileHandle, entry: SegmentEntry) => TailSurvey;
  /** Throws `corrupt` unless what is to be cut off was promised to nobody. */
  readonly judge: (survey: TailSurvey) => void;
  /** Cuts it off and makes the rest durable. */
  readonly repair: (file: FileHandle, survey: TailSurvey) => void;
  /** Writes down that the rest is durable. */
  readonly prove: (writer: SegmentWriter) => void;
}

/** The steps that every opening takes. */
export const recoverySteps: RecoverySteps = {
  survey: surveyTail,
  judge: judgeTail,
  repair: repairTail,
  prove: proveTail,
};

function surveyTail(file: FileHandle, entry: SegmentEntry): TailSurvey {
  const size = file.getSize();
  const window = new FileWindow(file, size);
  const evidence = evidenceOf(window, entry);
  let { durableLsn: evidenceLsn, epoch } = evidence ?? { durableLsn: entry.base.lsn, epoch: 0 };
  let end = entry.base;
  let endOffset = SEGMENT_HEAD_BYTES;
  let flaw: string | undefined;
  let unproved: { readonly offset: number; readonly lsn: number }[] = [];
  try {
    for (const frame of walkFrames(window, entry)) {
      evidenceLsn = Math.max(evidenceLsn, frame.durableLsn);
      epoch = Math.max(epoch, frame.epoch);
      ({ end, nextOffset: endOffset } = frame);
      unproved.push({ offset: frame.offset, lsn: end.lsn });
      unproved = unproved.filter(({ lsn }) => lsn > evidenceLsn);
    }
  } catch (error) {
    if (!(error instanceof FrameFlaw)) throw error;
    flaw = error.message;
    for (const header of headersFrom(window, endOffset, entry.salt)) {
      evidenceLsn = Math.max(evidenceLsn, header.durableLsn);
      epoch = Math.max(epoch, header.epoch);
    }
  }
  return {
    file: segmentName(entry.id),
    size,
    end,
    endOffset,
    evidenceLsn,
    isEvidenceLost: evidence === undefined,
    unprovedOffset: unproved[0]?.offset ?? endOffset,
    epoch,
    flaw,
  };
}

/**
 * What the head of the segment proves: its header all that came before, its evidence more. Undefined:
 * there was some, and it is damaged.
 */
function evidenceOf(
  window: FileWindow,
  { salt, base }: SegmentEntry,
): Omit<Evidence, "salt"> | undefined {
  const bytes = window.view(EVIDENCE_OFFSET, HEADER_BYTES);
  const evidence = bytes && decodeEvidence(bytes);
  if (evidence?.salt === salt) return evidence;
  const isUnwritten = bytes?.every((byte) => byte === 0) ?? false;
  return isUnwritten ? { durableLsn: base.lsn, epoch: 0 } : undefined;
}

/** The whole headers of this segment's frames from `offset` on, whatever became of their bodies. */
function* headersFrom(window: FileWindow, offset: number, salt: number): Generator<FrameHeader> {
  for (let at = offset;; at += HEADER_BYTES) {
    const bytes = window.view(at, HEADER_BYTES);
    if (bytes === undefined) return;
    const header = decodeFrameHeader(bytes);
    if (header?.salt === salt) yield header;
  }
}

function judgeTail(survey: TailSurvey): void {
  const { file, end, endOffset, evidenceLsn, isEvidenceLost, flaw } = survey;
  if (flaw !== undefined && isEvidenceLost) {
    throw corrupt(
      `${flaw}, and the evidence that would tell whether it was durable is damaged as well`,
      { file, offset: endOffset },
    );
  }
  if (evidenceLsn <= end.lsn) return;
  throw corrupt(
    `${
      flaw ?? "The log ends too early"
    }: records up to LSN ${evidenceLsn} were durable, and they ` +
      `can be read up to LSN ${end.lsn}`,
    { file, offset: endOffset },
  );
}

function repairTail(file: FileHandle, survey: TailSurvey): void {
  const { size, endOffset, unprovedOffset } = survey;
  if (size === endOffset && unprovedOffset === endOffset) return;
  if (size > endOffset) cutOff(file, endOffset);
  // This process may have read these from the page cache after a sync that failed, in which case
  // the disk does not have them, and syncing without writing would not bring them there.
  for (let at = unprovedOffset; at < endOffset; at += COPY_BYTES) {
    const bytes = new Uint8Array(Math.min(COPY_BYTES, endOffset - at));
    readFully(file, bytes, { at });
    writeFully(file, bytes, { at });
  }
  file.flush();
}

function proveTail(writer: SegmentWriter): void {
  if (writer.isProved) return;
  // Until the log is open everything is done inline, so this is called at once.
  writer.mark((result) => {
    if (result.kind === "failed") throw result.cause;
    if (result.kind === "done") return;
    throw new FlowError("store_failed", "There is no room to write down what was recovered");
  });
}
