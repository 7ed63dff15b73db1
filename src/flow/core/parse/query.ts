/**
 * The arguments of the commands that only read.
 *
 * @module
 */
import type { ListPosition } from "../../../index/mod.ts";
import { RUNNING } from "../../mod.ts";
import type { GetQuery, HistoryQuery, InfoQuery, ListQuery, StuckQuery } from "../command.ts";
import { parseCursor } from "../cursor.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { invalid } from "./bad_argument.ts";
import { checkObject, checkStateName, checkText, DURATION_MS_MAX } from "./checks.ts";
import { hydrationOf } from "./hydration.ts";
import { parseTarget } from "./target.ts";

/** Rows of a query that nobody gave a count. */
const COUNT = 100;

const GET: ReadonlySet<string> = new Set(["payload", "full", "payloadMaxBytes"]);
const HISTORY: ReadonlySet<string> = new Set(["count", "rev", "consistent"]);
const LIST: ReadonlySet<string> = new Set([
  "state",
  "partitionKey",
  "count",
  "cursor",
  "consistent",
]);
const INFO: ReadonlySet<string> = new Set(["partitionKey"]);
const STUCK: ReadonlySet<string> = new Set(["partitionKey", "count", "olderThanMs"]);

/** Checks the arguments of `get`. */
export function parseGet(flow: unknown, options: unknown, context: ParseContext): GetQuery {
  const target = parseTarget(flow, context);
  const args = argumentsOf(options, GET, context);
  const wanted = args.boolean("payload", args.boolean("full", false));
  const hydration = hydrationOf(args, wanted);
  // One flow has three values at most, so only the cap of each counts.
  return { target, hydration: hydration && { ...hydration, totalBytesMax: Infinity } };
}

/** Checks the arguments of `history`. */
export function parseHistory(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): HistoryQuery {
  const target = parseTarget(flow, context);
  const args = argumentsOf(options, HISTORY, context);
  return {
    target,
    count: countOf(args),
    rev: args.boolean("rev", false),
    consistent: args.boolean("consistent", true),
  };
}

/** Checks the arguments of `list`. */
export function parseList(type: unknown, options: unknown, context: ParseContext): ListQuery {
  const { idBytesMax } = context.limits;
  const checkedType = checkText("type", type, idBytesMax);
  const args = argumentsOf(options, LIST, context);
  return {
    type: checkedType,
    state: parseState(args.raw("state"), idBytesMax),
    partitionKey: args.optionalText("partitionKey") ?? null,
    count: countOf(args),
    after: parseAfter(args.raw("cursor")),
    consistent: args.boolean("consistent", true),
  };
}

/** Checks the arguments of `info`. */
export function parseInfo(type: unknown, options: unknown, context: ParseContext): InfoQuery {
  const checkedType = checkText("type", type, context.limits.idBytesMax);
  const args = argumentsOf(options, INFO, context);
  return { type: checkedType, partitionKey: args.optionalText("partitionKey") ?? null };
}

/** Checks the arguments of `stuck`. */
export function parseStuck(type: unknown, options: unknown, context: ParseContext): StuckQuery {
  const checkedType = checkText("type", type, context.limits.idBytesMax);
  const args = argumentsOf(options, STUCK, context);
  return {
    type: checkedType,
    partitionKey: args.optionalText("partitionKey") ?? null,
    count: countOf(args),
    olderThanMs: args.integer("olderThanMs", 0, DURATION_MS_MAX) ?? 0,
  };
}

function argumentsOf(
  options: unknown,
  known: ReadonlySet<string>,
  context: ParseContext,
): Arguments {
  return new Arguments(checkObject("options", options ?? {}), { context, known });
}

function countOf(args: Arguments): number {
  return args.count("count", 1, args.limits.queryCountMax) ?? COUNT;
}

/** A state as it is shown; null: every one. */
function parseState(state: unknown, bytesMax: number): string | null {
  if (state === undefined) return null;
  const name = checkText("state", state, bytesMax);
  if (name.toLowerCase() === "any") return null;
  return name === RUNNING ? name : checkStateName("state", name, bytesMax);
}

function parseAfter(cursor: unknown): ListPosition | null | undefined {
  if (cursor === undefined || cursor === null) return cursor;
  const position = typeof cursor === "string" ? parseCursor(cursor) : undefined;
  if (position === undefined) {
    throw invalid("cursor", cursor, "null or a cursor that the last page gave");
  }
  return position;
}
