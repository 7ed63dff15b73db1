/**
 * References to values that are stored already.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import type { ValueLink } from "../values/value.ts";
import { parseValueRef } from "../values/value_ref.ts";
import { checkText } from "./checks.ts";

/** Reads a reference. */
export function parseValueLink(field: string, ref: unknown, bytesMax: number): ValueLink {
  const linkLsn = parseValueRef(checkText(field, ref, bytesMax));
  if (linkLsn === undefined) throw invalid(field, ref, "a reference that this store gave");
  return { linkLsn };
}
