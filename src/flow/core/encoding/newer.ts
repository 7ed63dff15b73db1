/**
 * What a record says that only a later version understands.
 *
 * @module
 */
import { FlowError } from "../../../errors.ts";

/** Refuses bits that have no meaning yet. */
export function refuseUnknownBits(record: string, flags: number, known: number): void {
  if ((flags & ~known) === 0) return;
  throw newer(`${record} record with flags ${flags}`);
}

/** The error for something that was written by a later version. */
export function newer(what: string): FlowError {
  return new FlowError("newer_format", `The log has a ${what}, which this version does not know`, {
    details: { what },
  });
}
