/**
 * The arguments of `watchLease`.
 *
 * @module
 */
import { checkObject, invalid } from "../../../argument.ts";
import type { LeaseWatchOptions } from "../../mod.ts";
import type { FlowTarget } from "../command.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { parseTarget } from "./target.ts";

const LEASE_WATCH: ReadonlySet<string> = new Set(["fencingToken", "onLost"]);

/** Checks the arguments of `watchLease`. */
export function parseLeaseWatch(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): LeaseWatchOptions & { readonly target: FlowTarget } {
  const target = parseTarget(flow, context);
  const args = new Arguments(checkObject("options", options), { context, known: LEASE_WATCH });
  const onLost = args.raw("onLost");
  if (typeof onLost !== "function") throw invalid("onLost", onLost, "a function");
  return {
    target,
    fencingToken: args.requiredFencing(),
    onLost: onLost as LeaseWatchOptions["onLost"],
  };
}
