/**
 * The two slots of the manifest as bytes.
 *
 * @module
 */

import { ByteWriter, crc32, DecodeError } from "../codec/mod.ts";
import { type Directory, fileErrorCode, readFully } from "../files/mod.ts";
import { readFormat, writeFormat } from "./format.ts";
import { decodeHeader, HEADER_BYTES, magic, sealHeader } from "./header.ts";
import { type ManifestState, parseManifestState } from "./manifest_state.ts";

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
  const body = new TextEncoder().encode(JSON.stringify(written(state)));
  const writer = new ByteWriter(HEADER_BYTES + body.length);
  writer.u32(MAGIC);
  writeFormat(writer);
  writer.u32(body.length);
  writer.u53(number);
  writer.u32(crc32(body));
  sealHeader(writer);
  writer.raw(body);
  return writer.bytes();
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
  const header = decodeHeader(bytes, MAGIC, (fields) => {
    readFormat(fields, file);
    return { bodyLength: fields.u32(), number: fields.u53(), bodyCrc: fields.u32() };
  });
  if (header === undefined || slotName(header.number) !== file) return undefined;
  const body = bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.bodyLength);
  if (body.length !== header.bodyLength || crc32(body) !== header.bodyCrc) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return { number: header.number, state: parseManifestState(JSON.parse(text)) };
  } catch (error) {
    if (
      error instanceof DecodeError || error instanceof SyntaxError || error instanceof TypeError
    ) {
      return undefined;
    }
    throw error;
  }
}

/** Reads a slot; a file that is not there is an empty one. */
export function readSlot(directory: Directory, name: string): Generation | undefined {
  let file;
  try {
    file = directory.open(name);
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(file.getSize());
    const count = readFully(file, bytes, { at: 0 });
    return decodeSlot(bytes.subarray(0, count), name);
  } finally {
    file.close();
  }
}
