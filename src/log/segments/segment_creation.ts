/**
 * New segments.
 *
 * @module
 */

import { type Directory, type FileHandle, writeFully } from "../../files/mod.ts";
import type { Random } from "../../time/mod.ts";
import { encodeSegmentHead, segmentIdOf, segmentName } from "../format/segment.ts";
import type { LogPosition } from "../log.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { SegmentEntry } from "../manifest/manifest_state.ts";
import { removeIfPossible } from "./removal.ts";

/** What new segments are made of. */
export interface SegmentSource {
  /** Where. */
  readonly directory: Directory;
  /** The manifest, which does not learn of them here. */
  readonly manifest: Manifest;
  /** The shard whose log they belong to. */
  readonly shard: number;
  /** For their salt. */
  readonly random: Random;
}

/** A segment that is durable and listed nowhere. */
export interface NewSegment {
  /** What the manifest has to list before the first frame is written. */
  readonly entry: SegmentEntry;
  /** Its file. */
  readonly file: FileHandle;
}

/**
 * Creates a segment and makes it and its name durable. When it throws, nothing has changed, except
 * that a stray may be left.
 */
export function createSegment(source: SegmentSource, base: LogPosition): NewSegment {
  const { directory, manifest } = source;
  manifest.prove();
  const { entry, head } = nextSegment(source, freeSegmentId(source), base);
  const name = segmentName(entry.id);
  const file = directory.open(name, { create: true });
  try {
    writeFully(file, head, { at: 0 });
    file.flush();
    directory.sync();
    return { entry, file };
  } catch (error) {
    file.close();
    removeIfPossible(directory, name);
    throw error;
  }
}

/** What the manifest is to list of a segment that is begun now, and the head of its file. */
export function nextSegment(
  { manifest, shard, random }: SegmentSource,
  id: number,
  base: LogPosition,
): { readonly entry: SegmentEntry; readonly head: Uint8Array } {
  const entry = { id, shard, salt: random.u32(), base };
  return { entry, head: encodeSegmentHead({ ...entry, dbId: manifest.state.dbId }) };
}

/**
 * Seals the open segment of a log and lists the next one, in one generation of the manifest. Always
 * in the isolate of the store: the manifest belongs to all logs of the directory, and has one writer.
 */
export function listNext(
  manifest: Manifest,
  { entry: { id }, end, size }: {
    readonly entry: Pick<SegmentEntry, "id">;
    readonly end: LogPosition;
    readonly size: number;
  },
  next: SegmentEntry,
): void {
  const { state } = manifest;
  const segments = state.segments
    .map((segment) => segment.id === id ? { ...segment, sealed: { end, size } } : segment);
  manifest.publish({ segments: [...segments, next] });
}

/** The lowest id above all that are or were in use, strays included. */
export function freeSegmentId(
  { directory, manifest }: Pick<SegmentSource, "directory" | "manifest">,
): number {
  const ids = directory.list().map((name) => segmentIdOf(name) ?? 0);
  return Math.max(manifest.state.nextSegment, ...ids.map((id) => id + 1));
}
