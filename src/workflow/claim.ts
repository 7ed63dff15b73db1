/**
 * What a claim of a workflow may ask for, and the command it becomes.
 *
 * @module
 */
import { given, invalid } from "../argument.ts";
import { DURATION_MS_MAX, PAYLOAD_BYTES_MAX, PRIORITY_MAX } from "../bounds.ts";
import { type ClaimOptions, type FlowRecord, type ReclaimOptions, RUNNING } from "../flow/mod.ts";
import { checkFlag, checkWhole } from "./argument.ts";
import type { CheckedDefinition, StateDefinition } from "./definition/definition.ts";
import { partitioned, type PartitionFilter } from "./definition/partition_key.ts";
import type { LiveName } from "./definition/state.ts";
import { jobOf, type StateJob } from "./jobs/job.ts";

/** The states to claim from: one, several, or `"any"`: all that are declared and not terminal. */
export type ClaimStates<S> = "any" | LiveName<S> | readonly LiveName<S>[];

/** The names that {@linkcode ClaimStates} stand for. */
export type Claimed<S, C> = C extends "any" ? LiveName<S>
  : C extends readonly (infer N)[] ? Extract<N, LiveName<S>>
  : Extract<C, LiveName<S>>;

/**
 * Options of a claim. `leaseMs` defaults to the state's, of several states to the largest; `limit`
 * to 1; payloads come along as the states say. What is given here wins. A flow that has lost too many
 * leases goes where its state says (`maxReclaims`, `retryOr()`).
 *
 * @typeParam P The partition fields.
 * @typeParam Asked What `payload` says; undefined: it is not given.
 */
export type JobClaimOptions<P extends readonly string[], Asked extends boolean | undefined> =
  & Omit<ClaimOptions, "state" | "states" | "payload" | "lostLeases">
  & PayloadChoice<Asked>
  & PartitionFilter<P>;

/** Options of a takeover, with defaults as for {@linkcode JobClaimOptions}. */
export type JobReclaimOptions<P extends readonly string[], Asked extends boolean | undefined> =
  & Omit<ReclaimOptions, "state" | "payload" | "lostLeases">
  & PayloadChoice<Asked>
  & PartitionFilter<P>;

/** Whether a claim brings payloads along. */
export interface PayloadChoice<Asked extends boolean | undefined> {
  /** Whether to bring payloads along. Default: what the states say. */
  readonly payload?: Asked;
}

/** The states of a claim as one of its options. */
export interface StateChoice<C> {
  /** The states to claim from. Default `"any"`: all that are declared and not terminal. */
  readonly state?: C | undefined;
}

/**
 * Refuses what every store refuses about a claim. Whoever claims once hears it from the store; a
 * worker would hear it again and again, and nobody else.
 */
export function checkClaim(options: Readonly<Record<string, unknown>>): void {
  checkWhole("leaseMs", options.leaseMs, { min: 1, max: DURATION_MS_MAX });
  checkWhole("priority", options.priority, { min: 0, max: PRIORITY_MAX });
  checkWhole("reclaimRatio", options.reclaimRatio, { min: 0, max: 100 });
  checkWhole("payloadMaxBytes", options.payloadMaxBytes, { min: 0 });
  checkFlag("reclaimExpired", options.reclaimExpired);
  checkFlag("payload", options.payload);
}

/** The command of a claim. */
export function claimCommand(
  definition: CheckedDefinition,
  states: readonly StateDefinition[],
  options: object,
): ClaimOptions {
  const names = states.map(({ name }) => name);
  const [only] = names;
  return {
    ...names.length === 1 && only !== undefined ? { state: only } : { states: names },
    ...commonMembers(definition, states, options),
  };
}

/** The command of a takeover. */
export function reclaimCommand(
  definition: CheckedDefinition,
  state: string,
  options: object,
): ReclaimOptions {
  const states = claimedStates(definition, state === RUNNING ? "any" : state);
  return { state, ...commonMembers(definition, states, options) };
}

/** The declared states that a call names. */
export function claimedStates(definition: CheckedDefinition, state: unknown): StateDefinition[] {
  const names = state === undefined || state === "any"
    ? definition.liveStates
    : [...new Set(Array.isArray(state) ? state : [state])];
  if (names.length === 0) throw invalid("state", state, `"any" or the names of states`);
  return names.map((name) => {
    const found = definition.states.get(name);
    if (found !== undefined && !found.isTerminal) return found;
    throw invalid("state", name, `"any" or one of ${definition.liveStates.join(", ")}`);
  });
}

/** What a call says about the jobs that it gets. */
export interface ClaimedJobOptions {
  /** Whether it asked for payloads; undefined: what the states say. */
  readonly asked: boolean | undefined;
  /** The signal of the job. */
  readonly signal: AbortSignal;
}

/** The job of a record that a claim returned. */
export function claimedJob(
  definition: CheckedDefinition,
  record: FlowRecord,
  { asked, signal }: ClaimedJobOptions,
): StateJob<string, unknown> {
  // A claim from several states may bring along a payload that this one does not want.
  const state = definition.states.get(record.runState ?? "");
  return jobOf(record, { payload: asked ?? state?.payloadBytesMax !== null, signal });
}

/** The most bytes of a payload that a claim of these states brings along, whatever else it brings. */
export function payloadCap(
  states: readonly StateDefinition[],
  { payloadMaxBytes }: { readonly payloadMaxBytes?: unknown },
): number {
  // Whatever it is, the claim has checked it.
  if (payloadMaxBytes !== undefined) return payloadMaxBytes as number;
  const caps = states.flatMap(({ payloadBytesMax }) => payloadBytesMax ?? []);
  return caps.length > 0 ? Math.max(...caps) : PAYLOAD_BYTES_MAX;
}

function commonMembers(
  definition: CheckedDefinition,
  states: readonly StateDefinition[],
  options: object,
): Omit<ReclaimOptions, "state"> {
  const { partitionKey, rest } = partitioned(options, definition.partitionBy);
  const asks = rest.payload ?? states.some(({ payloadBytesMax }) => payloadBytesMax !== null);
  return given({
    limit: 1,
    leaseMs: Math.max(...states.map(({ leaseMs }) => leaseMs)),
    payloadMaxBytes: asks === true ? payloadCap(states, {}) : undefined,
    ...given(rest),
    payload: asks === false ? undefined : asks,
    partitionKey,
    lostLeases: lostLeases(states),
  }) as unknown as Omit<ReclaimOptions, "state">;
}

/** What the states say about lost leases; undefined: nothing, so the stored policy has the word. */
function lostLeases(states: readonly StateDefinition[]): ClaimOptions["lostLeases"] {
  const entries = states.flatMap(({ name, policy: { maxReclaims, retry } }) => {
    const own = given({ maxReclaims, exhaustedTo: retry?.exhaustedTo });
    return Object.keys(own).length === 0 ? [] : [[name, own] as const];
  });
  // Not an assignment by name: a state may be called `__proto__`.
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
