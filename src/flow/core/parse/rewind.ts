/**
 * The arguments of `rewind`.
 *
 * @module
 */
import { checkObject, missing } from "../../../argument.ts";
import type { RewindCommand } from "../command.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { parseEvent } from "./history.ts";
import { parseTarget } from "./target.ts";

const REWIND: ReadonlySet<string> = new Set(["toEvent", "expectState", "runAtMs", "nowMs"]);

/** Checks the arguments of `rewind`. */
export function parseRewind(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): RewindCommand {
  const target = parseTarget(flow, context);
  const args = new Arguments(checkObject("options", options), { context, known: REWIND });
  const toEvent = parseEvent(args, "toEvent");
  if (toEvent === undefined) {
    throw missing("toEvent", "name the event to go back to by its eventId, as history() shows it");
  }
  return {
    kind: "rewind",
    target,
    toEvent,
    expectState: args.optionalText("expectState"),
    runAtMs: args.instant("runAtMs"),
    nowMs: args.nowMs(),
    largeValues: [],
  };
}
