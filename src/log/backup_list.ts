/**
 * The list of a backup, as bytes: what was copied, and what it has to be.
 *
 * @module
 */

import { ByteWriter, crc32, DecodeError } from "../codec/mod.ts";
import { type Directory, fileErrorCode, readFully } from "../files/mod.ts";
import { readFormat, writeFormat } from "./format.ts";
import { decodeHeader, HEADER_BYTES, magic, sealHeader } from "./header.ts";
import type { LogPosition } from "./log.ts";
import { type ManifestState, parseManifestState, parsePosition } from "./manifest_state.ts";

const MAGIC = magic("FCBK");

/** Name of the file. */
export const BACKUP_NAME = "BACKUP";

/** A file of a backup. */
export interface CopiedFile {
  /** Name of the file. */
  readonly name: string;
  /** Its size, in bytes. */
  readonly size: number;
  /** Checksum of all of it. */
  readonly crc: number;
}

/** What a backup says about itself. */
export interface BackupList {
  /** The manifest of the store that was copied. */
  readonly manifest: ManifestState;
  /** Where the log of each shard ends in it. What stands behind that in a file means nothing. */
  readonly ends: readonly LogPosition[];
  /** The files that were copied. */
  readonly files: readonly CopiedFile[];
}

/** The bytes of a list. */
export function encodeBackupList(list: BackupList): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(list));
  const writer = new ByteWriter(HEADER_BYTES + body.length);
  writer.u32(MAGIC);
  writeFormat(writer);
  writer.u32(body.length);
  writer.u32(crc32(body));
  sealHeader(writer);
  writer.raw(body);
  return writer.bytes();
}

/**
 * Reads the list of a backup; `undefined` if there is none, or not a whole one.
 *
 * @throws {FlowError} `newer_format` if this version cannot read it.
 */
export function readBackupList(directory: Directory): BackupList | undefined {
  const bytes = contentsOf(directory);
  const header = decodeHeader(bytes, MAGIC, (fields) => {
    readFormat(fields, BACKUP_NAME);
    return { bodyLength: fields.u32(), bodyCrc: fields.u32() };
  });
  if (header === undefined) return undefined;
  const body = bytes.subarray(HEADER_BYTES);
  if (body.length !== header.bodyLength || crc32(body) !== header.bodyCrc) return undefined;
  try {
    return parseList(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)));
  } catch (error) {
    if (
      error instanceof DecodeError || error instanceof SyntaxError || error instanceof TypeError
    ) {
      return undefined;
    }
    throw error;
  }
}

function parseList(value: unknown): BackupList {
  const { manifest, ends, files } = value as {
    readonly manifest: unknown;
    readonly ends: unknown[];
    readonly files: CopiedFile[];
  };
  return {
    manifest: parseManifestState(manifest),
    ends: ends.map(parsePosition),
    files: files.map(({ name, size, crc }) => ({ name, size, crc })),
  };
}

function contentsOf(directory: Directory): Uint8Array {
  let file;
  try {
    file = directory.open(BACKUP_NAME);
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return new Uint8Array();
    throw error;
  }
  try {
    const bytes = new Uint8Array(file.getSize());
    return bytes.subarray(0, readFully(file, bytes, { at: 0 }));
  } finally {
    file.close();
  }
}
