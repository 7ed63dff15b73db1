/**
 * The arguments of the commands that only read.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import { DURATION_MS_MAX } from "../../../bounds.ts";
import { isTerminalState, RUNNING, type TerminalState } from "../../mod.ts";
import type { Hydration } from "../command.ts";
import { parseCursor, parseLeaseCursor } from "../queries/cursor.ts";
import type {
  GetQuery,
  InfoQuery,
  ListQuery,
  StuckQuery,
  TerminalsQuery,
} from "../queries/query.ts";
import type { RowsWanted } from "../queries/rows.ts";
import { type Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { checkStateName, checkText } from "./checks.ts";
import { hydrationOf, namedSelection } from "./hydration.ts";
import { parseInstants } from "./range.ts";
import { parseTarget } from "./target.ts";

/** Rows of a query that nobody gave a count. */
const COUNT = 100;

const GET: ReadonlySet<string> = new Set(["payload", "full", "payloadMaxBytes", "values"]);
/** What every query for rows takes. */
export const ROWS: readonly string[] = [
  ...GET,
  "partitionKey",
  "count",
  "cursor",
  "consistent",
];
const LIST: ReadonlySet<string> = new Set([...ROWS, "state"]);
const FAILURES: readonly string[] = [...ROWS, "fromMs", "toMs", "rev"];
const OF_FAILURES: ReadonlySet<string> = new Set(FAILURES);
const TERMINALS: ReadonlySet<string> = new Set([...FAILURES, "state"]);
const TERMINAL_STATES: readonly TerminalState[] = ["completed", "failed", "cancelled"];
const INFO: ReadonlySet<string> = new Set(["partitionKey"]);
const STUCK: ReadonlySet<string> = new Set(["partitionKey", "count", "cursor", "olderThanMs"]);

/** Checks the arguments of `get`. */
export function parseGet(flow: unknown, options: unknown, context: ParseContext): GetQuery {
  const target = parseTarget(flow, context);
  const args = argumentsOf(options, GET, context);
  const hydration = shownOf(args);
  // What a single flow has by name counts; its payload, result and error have a cap of their own.
  const totalBytesMax = 3 * (hydration?.maxBytes ?? 0) + args.limits.valueBytesMax;
  return { target, hydration: hydration && { ...hydration, totalBytesMax } };
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
    ...rowsOf(args),
  };
}

/** Checks the arguments of `terminals`. */
export function parseTerminals(
  type: unknown,
  options: unknown,
  context: ParseContext,
): TerminalsQuery {
  const checkedType = checkText("type", type, context.limits.idBytesMax);
  const args = argumentsOf(options, TERMINALS, context);
  return terminalsOf(args, checkedType, parseTerminalStates(args.raw("state")));
}

/** Checks the arguments of `failures`. */
export function parseFailures(
  type: unknown,
  options: unknown,
  context: ParseContext,
): TerminalsQuery {
  const checkedType = checkText("type", type, context.limits.idBytesMax);
  return terminalsOf(argumentsOf(options, OF_FAILURES, context), checkedType, ["failed"]);
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
    after: parseAfter(args.raw("cursor"), parseLeaseCursor),
    olderThanMs: args.integer("olderThanMs", 0, DURATION_MS_MAX) ?? 0,
  };
}

function terminalsOf(
  args: Arguments,
  type: string,
  states: readonly TerminalState[],
): TerminalsQuery {
  return {
    type,
    states,
    partitionKey: args.optionalText("partitionKey") ?? null,
    ...parseInstants(args),
    rev: args.boolean("rev", false),
    ...rowsOf(args),
  };
}

/** The rows that a query asks for, and what they are to show. */
export function rowsOf(args: Arguments): RowsWanted {
  checkConsistent(args);
  const hydration = shownOf(args);
  const after = parseAfter(args.raw("cursor"), parseCursor);
  if (hydration === null) return { count: countOf(args), after, hydration };
  // Values are read for as many as for one claim.
  const count = countOf(args, args.limits.claimLimitMax);
  // A row is shown as a whole: whoever asks for large values gets those of at least one.
  const totalBytesMax = Math.max(hydration.totalBytesMax, 3 * (hydration.maxBytes ?? 0));
  return { count, after, hydration: { ...hydration, totalBytesMax } };
}

/** Checks `consistent`, which is none of a query's members: every query is (decision 44). */
export function checkConsistent(args: Arguments): void {
  args.boolean("consistent", true);
}

/** How many rows a query asks for. */
export function countOf(args: Arguments, max: number = args.limits.queryCountMax): number {
  return args.count("count", 1, max) ?? Math.min(COUNT, max);
}

/** The values that a read asks for; null: none. */
function shownOf(args: Arguments): Hydration | null {
  const wanted = args.boolean("payload", args.boolean("full", false));
  return hydrationOf(args, wanted, namedSelection(args));
}

/** A state as it is shown; null: every one. */
export function parseState(state: unknown, bytesMax: number): string | null {
  if (state === undefined) return null;
  const name = checkText("state", state, bytesMax);
  if (name.toLowerCase() === "any") return null;
  return name === RUNNING ? name : checkStateName("state", name, bytesMax);
}

function parseTerminalStates(state: unknown): readonly TerminalState[] {
  if (state === undefined || state === "any") return TERMINAL_STATES;
  if (typeof state === "string" && isTerminalState(state)) return [state];
  throw invalid("state", state, `any or one of ${TERMINAL_STATES.join(", ")}`);
}

/** Where a page begins: null is the first one, undefined no page at all. */
function parseAfter<Position>(
  cursor: unknown,
  parse: (cursor: string) => Position | undefined,
): Position | null | undefined {
  if (cursor === undefined || cursor === null) return cursor;
  const position = typeof cursor === "string" ? parse(cursor) : undefined;
  if (position === undefined) {
    throw invalid("cursor", cursor, "null or a cursor that the last page gave");
  }
  return position;
}
