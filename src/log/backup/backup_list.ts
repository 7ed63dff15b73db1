/**
 * The list of a backup, as bytes: what was copied, and what it has to be.
 *
 * @module
 */

import { type Directory, readWholeFile } from "../../files/mod.ts";
import { decodeDocument, encodeDocument } from "../format/document.ts";
import { magic } from "../format/header.ts";
import type { LogPosition } from "../log.ts";
import {
  featuresOf,
  type ManifestState,
  parseManifestState,
  parsePosition,
} from "../manifest/manifest_state.ts";

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
  return encodeDocument(list, { magic: MAGIC, features: featuresOf(list.manifest) });
}

/**
 * Reads the list of a backup; `undefined` if there is none, or not a whole one.
 *
 * @throws {FlowError} `newer_format` if this version cannot read it.
 */
export function readBackupList(directory: Directory): BackupList | undefined {
  const bytes = readWholeFile(directory, BACKUP_NAME);
  if (bytes === undefined) return undefined;
  const document = decodeDocument(bytes, {
    magic: MAGIC,
    file: BACKUP_NAME,
    readFields: () => undefined,
    parse: parseList,
  });
  // Nothing stands behind it.
  return document?.size === bytes.length ? document.body : undefined;
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
