/**
 * Walking over what changed, in the order of the last change.
 *
 * @module
 */
import type { ChangeSequence, Run } from "./change_sequence.ts";
import type { Members } from "./members.ts";
import { compareUtf8 } from "./utf8_order.ts";

/** A place between two flows of a listing: just after the flow that it names. */
export interface ListPosition {
  /** When that flow last changed. */
  readonly updatedAtMs: number;
  /** Its id. */
  readonly id: string;
  /** Its partition. */
  readonly partitionKey: string;
}

/** Which part of sequences is walked, and which way. */
export interface ChangeWalk {
  /** Begin just after this place, in the direction of the walk. Default: at the beginning. */
  readonly after?: ListPosition | null;
  /** Only flows that changed last at or after this instant. */
  readonly fromMs?: number | undefined;
  /** Only flows that changed last at or before this instant. */
  readonly toMs?: number | undefined;
  /** The latest change first, the order turned round as a whole. Default false. */
  readonly rev?: boolean;
}

/** The first and the last instant that a walk may come to, in the order of time. */
export function boundsOf(
  { after = null, fromMs = 0, toMs = Infinity, rev = false }: ChangeWalk,
): { readonly earliestMs: number; readonly latestMs: number } {
  return {
    earliestMs: rev || after === null ? fromMs : Math.max(fromMs, after.updatedAtMs),
    latestMs: rev && after !== null ? Math.min(toMs, after.updatedAtMs) : toMs,
  };
}

/** Yields the members of disjoint sequences by the time of their last change, then by identity. */
export function* walkChanges(
  members: Members,
  sequences: readonly ChangeSequence[],
  { after = null, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER - 1, rev = false }: ChangeWalk,
): Generator<number> {
  const { earliestMs, latestMs } = boundsOf({ after, fromMs, toMs, rev });
  const sign = rev ? -1 : 1;
  const streams = sequences
    .map((sequence) => rev ? sequence.runsBack(latestMs) : sequence.runs(earliestMs));
  for (const { timeMs, handles } of merged(streams, sign)) {
    if (timeMs < earliestMs || timeMs > latestMs) return;
    const isCut = timeMs === after?.updatedAtMs;
    yield* handles()
      .filter((handle) => !isCut || sign * compareToPosition(members, handle, after) > 0)
      .sort((a, b) => sign * members.compare(a, b));
  }
}

/** Orders places as a walk comes to them. */
export function comparePositions(a: ListPosition, b: ListPosition): number {
  return a.updatedAtMs - b.updatedAtMs || compareUtf8(a.id, b.id) ||
    compareUtf8(a.partitionKey, b.partitionKey);
}

/** Orders a member by its identity against a place at the same instant. */
function compareToPosition(
  members: Members,
  handle: number,
  { id, partitionKey }: ListPosition,
): number {
  return compareUtf8(members.idOf(handle), id) ||
    compareUtf8(members.partitionOf(handle), partitionKey);
}

/** Joins what several streams have at one instant. `sign` is 1 if their times go up, -1 if down. */
function* merged(streams: readonly Generator<Run>[], sign: 1 | -1): Generator<Run> {
  let heads = streams.map((stream) => ({ stream, run: stream.next().value }));
  while (true) {
    heads = heads.filter(({ run }) => run !== undefined);
    if (heads.length === 0) return;
    const timeMs = sign * Math.min(...heads.map(({ run }) => sign * run!.timeMs));
    const next = heads.filter(({ run }) => run!.timeMs === timeMs);
    yield { timeMs, handles: () => next.flatMap(({ run }) => run!.handles()) };
    for (const head of next) head.run = head.stream.next().value;
  }
}
