/**
 * Effects as they stand in the log.
 *
 * @module
 */
import { DecodeError } from "../../codec/mod.ts";
import { FlowError } from "../../errors.ts";
import { decodeEffect, type Dictionary, type Effect } from "../../flow/core/mod.ts";
import { type BodyPlace, type LogRecord, segmentName } from "../../log/mod.ts";

/**
 * The effect of a record that stands at a place.
 *
 * @throws {FlowError} `corrupt` if a record that is whole does not say what its type must say.
 */
export function storedEffect(record: LogRecord, place: BodyPlace, dictionary: Dictionary): Effect {
  try {
    return decodeEffect(record, dictionary);
  } catch (cause) {
    throw storedError(cause, { lsn: record.lsn, place });
  }
}

/** What is wrong with the record that could not be read; other errors as they are. */
export function storedError(
  cause: unknown,
  { lsn, place: { segment, offset } }: { readonly lsn: number; readonly place: BodyPlace },
): unknown {
  if (!(cause instanceof DecodeError)) return cause;
  const file = segmentName(segment);
  return new FlowError(
    "corrupt",
    `The record with LSN ${lsn} in the file "${file}" at ${offset}: ${cause.message}`,
    { details: { file, offset, lsn }, cause },
  );
}
