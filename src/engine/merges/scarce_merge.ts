/**
 * Merging when there is little room: what is kept does not fit beside what there was.
 *
 * @module
 */
import type { Segment } from "../../log/mod.ts";
import { isDiskFull } from "../calls/refusals.ts";
import { type MergePlan, segmentBytes } from "./merge_plan.ts";
import { Merging, type MergingOptions, type Outcome } from "./merging.ts";

/** A new segment takes so much besides the records in it, and a little for each frame. */
const SEGMENT_BYTES = 8 << 10;

/** A segment is replaced if so large a share of it goes: it is read again and again otherwise. */
const GAIN_SHARE = 1 / 8;

/** How often everything is read, if it is done piece by piece. */
export const SCARCE_PASSES = 9;

/** What is merged, and in how much room. */
export interface ScarceOptions extends MergingOptions {
  /** All sealed segments of the log, in order. */
  readonly sealed: readonly Segment[];
  /** So many bytes may be written before others are given back. */
  readonly roomBytes: number;
  /** Which segments are replaced one by one, the newest first; see `MergePlan`. */
  readonly choosePieces?: MergePlan["choosePieces"];
  /** Hears of every segment that was replaced. */
  readonly onOutcome: (outcome: Outcome) => void;
}

/** What is left to be wished for. */
export interface ScarceOutcome {
  /** Bytes that were given back. */
  readonly savedBytes: number;
  /** Bytes of room that the next segment would take that there is no room for; 0: there is none. */
  readonly lackedBytes: number;
}

/** An open segment with so many bytes, or so large a share of its log, is worth a new one behind it. */
const ROLL_BYTES = 16 << 10;
const ROLL_SHARE = 1 / 8;

/** Whether the open segment holds enough that may have made others unwanted. */
export function isWorthRolling(segments: readonly Segment[]): boolean {
  const { bytes } = segments.at(-1)!;
  return bytes >= Math.min(ROLL_BYTES, ROLL_SHARE * segmentBytes(segments));
}

/**
 * Merges in little room. If everything that is kept fits into it, that is all. Otherwise segments are
 * replaced one by one, the newest first, by what is kept of them: each gives back what the next one
 * may need. One of which nothing is kept takes next to nothing, and one that does not fit stays.
 */
export async function mergeInRoom(options: ScarceOptions): Promise<ScarceOutcome> {
  const { sealed, roomBytes, choosePieces } = options;
  if (choosePieces !== undefined) return await replacePieces(choosePieces(sealed), options);
  const savedBytes = await replaceAll(options);
  if (savedBytes !== undefined) return { savedBytes, lackedBytes: 0 };
  const weights = await weighPieces(options);
  const { pieces, lackedBytes } = planPieces(sealed, weights, roomBytes);
  if (pieces.length === 0) return { savedBytes: 0, lackedBytes };
  const replaced = await replacePieces(pieces, options);
  return { ...replaced, lackedBytes: Math.max(replaced.lackedBytes, lackedBytes) };
}

/** Replaces all segments at once, if there is room. Resolves to the bytes that were given back. */
async function replaceAll(options: ScarceOptions): Promise<number | undefined> {
  const { sealed, shard: { segments }, roomBytes } = options;
  const merge = segments.merge(sealed.map(({ id }) => id));
  try {
    const merging = new Merging(merge, options);
    await merging.decide();
    const weights = [...(await merging.weigh()).values()];
    if (weights.reduce((sum, bytes) => sum + takenBytes(bytes), 0) > roomBytes) return undefined;
    const outcome = await merging.replace(merge);
    options.onOutcome(outcome);
    return outcome.savedBytes;
  } finally {
    merge.abandon();
  }
}

/** The bytes of what is kept of each segment if all are replaced one by one: removals stay then. */
async function weighPieces(options: ScarceOptions): Promise<ReadonlyMap<number, number>> {
  const merging = mergingOf(options.sealed.map(({ id }) => id), options);
  try {
    await merging.decide();
    return await merging.weigh();
  } finally {
    merging.end();
  }
}

/** Which segments are replaced, the newest first. */
export interface PiecePlan {
  /** Their ids. */
  readonly pieces: readonly number[];
  /** The least room that one would need that stays for lack of it; 0: there is none. */
  readonly lackedBytes: number;
}

/**
 * Chooses segments: each fits into the room that there is, and half of what those before have given
 * back. The other half is for whoever finishes work.
 *
 * @param weights The bytes of what is kept of each.
 */
export function planPieces(
  sealed: readonly Segment[],
  weights: ReadonlyMap<number, number>,
  roomBytes: number,
): PiecePlan {
  const pieces: number[] = [];
  let room = roomBytes;
  let lackedBytes = 0;
  for (const { id, bytes } of sealed.toReversed()) {
    const taken = takenBytes(weights.get(id) ?? 0);
    const gain = bytes - taken;
    if (gain < GAIN_SHARE * bytes) continue;
    if (taken > room) {
      lackedBytes = lackedBytes === 0 ? taken : Math.min(lackedBytes, taken);
      continue;
    }
    pieces.push(id);
    room += gain / 2;
  }
  return { pieces, lackedBytes };
}

/** A merge in which some segments are replaced one by one, and the others stay. */
function mergingOf(pieces: readonly number[], options: ScarceOptions): Merging {
  const { sealed, shard: { segments } } = options;
  const decision = segments.merge(sealed.map(({ id }) => id));
  const stretches = sealed.map(({ id, lastLsn }) => ({ lastLsn, stays: !pieces.includes(id) }));
  return new Merging(decision, options, stretches);
}

/** Replaces segments one by one, as long as there is room. */
async function replacePieces(
  pieces: readonly number[],
  options: ScarceOptions,
): Promise<ScarceOutcome> {
  const merging = mergingOf(pieces, options);
  let savedBytes = 0;
  try {
    await merging.decide();
    for (const id of pieces) {
      const merge = options.shard.segments.merge([id], merging.until.index);
      const { bytes: lackedBytes } = merge;
      try {
        const outcome = await merging.replace(merge);
        options.onOutcome(outcome);
        savedBytes += outcome.savedBytes;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        return { savedBytes, lackedBytes };
      }
    }
    return { savedBytes, lackedBytes: 0 };
  } finally {
    merging.end();
  }
}

/** What a segment takes of which so many bytes are kept. */
function takenBytes(bytes: number): number {
  return bytes + SEGMENT_BYTES;
}
