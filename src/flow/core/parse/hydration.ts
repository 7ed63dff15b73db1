/**
 * Which values a reply is to show.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import { PAYLOAD_BYTES_MAX } from "../../../bounds.ts";
import type { Hydration } from "../command.ts";
import type { Arguments } from "./arguments.ts";
import { checkText, checkTexts } from "./checks.ts";

/** Reads the cap; null if no values are wanted. `named`: the named ones that are. */
export function hydrationOf(
  args: Arguments,
  wanted: boolean,
  named: Hydration["values"] = [],
): Hydration | null {
  const maxBytes = args.integer("payloadMaxBytes", 0, Number.MAX_SAFE_INTEGER) ??
    PAYLOAD_BYTES_MAX;
  if (!wanted && named.length === 0) return null;
  return {
    maxBytes: wanted ? maxBytes : null,
    // A caller who asks for large values gets at least one of them.
    totalBytesMax: Math.max(wanted ? maxBytes : 0, args.limits.claimBytesMax),
    values: named,
  };
}

/** Reads which named values are wanted. */
export function namedSelection(args: Arguments): Hydration["values"] {
  const given = args.raw("values");
  if (given === undefined || given === false) return [];
  if (given === true) return "all";
  const { idBytesMax: bytesMax, namedValuesMax: countMax } = args.limits;
  if (typeof given === "string") return [checkText("values", given, bytesMax)];
  if (!Array.isArray(given)) {
    throw invalid("values", given, "true, false, a name, or an array of names");
  }
  return given.length === 0 ? [] : checkTexts("values", given, { bytesMax, countMax });
}
