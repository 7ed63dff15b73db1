/**
 * What the manifest says, and the check of a manifest that somebody else may have written.
 *
 * @module
 */

import { DecodeError } from "../../codec/mod.ts";
import { Feature } from "../format/format.ts";
import { isSamePosition } from "../format/position.ts";
import type { LogPosition } from "../log.ts";

/** Slots that partitions are spread over; each belongs to one shard. */
export const PARTITION_SLOTS = 1024;

/** What a sealed segment ends with. */
export interface Seal {
  /** The place after its last frame. */
  readonly end: LogPosition;
  /** Size of the file, in bytes. */
  readonly size: number;
}

/** A segment that exists. */
export interface SegmentEntry {
  /** The number in its name. */
  readonly id: number;
  /** The shard whose log it belongs to. */
  readonly shard: number;
  /** What its frames repeat. */
  readonly salt: number;
  /** The place that its first frame stands on. */
  readonly base: LogPosition;
  /** Whether it holds what a merge has kept. Absent: it holds frames as they were committed. */
  readonly merged?: true;
  /**
   * The index of the last frame by which it was decided what a merged segment holds, if that comes
   * behind it: the segments up to there mean something together only.
   */
  readonly until?: number;
  /** Present once nothing is written to it any more. */
  readonly sealed?: Seal;
}

/** A file that looks like a segment and is listed nowhere. */
export interface QuarantineEntry {
  /** Name of the file. */
  readonly name: string;
  /** The generation that noticed it. */
  readonly generation: number;
}

/** A store that another one was restored from. */
export interface Origin {
  /** The store. */
  readonly dbId: string;
  /** The place in the log of each shard up to which both are the same. */
  readonly ends: readonly LogPosition[];
}

/** Everything the manifest says. */
export interface ManifestState {
  /** The store, in hexadecimal. */
  readonly dbId: string;
  /**
   * What the keys of the store's hashes are made of, in hexadecimal: the `dbId` that it was created
   * with. A store that was restored has another `dbId`, but the same keys in its records.
   */
  readonly hashId: string;
  /** Every fencing number that the store gives away is above this. Above 0 in a restored store. */
  readonly fencingFloor: number;
  /** Those that it was restored from, one from the other, the first one first. */
  readonly origins: readonly Origin[];
  /** Number of the opening. */
  readonly epoch: number;
  /** Runs of slots and the shard that they belong to. */
  readonly slots: readonly (readonly [count: number, shard: number])[];
  /** The lowest id that no segment has had. */
  readonly nextSegment: number;
  /** All segments, those of a shard in order. */
  readonly segments: readonly SegmentEntry[];
  /** Files to be removed. */
  readonly quarantine: readonly QuarantineEntry[];
}

/** Every shard of a store that is created gets as many slots as the others, or one more. */
export function slotsOf(shards: number): ManifestState["slots"] {
  const least = Math.floor(PARTITION_SLOTS / shards);
  return Array.from(
    { length: shards },
    (_, shard) => [least + (shard < PARTITION_SLOTS % shards ? 1 : 0), shard] as const,
  );
}

/** What a reader of a manifest has to understand, a bit each. */
export function featuresOf({ segments }: Pick<ManifestState, "segments">): number {
  const merged = segments.some(({ merged }) => merged === true) ? Feature.MERGED : 0;
  const pieces = segments.some(({ until }) => until !== undefined) ? Feature.PIECES : 0;
  return merged | pieces;
}

/** How many shards a store has: they are numbered from 0, and each has a slot. */
export function shardCountOf({ slots }: Pick<ManifestState, "slots">): number {
  return new Set(slots.map(([, shard]) => shard)).size;
}

/** Builds a state of what `JSON.parse` returned; throws a `DecodeError` if it is none. */
export function parseManifestState(value: unknown): ManifestState {
  const fields = fieldsOf(value, "the manifest");
  const dbId = idOf(fields["dbId"], "dbId");
  const state = {
    dbId,
    hashId: fields["hashId"] === undefined ? dbId : idOf(fields["hashId"], "hashId"),
    fencingFloor: fields["fencingFloor"] === undefined
      ? 0
      : wholeNumber(fields["fencingFloor"], "fencingFloor"),
    origins: fields["origins"] === undefined ? [] : list(fields, "origins").map(parseOrigin),
    epoch: wholeNumber(fields["epoch"], "epoch", 0xffff_ffff),
    slots: list(fields, "slots").map(parseSlots),
    nextSegment: wholeNumber(fields["nextSegment"], "nextSegment"),
    segments: list(fields, "segments").map(parseSegment),
    quarantine: list(fields, "quarantine").map(parseQuarantine),
  };
  const slotCount = state.slots.reduce((sum, [count]) => sum + count, 0);
  const isGap = state.slots.some(([count, shard]) => count === 0 || shard >= shardCountOf(state));
  if (slotCount !== PARTITION_SLOTS || isGap) throw wrong("slots");
  if (state.origins.some(({ ends }) => ends.length !== shardCountOf(state))) throw wrong("origins");
  checkSegments(state);
  return state;
}

/** The segments of a shard join without gaps, and only the last one is open. */
function checkSegments({ segments, nextSegment, slots }: ManifestState): void {
  if (segments.some(({ shard }) => shard >= shardCountOf({ slots }))) throw wrong("a shard");
  const lastOfShard: SegmentEntry[] = [];
  for (const segment of segments) {
    const before = lastOfShard[segment.shard];
    const joins = before === undefined ||
      (before.sealed !== undefined && isSamePosition(before.sealed.end, segment.base));
    if (!joins || segment.id >= nextSegment) throw wrong(`the segment ${segment.id}`);
    lastOfShard[segment.shard] = segment;
  }
  // What a merge has kept is never written to.
  if (lastOfShard.some(({ sealed }) => sealed !== undefined)) throw wrong("segments");
  if (segments.some(({ merged, sealed }) => merged && sealed === undefined)) throw wrong("merged");
  if (segments.some(({ merged, until }) => until !== undefined && !merged)) throw wrong("until");
  if (new Set(segments.map(({ id }) => id)).size !== segments.length) throw wrong("segments");
}

function parseSlots(value: unknown): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) throw wrong("slots");
  return [wholeNumber(value[0], "slots"), wholeNumber(value[1], "slots", 0xffff)];
}

function parseSegment(value: unknown): SegmentEntry {
  const fields = fieldsOf(value, "a segment");
  const entry = {
    id: wholeNumber(fields["id"], "id", 0xffff_ffff),
    shard: wholeNumber(fields["shard"], "shard", 0xffff),
    salt: wholeNumber(fields["salt"], "salt", 0xffff_ffff),
    base: parsePosition(fields["base"]),
    ...mergedOf(fields),
    ...fields["until"] === undefined ? {} : { until: wholeNumber(fields["until"], "until") },
  };
  if (fields["sealed"] === undefined) return entry;
  const sealed = fieldsOf(fields["sealed"], "sealed");
  return {
    ...entry,
    sealed: { end: parsePosition(sealed["end"]), size: wholeNumber(sealed["size"], "size") },
  };
}

function idOf(value: unknown, name: string): string {
  if (typeof value !== "string" || !/^[0-9a-f]{16}$/.test(value)) throw wrong(name);
  return value;
}

/** A place in the log that was written as JSON. */
export function parsePosition(value: unknown): LogPosition {
  const fields = fieldsOf(value, "a place in the log");
  return {
    index: wholeNumber(fields["index"], "index"),
    lsn: wholeNumber(fields["lsn"], "lsn"),
    chain: wholeNumber(fields["chain"], "chain", 0xffff_ffff),
  };
}

function parseOrigin(value: unknown): Origin {
  const fields = fieldsOf(value, "an origin");
  return { dbId: idOf(fields["dbId"], "dbId"), ends: list(fields, "ends").map(parsePosition) };
}

function parseQuarantine(value: unknown): QuarantineEntry {
  const fields = fieldsOf(value, "a file in quarantine");
  const name = fields["name"];
  if (typeof name !== "string") throw wrong("name");
  return { name, generation: wholeNumber(fields["generation"], "generation") };
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what);
  return value as Readonly<Record<string, unknown>>;
}

/** Whether a segment is merged: a field that is true or not there. */
function mergedOf(fields: Readonly<Record<string, unknown>>): Pick<SegmentEntry, "merged"> {
  if (fields["merged"] === undefined) return {};
  if (fields["merged"] !== true) throw wrong("merged");
  return { merged: true };
}

function list(fields: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw wrong(name);
  return value;
}

function wholeNumber(value: unknown, name: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max) {
    return value;
  }
  throw wrong(name);
}

function wrong(what: string): DecodeError {
  return new DecodeError(`The manifest is wrong about ${what}`);
}
