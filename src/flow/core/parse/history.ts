/**
 * The arguments of `history`.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import type { FlowEventName } from "../../mod.ts";
import { EVENT_NAMES } from "../encoding/ctrl.ts";
import { compareEvents, type EventPosition, formatEventId, parseEventId } from "../event_id.ts";
import type { HistoryFilter, HistoryQuery } from "../queries/query.ts";
import { type Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { hydrationOf } from "./hydration.ts";
import { checkConsistent, countOf } from "./query.ts";
import { inverted, parseInstants } from "./range.ts";
import { parseTarget } from "./target.ts";

const HISTORY: ReadonlySet<string> = new Set([
  "count",
  "rev",
  "fromEvent",
  "toEvent",
  "fromMs",
  "toMs",
  "fromVersion",
  "toVersion",
  "event",
  "worker",
  "values",
  "payloadMaxBytes",
  "consistent",
]);

/** Checks the arguments of `history`. */
export function parseHistory(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): HistoryQuery {
  const target = parseTarget(flow, context);
  const args = argumentsOf(options, HISTORY, context);
  checkConsistent(args);
  return {
    target,
    filter: parseFilter(args),
    count: countOf(args),
    rev: args.boolean("rev", false),
    hydration: hydrationOf(args, args.boolean("values", false)),
  };
}

/** Reads the name of an event. */
export function parseEvent(args: Arguments, name: string): EventPosition | undefined {
  const id = args.raw(name);
  if (id === undefined) return undefined;
  const position = typeof id === "string" ? parseEventId(id) : undefined;
  if (position === undefined) {
    throw invalid(args.field(name), id, "the eventId of an event, such as 1700000000000-3");
  }
  return position;
}

function parseFilter(args: Arguments): HistoryFilter {
  const fromEvent = parseEvent(args, "fromEvent");
  const toEvent = parseEvent(args, "toEvent");
  if (fromEvent !== undefined && toEvent !== undefined && compareEvents(fromEvent, toEvent) > 0) {
    throw inverted("Event", formatEventId(fromEvent), formatEventId(toEvent));
  }
  const fromVersion = args.integer("fromVersion", 0, Number.MAX_SAFE_INTEGER);
  const toVersion = args.integer("toVersion", 0, Number.MAX_SAFE_INTEGER);
  if (fromVersion !== undefined && toVersion !== undefined && fromVersion > toVersion) {
    throw inverted("Version", fromVersion, toVersion);
  }
  return {
    fromEvent,
    toEvent,
    fromVersion,
    toVersion,
    ...parseInstants(args),
    event: parseEventName(args),
    worker: args.optionalText("worker"),
  };
}

function parseEventName(args: Arguments): FlowEventName | undefined {
  const name = args.raw("event");
  if (name === undefined || EVENT_NAMES.includes(name as FlowEventName)) {
    return name as FlowEventName | undefined;
  }
  throw invalid(args.field("event"), name, `one of ${EVENT_NAMES.join(", ")}`);
}
