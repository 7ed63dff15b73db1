/**
 * The two slots of the manifest as bytes.
 *
 * @module
 */

import { type Directory, readWholeFile } from "../../files/mod.ts";
import { decodeDocument, encodeDocument } from "../format/document.ts";
import { magic } from "../format/header.ts";
import {
  featuresOf,
  type ManifestState,
  parseManifestState,
  type SegmentEntry,
} from "./manifest_state.ts";

const MAGIC = magic("FCMF");

/** The names of the slots. Generation g is in slot g mod 2. */
export const MANIFEST_NAMES: readonly [string, string] = ["MANIFEST.0", "MANIFEST.1"];

/** A slot grows by so many bytes: a few dozen segments, and a block of most file systems. */
const STEP_BYTES = 4_096;

const ID_MAX = 0xffff_ffff;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const PLACE_MAX = { index: COUNT_MAX, lsn: COUNT_MAX, chain: ID_MAX };

/** The entry that takes most. */
const LONGEST_ENTRY: Required<SegmentEntry> = {
  id: ID_MAX,
  shard: 0xffff,
  salt: ID_MAX,
  base: PLACE_MAX,
  merged: true,
  until: COUNT_MAX,
  sealed: { end: PLACE_MAX, size: COUNT_MAX },
};

/** It, and what stands between it and the next. */
const ENTRY_BYTES_MAX = JSON.stringify(LONGEST_ENTRY).length + ",".length;

/** One generation of the manifest. */
export interface Generation {
  /** Its number, from 1. */
  readonly number: number;
  /** What it says. */
  readonly state: ManifestState;
}

/** The name of the slot that a generation is written to. */
export function slotName(generation: number): string {
  return MANIFEST_NAMES[generation % 2 === 0 ? 0 : 1];
}

/** The bytes of a slot with this generation. */
export function encodeSlot({ number, state }: Generation): Uint8Array {
  return encodeDocument(written(state), {
    magic: MAGIC,
    features: featuresOf(state),
    writeFields: (writer) => writer.u53(number),
  });
}

/**
 * How long a slot has to be for whatever follows this generation and lists up to so many segments more.
 * Sealing a segment and listing the next one takes no more than a segment that has all that one can have.
 */
export function slotBytesFor({ number, state }: Generation, segments: number): number {
  const { length } = encodeSlot({ number, state: { ...state, nextSegment: COUNT_MAX } });
  const bytes = length + segments * ENTRY_BYTES_MAX;
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}

/** What is written of a state: not what only a restored store differs in. */
function written(
  { hashId, fencingFloor, origins, ...state }: ManifestState,
): Partial<ManifestState> {
  const isRestored = hashId !== state.dbId || fencingFloor > 0;
  const { dbId, ...rest } = state;
  return isRestored ? { dbId, hashId, fencingFloor, origins, ...rest } : state;
}

/**
 * The generation in a slot, or `undefined` if it is damaged, cut short or empty.
 *
 * @throws {FlowError} `newer_format` if this version cannot read it.
 */
export function decodeSlot(bytes: Uint8Array, file: string): Generation | undefined {
  const document = decodeDocument(bytes, {
    magic: MAGIC,
    file,
    readFields: (fields) => fields.u53(),
    parse: parseManifestState,
  });
  if (document === undefined || slotName(document.fields) !== file) return undefined;
  return { number: document.fields, state: document.body };
}

/** Reads a slot; a file that is not there is an empty one. */
export function readSlot(directory: Directory, name: string): Generation | undefined {
  const bytes = readWholeFile(directory, name);
  return bytes && decodeSlot(bytes, name);
}
