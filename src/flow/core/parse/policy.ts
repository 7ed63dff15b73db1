/**
 * The arguments of `policySet` and `policyGet`, and the policy of one retry.
 *
 * @module
 */
import { checkObject, given, invalid, limitExceeded } from "../../../argument.ts";
import { BACKOFF_MS_MAX, RECLAIMS_MAX, RETRIES_MAX } from "../../../bounds.ts";
import type {
  Backoff,
  BackoffKind,
  FlowLimits,
  RetentionPolicy,
  RetryPolicy,
  StatePolicy,
} from "../../mod.ts";
import type { PolicySetCommand } from "../command.ts";
import type { PolicyQuery } from "../queries/query.ts";
import { BACKOFF_KINDS } from "../words.ts";
import { Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { checkStateName, checkText, HISTORY_EVENTS_MAX } from "./checks.ts";

const RETENTION_TTL_MS_MAX = 365 * 86_400_000;

const STATE: readonly string[] = ["retry", "retention", "maxReclaims"];
const OF_STATE: ReadonlySet<string> = new Set(STATE);
const OF_TYPE: ReadonlySet<string> = new Set([...STATE, "states", "expectedGeneration"]);
const OF_LOST_LEASES: ReadonlySet<string> = new Set(["maxReclaims", "exhaustedTo"]);
const OF_RETRY: ReadonlySet<string> = new Set(["maxRetries", "backoff", "exhaustedTo"]);
const OF_BACKOFF: ReadonlySet<string> = new Set(["kind", "baseMs", "maxMs", "jitterPct"]);
const OF_RETENTION: ReadonlySet<string> = new Set(["ttlMs", "historyMaxEvents"]);
const OF_GET: ReadonlySet<string> = new Set(["state"]);

/** Checks the arguments of `policySet`. */
export function parsePolicySet(
  type: unknown,
  policy: unknown,
  context: ParseContext,
): PolicySetCommand {
  const { limits } = context;
  const checkedType = checkText("type", type, limits.idBytesMax);
  const args = policyArguments("policy", policy, OF_TYPE, "", limits);
  const given = args.raw("states");
  // Not an assignment by name: a state may be called `__proto__`.
  const states = given === undefined ? undefined : Object.fromEntries(parseByState({
    field: "states",
    states: given,
    known: OF_STATE,
    limits,
    parse: parseStatePolicy,
  }));
  return {
    kind: "policy_set",
    type: checkedType,
    policy: { ...parseStatePolicy(args), ...states === undefined ? {} : { states } },
    expectedGeneration: args.integer("expectedGeneration", 0, Number.MAX_SAFE_INTEGER),
    nowMs: undefined,
    largeValues: [],
  };
}

/** Checks the arguments of `policyGet`. */
export function parsePolicyGet(
  type: unknown,
  options: unknown,
  context: ParseContext,
): PolicyQuery {
  const { limits } = context;
  const args = argumentsOf(options, OF_GET, context);
  const state = args.raw("state");
  return {
    type: checkText("type", type, limits.idBytesMax),
    state: state === undefined ? undefined : checkStateName("state", state, limits.idBytesMax),
  };
}

/** Checks the policy of one retry; undefined: none. */
export function parseRetryPolicy(
  field: string,
  retry: unknown,
  limits: FlowLimits,
): RetryPolicy | undefined {
  if (retry === undefined) return undefined;
  const args = policyArguments(field, retry, OF_RETRY, `${field}.`, limits);
  return given<RetryPolicy>({
    maxRetries: args.integer("maxRetries", 0, RETRIES_MAX),
    backoff: parseBackoff(args.field("backoff"), args.raw("backoff"), limits),
    exhaustedTo: exhaustedToOf(args),
  });
}

/** Checks what a claim says about lost leases, by state; undefined: nothing. */
export function parseLostLeases(args: Arguments): ReadonlyMap<string, StatePolicy> | undefined {
  const states = args.raw("lostLeases");
  return states === undefined ? undefined : new Map(parseByState({
    field: "lostLeases",
    states,
    known: OF_LOST_LEASES,
    limits: args.limits,
    parse: (of) =>
      given({ retry: given({ exhaustedTo: exhaustedToOf(of) }), maxReclaims: maxReclaimsOf(of) }),
  }));
}

function parseBackoff(field: string, backoff: unknown, limits: FlowLimits): Backoff | undefined {
  if (backoff === undefined) return undefined;
  const args = policyArguments(field, backoff, OF_BACKOFF, `${field}.`, limits);
  const kind = args.raw("kind");
  if (kind !== undefined && !BACKOFF_KINDS.some((known) => known === kind)) {
    throw invalid(args.field("kind"), kind, `one of ${BACKOFF_KINDS.join(", ")}`);
  }
  return given<Backoff>({
    kind: kind as BackoffKind | undefined,
    baseMs: args.integer("baseMs", 0, BACKOFF_MS_MAX),
    maxMs: args.integer("maxMs", 0, BACKOFF_MS_MAX),
    jitterPct: args.integer("jitterPct", 0, 100),
  });
}

function parseRetention(
  field: string,
  retention: unknown,
  limits: FlowLimits,
): RetentionPolicy | undefined {
  if (retention === undefined) return undefined;
  const args = policyArguments(field, retention, OF_RETENTION, `${field}.`, limits);
  return given<RetentionPolicy>({
    ttlMs: args.integer("ttlMs", 1, RETENTION_TTL_MS_MAX),
    historyMaxEvents: args.count("historyMaxEvents", 1, HISTORY_EVENTS_MAX),
  });
}

function parseStatePolicy(args: Arguments): StatePolicy {
  const { limits } = args;
  return given<StatePolicy>({
    retry: parseRetryPolicy(args.field("retry"), args.raw("retry"), limits),
    retention: parseRetention(args.field("retention"), args.raw("retention"), limits),
    maxReclaims: maxReclaimsOf(args),
  });
}

function exhaustedToOf(args: Arguments): string | undefined {
  const state = args.raw("exhaustedTo");
  if (state === undefined) return undefined;
  return checkStateName(args.field("exhaustedTo"), state, args.limits.idBytesMax);
}

function maxReclaimsOf(args: Arguments): number | null | undefined {
  return args.raw("maxReclaims") === null ? null : args.integer("maxReclaims", 0, RECLAIMS_MAX);
}

/** Options by state. */
interface ByState {
  /** What errors call them. */
  readonly field: string;
  /** What was given. */
  readonly states: unknown;
  /** The names that exist. */
  readonly known: ReadonlySet<string>;
  readonly limits: FlowLimits;
  /** Reads those of one state. */
  readonly parse: (args: Arguments) => StatePolicy;
}

function parseByState({ field, states, known, limits, parse }: ByState): [string, StatePolicy][] {
  const entries = Object.entries(checkObject(field, states));
  if (entries.length > limits.policyStatesMax) {
    throw limitExceeded(`${field}.length`, entries.length, limits.policyStatesMax);
  }
  return entries.map(([name, policy]) => {
    checkStateName(field, name, limits.idBytesMax);
    const ofState = `${field}.${name}`;
    return [name, parse(policyArguments(ofState, policy, known, `${ofState}.`, limits))];
  });
}

function policyArguments(
  field: string,
  value: unknown,
  known: ReadonlySet<string>,
  at: string,
  limits: FlowLimits,
): Arguments {
  return new Arguments(checkObject(field, value), {
    context: { limits, manualClock: false },
    known,
    at,
  });
}
