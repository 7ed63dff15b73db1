/**
 * The arguments of `claimDue` and `reclaim`.
 *
 * @module
 */
import { checkObject, contradiction } from "../../../argument.ts";
import { DURATION_MS_MAX, LEASE_MS } from "../../../bounds.ts";
import { RUNNING } from "../../mod.ts";
import type { ClaimCommand, ClaimFilter } from "../command.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { checkStateName, checkText, checkTexts } from "./checks.ts";
import { hydrationOf, namedSelection } from "./hydration.ts";
import { parseLostLeases } from "./policy.ts";

/** The share of a claim that expired leases get first, in percent. */
const RECLAIM_RATIO = 25;

const BOTH: readonly string[] = [
  "worker",
  "limit",
  "leaseMs",
  "priority",
  "partitionKey",
  "partitionKeys",
  "payload",
  "payloadMaxBytes",
  "values",
  "state",
  "lostLeases",
  "nowMs",
];
const RECLAIM: ReadonlySet<string> = new Set(BOTH);
const CLAIM: ReadonlySet<string> = new Set([
  ...BOTH,
  "states",
  "reclaimExpired",
  "reclaimRatio",
  "blockMs",
  "signal",
]);

/** Checks the arguments of `claimDue`. */
export function parseClaimDue(
  type: unknown,
  options: unknown,
  context: ParseContext,
): ClaimCommand {
  const checkedType = checkText("type", type, context.limits.idBytesMax);
  const args = new Arguments(checkObject("options", options), { context, known: CLAIM });
  const { states, runningOnly } = parseStates(args);
  const expired = args.boolean("reclaimExpired", true);
  return {
    ...claimOf(args, {
      type: checkedType,
      states,
      waiting: !runningOnly,
      expired: expired || runningOnly,
    }),
    reclaimRatio: args.integer("reclaimRatio", 0, 100) ?? RECLAIM_RATIO,
    blockMs: args.integer("blockMs", 0, DURATION_MS_MAX),
    signal: args.signal(),
  };
}

/** Checks the arguments of `reclaim`. */
export function parseReclaim(
  type: unknown,
  options: unknown,
  context: ParseContext,
): ClaimCommand {
  const { idBytesMax } = context.limits;
  const checkedType = checkText("type", type, idBytesMax);
  const args = new Arguments(checkObject("options", options), { context, known: RECLAIM });
  const state = args.raw("state") ?? RUNNING;
  return {
    ...claimOf(args, {
      type: checkedType,
      states: state === RUNNING || isAny(state)
        ? null
        : [checkStateName("state", state, idBytesMax)],
      waiting: false,
      expired: true,
    }),
    reclaimRatio: 100,
    blockMs: undefined,
    signal: undefined,
  };
}

/** What both commands have in common. */
function claimOf(
  args: Arguments,
  filter: Omit<ClaimFilter, "partitionKeys" | "priority">,
): Omit<ClaimCommand, "reclaimRatio" | "blockMs" | "signal"> {
  const { limits } = args;
  return {
    kind: "claim",
    worker: args.text("worker", "name the worker that the flows are leased to"),
    limit: args.count("limit", 1, limits.claimLimitMax) ?? 1,
    leaseMs: args.duration("leaseMs") ?? LEASE_MS,
    filter: { ...filter, partitionKeys: parsePartitions(args), priority: args.priority() ?? null },
    policies: parseLostLeases(args),
    hydration: hydrationOf(args, args.boolean("payload", false), namedSelection(args)),
    nowMs: args.nowMs(),
    largeValues: [],
  };
}

interface States {
  /** Null: every one. */
  readonly states: string[] | null;
  /** Whether only flows are meant whose lease has expired. */
  readonly runningOnly: boolean;
}

function parseStates(args: Arguments): States {
  const one = args.raw("state");
  const many = args.raw("states");
  if (one !== undefined && many !== undefined) {
    throw contradiction("states", "is the same as state: give one of them");
  }
  const given = one ?? many;
  if (given === undefined || isAny(given)) return { states: null, runningOnly: false };
  if (given === RUNNING) return { states: null, runningOnly: true };
  const field = one === undefined ? "states" : "state";
  const { idBytesMax: bytesMax, claimFilterMax: countMax } = args.limits;
  if (many === undefined && !Array.isArray(given)) {
    return { states: [checkStateName(field, given, bytesMax)], runningOnly: false };
  }
  const states = checkTexts(field, given, { bytesMax, countMax });
  if (states.length === 1) {
    const [only] = states;
    if (isAny(only)) return { states: null, runningOnly: false };
    if (only === RUNNING) return { states: null, runningOnly: true };
  }
  for (const state of states) {
    if (isAny(state) || state === RUNNING) {
      throw contradiction(field, `has "${state}" beside names: give it alone`);
    }
    checkStateName(field, state, bytesMax);
  }
  return { states, runningOnly: false };
}

function parsePartitions(args: Arguments): string[] | null {
  const one = args.optionalText("partitionKey");
  const many = args.raw("partitionKeys");
  if (many === undefined) return one === undefined ? null : [one];
  if (one !== undefined) {
    throw contradiction("partitionKeys", "is the same as partitionKey: give one of them");
  }
  const { idBytesMax: bytesMax, claimFilterMax: countMax } = args.limits;
  return checkTexts("partitionKeys", many, { bytesMax, countMax });
}

function isAny(state: unknown): boolean {
  return typeof state === "string" && state.toLowerCase() === "any";
}
