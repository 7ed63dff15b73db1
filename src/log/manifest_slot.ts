/**
 * The two slots of the manifest as bytes.
 *
 * @module
 */

import { type Directory, readWholeFile } from "../files/mod.ts";
import { decodeDocument, encodeDocument } from "./document.ts";
import { magic } from "./header.ts";
import { featuresOf, type ManifestState, parseManifestState } from "./manifest_state.ts";

const MAGIC = magic("FCMF");

/** The names of the slots. Generation g is in slot g mod 2. */
export const MANIFEST_NAMES: readonly [string, string] = ["MANIFEST.0", "MANIFEST.1"];

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

/** What is written of a state: not what only a restored store differs in. */
function written({ hashId, fencingFloor, ...state }: ManifestState): Partial<ManifestState> {
  const isRestored = hashId !== state.dbId || fencingFloor > 0;
  const { dbId, ...rest } = state;
  return isRestored ? { dbId, hashId, fencingFloor, ...rest } : state;
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
