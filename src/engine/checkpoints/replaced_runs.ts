/**
 * Segments that have been replaced since somebody noted which there were.
 *
 * @module
 */
import { Keydir, MergedRun } from "../../bitcask/mod.ts";
import { type Log, recordsOf, type SegmentEntry } from "../../log/mod.ts";
import type { ShardState } from "../shard/shard_state.ts";

/** Some segments, one after the other, and those that merges have put in their place. */
export interface ReplacedRun {
  /** How many there were before, and the index of the first of them. */
  readonly before: { readonly first: number; readonly count: number };
  /** Those that are there now. */
  readonly after: readonly SegmentEntry[];
}

/** Segments that there were. */
export interface SegmentsBefore {
  /** Their ids, in order. */
  readonly ids: readonly number[];
  /** The index of the last frame that counted. */
  readonly endIndex: number;
}

/**
 * What has become of segments that there were, of which the last one is still there and has nothing
 * but whole frames behind it. Undefined if that is not so, or if frames behind the last one that counted
 * have decided what is left.
 */
export function replacedRuns(
  { ids: before, endIndex }: SegmentsBefore,
  now: readonly SegmentEntry[],
): ReplacedRun[] | undefined {
  const last = now.findIndex(({ id }) => id === before.at(-1));
  // A merge decides what goes by all that it has read: before a place and behind it, it would have
  // decided something else.
  if (last < 0 || now.slice(last + 1).some(({ merged }) => merged)) return undefined;
  const runs: ReplacedRun[] = [];
  let first = 0;
  let at = 0;
  while (at <= last) {
    const kept = before.indexOf(now[at]!.id, first);
    if (kept === first) {
      first += 1;
      at += 1;
      continue;
    }
    const end = now.findIndex(({ id }, index) => index >= at && before.includes(id, first));
    const after = now.slice(at, end);
    const next = before.indexOf(now[end]!.id, first);
    if (after.length === 0 || after.some(({ merged }) => !merged)) return undefined;
    // What was decided by later frames as well is less than what there was.
    if (after.some(({ until = 0 }) => until > endIndex)) return undefined;
    runs.push({ before: { first, count: next - first }, after });
    first = next;
    at = end;
  }
  return first === before.length ? runs : undefined;
}

/** Bytes of the segments that are there now. */
export function bytesAfter({ after }: ReplacedRun): number {
  return sum(after.map(({ sealed }) => sealed!.size));
}

/** Finds out where records stand that merges have kept. All else that they are is known. */
export function takeOver(
  replaced: ReplacedRun,
  segmentBytes: readonly number[],
  { log, state }: { readonly log: Log; readonly state: ShardState },
): void {
  const { before: { first, count }, after } = replaced;
  const { base } = after[0]!;
  const { end } = after.at(-1)!.sealed!;
  const kept = new Keydir();
  const lsns: number[] = [];
  for (const frame of log.read(base.index)) {
    for (const { record: { lsn }, place } of recordsOf(frame)) {
      kept.append(lsn, place.segment, place.offset);
      lsns.push(lsn);
    }
    if (frame.end.index >= end.index) break;
  }
  const run = runOf(lsns, kept, { keydir: state.keydir, firstLsn: base.lsn + 1, lastLsn: end.lsn });
  state.keydir.replace(run);
  state.read.merged({
    lastLsn: end.lsn,
    segmentCount: count - after.length,
    savedBytes: sum(segmentBytes.slice(first, first + count)) - bytesAfter(replaced),
  });
}

/** Where a merge has been. */
interface MergedStretch {
  /** Knows all records that there were. */
  readonly keydir: Keydir;
  readonly firstLsn: number;
  readonly lastLsn: number;
}

/** Strings records together that were kept, as the merge has done. */
function runOf(
  lsns: readonly number[],
  kept: Keydir,
  { keydir, firstLsn, lastLsn }: MergedStretch,
): MergedRun {
  const isThere = (lsn: number): boolean => lsn < firstLsn ? keydir.has(lsn) : kept.has(lsn);
  const previous = (lsn: number): number => {
    let before = keydir.previous(lsn);
    while (before > 0 && !isThere(before)) before = keydir.previous(before);
    return before;
  };
  const has = (lsn: number): boolean => keydir.has(lsn);
  const keeps = (lsn: number): boolean => kept.has(lsn);
  const run = new MergedRun({ bench: keydir.bench, has, previous }, { firstLsn, lastLsn, keeps });
  for (const lsn of lsns) {
    const { segment, offset } = kept.find(lsn);
    run.pass(lsn);
    run.append(lsn, segment, offset);
  }
  return run;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
