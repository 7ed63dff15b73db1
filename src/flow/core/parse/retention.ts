/**
 * The arguments of `retentionCleanup`.
 *
 * @module
 */
import type { RetentionCleanupCommand } from "../command.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { checkObject } from "./checks.ts";

/** Flows that one call removes if nobody says how many. */
const LIMIT = 100;

const CLEANUP: ReadonlySet<string> = new Set(["limit", "nowMs"]);

/** Checks the arguments of `retentionCleanup`. */
export function parseRetentionCleanup(
  options: unknown,
  context: ParseContext,
): RetentionCleanupCommand {
  const args = new Arguments(checkObject("options", options ?? {}), { context, known: CLEANUP });
  const { cleanupLimitMax } = context.limits;
  return {
    kind: "retention_cleanup",
    limit: args.count("limit", 1, cleanupLimitMax) ?? Math.min(LIMIT, cleanupLimitMax),
    nowMs: args.nowMs(),
    largeValues: [],
  };
}
