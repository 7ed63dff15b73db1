/**
 * Which segments are worth merging.
 *
 * @module
 */
import type { Segment } from "../../log/mod.ts";

/** How and when segments are merged. */
export interface MergeOptions {
  /** Whether to merge in the background. Default true. */
  readonly auto?: boolean | undefined;
  /**
   * So many of the newest bytes of each log are left as they are, for those who follow `events()`,
   * unless the disk is full: then room is worth more. Default 256 MiB, for a store in `":memory:"`
   * 16 MiB.
   */
  readonly keepBytes?: number | undefined;
}

/** Merge options, all of them. */
export interface MergePlan {
  /** Whether to merge in the background. */
  readonly auto: boolean;
  /** So many of the newest bytes of each log are left as they are. */
  readonly keepBytes: number;
  /**
   * Which segments are replaced one by one where there is little room. For tests that have it done so
   * whenever somebody asks for a merge. Default: those that `planPieces()` chooses, without room.
   */
  readonly choosePieces?: (sealed: readonly Segment[]) => readonly number[];
}

/** Merges of a store that is opened without any options about them. */
export const DEFAULT_MERGE_PLAN: MergePlan = { auto: true, keepBytes: 256 * 1_048_576 };

/** As many segments have to be new before they are merged: what is written twice is written in bulk. */
const FRESH_MIN = 4;

/**
 * One merge takes no more new bytes than these, unless as few segments have more: whatever it has done
 * is lost if the store is closed before its end.
 */
const FRESH_BYTES_MAX = 256 << 20;

/**
 * What was merged before is merged again together with what came later, once that is not much less:
 * then a record is written again only as often as the log has grown by half.
 */
const RATIO = 2;

/**
 * A merge that keeps more than a segment can hold, which is 1 GiB, goes on in another one. One that is
 * as good as full belongs together with the next: one by one they would never be too large.
 */
const FULL_BYTES = 1_000_000_000;

/**
 * The ids of the segments to merge in the background, in order; none: it is not worth it yet. The
 * newest ones stay, then a few fresh ones are merged, with those older ones that are not much larger.
 *
 * @param endsBefore The id of the first segment that has to stay. Default: none has to.
 */
export function worthMerging(
  segments: readonly Segment[],
  { keepBytes }: MergePlan,
  endsBefore?: number,
): number[] {
  const needed = segments.findIndex(({ id }) => id === endsBefore);
  const old = whole(olderThan(segments, keepBytes).slice(0, needed < 0 ? undefined : needed));
  let first = old.findLastIndex(({ isMerged }) => isMerged) + 1;
  if (old.length - first < FRESH_MIN) return [];
  const end = endOfMerge(old, first);
  let bytes = segmentBytes(old.slice(first, end));
  while (first > 0) {
    const before = firstOfMerge(old, first - 1);
    const more = segmentBytes(old.slice(before, first));
    if (more > RATIO * bytes) break;
    first = before;
    bytes += more;
  }
  return old.slice(first, end).map(({ id }) => id);
}

/** Behind the last of the fresh segments, from the first one on, that are merged together. */
function endOfMerge(old: readonly Segment[], first: number): number {
  let end = first + FRESH_MIN;
  let bytes = segmentBytes(old.slice(first, end));
  const needed = Math.max(...old.slice(0, end).map(({ lastOfMerge = 0 }) => lastOfMerge));
  for (; end < old.length; end++) {
    bytes += old[end]!.bytes;
    if (bytes > FRESH_BYTES_MAX && old[end]!.id > needed) break;
  }
  return end;
}

/** Some segments from the first one on, without those that have to be merged with others behind them. */
function whole(old: readonly Segment[]): readonly Segment[] {
  const ids = new Set(old.map(({ id }) => id));
  const end = old.findIndex(({ lastOfMerge }) =>
    lastOfMerge !== undefined && !ids.has(lastOfMerge)
  );
  return end < 0 ? old : old.slice(0, end);
}

/** The first of those segments that came from the same merge as one of them, as far as can be seen. */
function firstOfMerge(segments: readonly Segment[], index: number): number {
  let first = index;
  while (first > 0 && segments[first - 1]!.isMerged && segments[first - 1]!.bytes >= FULL_BYTES) {
    first -= 1;
  }
  return first;
}

/** The sealed segments but the newest ones of so many bytes. */
function olderThan(segments: readonly Segment[], keepBytes: number): readonly Segment[] {
  let end = segments.length;
  for (let bytes = 0; end > 0; end--) {
    const { isSealed, bytes: more } = segments[end - 1]!;
    if (isSealed && bytes >= keepBytes) break;
    bytes += more;
  }
  return segments.slice(0, end);
}

/** The bytes of some segments. */
export function segmentBytes(segments: readonly Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}
