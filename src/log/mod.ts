/**
 * The replication log: its contract, and the file log that keeps it in a directory.
 *
 * @module
 */

export type {
  BodyPlace,
  CommittedFrame,
  Frame,
  FrameEnd,
  Log,
  LogLimits,
  LogOutcome,
  LogPosition,
  Merge,
  Merged,
  Segment,
  Segments,
  VoidReason,
} from "./log.ts";
export {
  type FileFlaw,
  type Finding,
  flawOf,
  type Inspected,
  inspectLog,
  manifestFlaw,
} from "./inspection.ts";
export { type BackupCut, copyBackup, cutBackup } from "./backup/backup.ts";
export {
  type CheckpointFacts,
  checkpointName,
  checkpointsIn,
  CheckpointWriter,
  proveCheckpoint,
  readCheckpoint,
  type ReadFacts,
} from "./checkpoint.ts";
export { copying, type CopyProgress } from "./backup/copying.ts";
export { frameEnd, type MergedFrame } from "./format/frame.ts";
export { guarded } from "./file_fault.ts";
export { isNoSpace } from "./file_fault.ts";
export { InlineIo } from "./writing/inline_io.ts";
export { LostFiles } from "./segments/lost_files.ts";
export { Manifest, type ManifestOptions } from "./manifest/manifest.ts";
export type {
  ManifestState,
  Origin,
  QuarantineEntry,
  Seal,
  SegmentEntry,
} from "./manifest/manifest_state.ts";
export { type FileLogOptions, type FileLogsOptions, openFileLog, openFileLogs } from "./opening.ts";
export { endOfFrame, isSamePosition, logStart } from "./format/position.ts";
export { type RecoverySteps, recoverySteps, type TailSurvey } from "./recovery.ts";
export { removeIfPossible, removeInSteps } from "./segments/removal.ts";
export { SEGMENT_HEAD_BYTES, segmentName } from "./format/segment.ts";
export type {
  IoResult,
  LogMode,
  SegmentFile,
  SegmentIo,
  SegmentWrite,
} from "./writing/segment_io.ts";
export type { SideFile } from "./writing/side_file.ts";
export {
  beginRecord,
  decodeRecord,
  endRecord,
  fixedLengthAt,
  type LogRecord,
  readRecord,
  RECORD_HEADER_BYTES,
  recordAt,
  type RecordHead,
  RecordType,
} from "./format/record.ts";
export { recordsOf, type RecordSpan, RecordWalk } from "./format/record_walk.ts";
export { restoreBackup, type RestoreParts } from "./backup/restore.ts";
