/**
 * The arguments of `retentionCleanup`.
 *
 * @module
 */
import type { RetentionCleanupCommand } from "../command.ts";
import { argumentsOf, type ParseContext } from "./arguments.ts";

/** Flows that one call removes if nobody says how many. */
const LIMIT = 100;

const CLEANUP: ReadonlySet<string> = new Set(["limit", "nowMs"]);

/** Checks the arguments of `retentionCleanup`. */
export function parseRetentionCleanup(
  options: unknown,
  context: ParseContext,
): RetentionCleanupCommand {
  const args = argumentsOf(options, CLEANUP, context);
  const { cleanupLimitMax } = context.limits;
  return {
    kind: "retention_cleanup",
    limit: args.count("limit", 1, cleanupLimitMax) ?? Math.min(LIMIT, cleanupLimitMax),
    nowMs: args.nowMs(),
    largeValues: [],
  };
}
