/**
 * The arguments of `byParent`, `byRoot` and `byCorrelation`.
 *
 * @module
 */
import { contradiction } from "../../../argument.ts";
import type { LineageQuery, Relation } from "../queries/query.ts";
import { type Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { checkText } from "./checks.ts";
import { parseState, ROWS, rowsOf } from "./query.ts";
import { parseInstants } from "./range.ts";

const LINEAGE: readonly string[] = [
  ...ROWS,
  "state",
  "terminalOnly",
  "activeOnly",
  "fromMs",
  "toMs",
  "rev",
];
const OF_LINEAGE: ReadonlySet<string> = new Set(LINEAGE);
const OF_PARENT: ReadonlySet<string> = new Set([...LINEAGE, "parentPartitionKey", "groupId"]);

/** Checks the arguments of `byParent`. */
export function parseByParent(id: unknown, options: unknown, context: ParseContext): LineageQuery {
  return parseLineage("parent", id, options, context);
}

/** Checks the arguments of `byRoot`. */
export function parseByRoot(id: unknown, options: unknown, context: ParseContext): LineageQuery {
  return parseLineage("root", id, options, context);
}

/** Checks the arguments of `byCorrelation`. */
export function parseByCorrelation(
  id: unknown,
  options: unknown,
  context: ParseContext,
): LineageQuery {
  return parseLineage("correlation", id, options, context);
}

function parseLineage(
  relation: Relation,
  id: unknown,
  options: unknown,
  context: ParseContext,
): LineageQuery {
  const { idBytesMax } = context.limits;
  const checkedId = checkText("id", id, idBytesMax);
  const known = relation === "parent" ? OF_PARENT : OF_LINEAGE;
  const args = argumentsOf(options, known, context);
  return {
    relation,
    id: checkedId,
    partitionKey: args.optionalText("partitionKey") ?? null,
    parentPartitionKey: args.optionalText("parentPartitionKey") ?? null,
    groupId: args.optionalText("groupId") ?? null,
    state: parseState(args.raw("state"), idBytesMax),
    hasEnded: parseEnded(args),
    ...parseInstants(args),
    rev: args.boolean("rev", false),
    ...rowsOf(args),
  };
}

/** Whether the flows have ended; undefined: either way. */
function parseEnded(args: Arguments): boolean | undefined {
  const terminalOnly = args.boolean("terminalOnly", false);
  const activeOnly = args.boolean("activeOnly", false);
  if (terminalOnly && activeOnly) {
    throw contradiction("activeOnly", "stands beside terminalOnly: give one of them");
  }
  return terminalOnly ? true : activeOnly ? false : undefined;
}
