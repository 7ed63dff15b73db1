/**
 * Versions of the files, and what happens to files from the future.
 *
 * @module
 */

import type { ByteReader, ByteWriter } from "../../codec/mod.ts";
import { FlowError } from "../../errors.ts";

/** Readers refuse files with a greater number. */
const FORMAT_MAJOR = 1;

/** Counts additions that older readers may ignore. */
const FORMAT_MINOR = 0;

/** What a reader has to understand, a bit each. */
export const Feature = {
  /** There are merged segments, whose frames stand for several and have gaps in their LSNs. */
  MERGED: 1,
  /** Of some merged segments it was decided by later ones as well what they hold. */
  PIECES: 2,
} as const;

const FEATURES_KNOWN = Feature.MERGED | Feature.PIECES;

/**
 * Writes the version of this format.
 *
 * @param features What a reader of this file has to understand, a bit each. Default: nothing.
 */
export function writeFormat(writer: ByteWriter, features = 0): void {
  writer.u16(FORMAT_MAJOR);
  writer.u16(FORMAT_MINOR);
  writer.u32(features);
}

/**
 * Reads the version of a file. Returns what its reader has to understand, a bit each.
 *
 * @param known What such a file may need. Default: all that there is.
 *
 * @throws {FlowError} `newer_format` if this version of flowcask cannot read the file.
 */
export function readFormat(
  reader: ByteReader,
  file: string,
  known: number = FEATURES_KNOWN,
): number {
  const major = reader.u16();
  const minor = reader.u16();
  const features = reader.u32();
  const unknown = (features & ~known) >>> 0;
  if (major <= FORMAT_MAJOR && unknown === 0) return features;
  const reason = major > FORMAT_MAJOR
    ? `has format ${major}.${minor}`
    : `has format ${major}.${minor} with the unknown features 0x${unknown.toString(16)}`;
  throw new FlowError(
    "newer_format",
    `The file "${file}" ${reason}, and this version reads up to ${FORMAT_MAJOR}.${FORMAT_MINOR}`,
    {
      details: {
        file,
        major,
        minor,
        features,
        majorMax: FORMAT_MAJOR,
        featuresKnown: known,
      },
    },
  );
}
