/**
 * The arguments of `events`.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import type { EventsQuery } from "../queries/query.ts";
import { type Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { checkTexts } from "./checks.ts";

const EVENTS: ReadonlySet<string> = new Set(["from", "types", "signal"]);

/** Checks the arguments of `events`. Whether a cursor is one, who made it has to say. */
export function parseEvents(options: unknown, context: ParseContext): EventsQuery {
  const args = argumentsOf(options, EVENTS, context);
  const from = args.raw("from");
  if (from !== undefined && typeof from !== "string") {
    throw invalid("from", from, 'the cursor of an event, or "start"');
  }
  return { from, types: parseTypes(args), signal: args.signal() };
}

function parseTypes(args: Arguments): ReadonlySet<string> | null {
  const types = args.raw("types");
  if (types === undefined) return null;
  const { idBytesMax: bytesMax, claimFilterMax: countMax } = args.limits;
  return new Set(checkTexts("types", types, { bytesMax, countMax }));
}
