/**
 * Which values a reply is to show.
 *
 * @module
 */
import type { Hydration } from "../command.ts";
import type { Arguments } from "./arguments.ts";

/** Larger values are left out, unless the caller says otherwise. */
const PAYLOAD_BYTES_MAX = 65_536;

/** Reads the cap; null if no values are wanted. */
export function hydrationOf(args: Arguments, wanted: boolean): Hydration | null {
  const maxBytes = args.integer("payloadMaxBytes", 0, Number.MAX_SAFE_INTEGER) ??
    PAYLOAD_BYTES_MAX;
  if (!wanted) return null;
  // A caller who asks for large values gets at least one of them.
  return { maxBytes, totalBytesMax: Math.max(maxBytes, args.limits.claimBytesMax) };
}
