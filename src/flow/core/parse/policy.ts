/**
 * The arguments of `policySet` and `policyGet`, and the policy of one retry.
 *
 * @module
 */
import type {
  Backoff,
  BackoffKind,
  FlowLimits,
  RetentionPolicy,
  RetryPolicy,
  StatePolicy,
} from "../../mod.ts";
import type { PolicySetCommand } from "../command.ts";
import type { PolicyQuery } from "../query.ts";
import { Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { invalid, limitExceeded } from "./bad_argument.ts";
import { checkObject, checkStateName, checkText } from "./checks.ts";

const RETRIES_MAX = 1_000;
const BACKOFF_MS_MAX = 30 * 86_400_000;
const RETENTION_TTL_MS_MAX = 365 * 86_400_000;
const HISTORY_EVENTS_MAX = 1_000_000;
const RECLAIMS_MAX = 1_000_000;

const KINDS: ReadonlySet<unknown> = new Set(["none", "fixed", "linear", "exponential"]);

const STATE: readonly string[] = ["retry", "retention", "maxReclaims"];
const OF_STATE: ReadonlySet<string> = new Set(STATE);
const OF_TYPE: ReadonlySet<string> = new Set([...STATE, "states", "expectedGeneration"]);
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
  const states = parseStates(args.raw("states"), limits);
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
  const exhaustedTo = args.raw("exhaustedTo");
  return given<RetryPolicy>({
    maxRetries: args.integer("maxRetries", 0, RETRIES_MAX),
    backoff: parseBackoff(args.field("backoff"), args.raw("backoff"), limits),
    exhaustedTo: exhaustedTo === undefined
      ? undefined
      : checkStateName(args.field("exhaustedTo"), exhaustedTo, limits.idBytesMax),
  });
}

function parseBackoff(field: string, backoff: unknown, limits: FlowLimits): Backoff | undefined {
  if (backoff === undefined) return undefined;
  const args = policyArguments(field, backoff, OF_BACKOFF, `${field}.`, limits);
  const kind = args.raw("kind");
  if (kind !== undefined && !KINDS.has(kind)) {
    throw invalid(args.field("kind"), kind, `one of ${[...KINDS].join(", ")}`);
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
    maxReclaims: args.raw("maxReclaims") === null
      ? null
      : args.integer("maxReclaims", 0, RECLAIMS_MAX),
  });
}

function parseStates(
  states: unknown,
  limits: FlowLimits,
): Readonly<Record<string, StatePolicy>> | undefined {
  if (states === undefined) return undefined;
  const entries = Object.entries(checkObject("states", states));
  if (entries.length > limits.policyStatesMax) {
    throw limitExceeded("states.length", entries.length, limits.policyStatesMax);
  }
  // Not an assignment by name: a state may be called `__proto__`.
  return Object.fromEntries(entries.map(([name, policy]) => {
    checkStateName("states", name, limits.idBytesMax);
    const field = `states.${name}`;
    const args = policyArguments(field, policy, OF_STATE, `${field}.`, limits);
    return [name, parseStatePolicy(args)];
  }));
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

/** An object without the members that are undefined, so that it is the same after JSON. */
function given<T extends object>(members: T): T {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}
