/**
 * Runs the handler of a job and finds out what it says.
 *
 * @module
 */
import { checkObject, invalid, show } from "../../argument.ts";
import { FlowError, type FlowErrorCode, isFlowError } from "../../errors.ts";
import type { FlowRecord, FlowStore } from "../../flow/mod.ts";
import { invariant } from "../../invariant.ts";
import { checkHandler } from "../argument.ts";
import { claimedStates, payloadCap } from "../claim.ts";
import type { CheckedDefinition, StateDefinition } from "../definition/definition.ts";
import { NonRetryableError, storable } from "./failure.ts";
import type { StateJob } from "./job.ts";
import { lacksSomething, withLeftOut } from "./left_out.ts";
import {
  complete,
  error,
  fail,
  fanout,
  isOutcome,
  noReply,
  ok,
  type Outcome,
  retry,
  transition,
} from "./outcome.ts";
import { errorSettlement, type Settlement, settlementOf } from "./settlement.ts";
import { runInTime, type TimeLimits } from "./time_limit.ts";

/** A handler after the types have done their part. */
export type LooseHandler = (job: StateJob<string, unknown>, context: unknown) => unknown;

/** A job after the types have done their part. */
export type LooseJob = StateJob<string, unknown>;

/** The code that works on the jobs of a call, and the rest of the call's options. */
export interface Runner {
  /** The states to claim from. */
  readonly states: readonly StateDefinition[];
  /** The handler of each of them. */
  readonly handlers: ReadonlyMap<string, LooseHandler>;
  /** Whether handlers run without payloads that are too large. */
  readonly handlesOmitted: boolean;
  /** The most bytes of a payload that they get. */
  readonly payloadBytesMax: number;
  /** The other options. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** What became of a job. */
export interface Settled {
  /** What its handler said, or the mistake that it made. */
  readonly outcome: Outcome;
  /** The flow after it; null for `noReply`. */
  readonly record: FlowRecord | null;
}

/**
 * Refusals of a command for what it says, whoever owns the flow. None of them has changed anything,
 * and the same command would be refused again.
 */
const MISTAKES: readonly FlowErrorCode[] = [
  ...["invalid_argument", "too_large", "limit_exceeded", "value_conflict"] as const,
  ...["running_reserved", "terminal_target", "wait_state_required", "group_conflict"] as const,
  ...["duplicate_id", "child_is_parent", "already_exists", "idempotency_conflict"] as const,
];

/** What every handler gets beside its job. */
const CONTEXT = { ok, error, transition, complete, retry, fail, fanout, noReply } as const;

/**
 * Takes the handlers out of the options of a call.
 *
 * Throws a `TypeError` for a handler that is not a function, and `invalid_argument` for states that
 * are not declared.
 */
export function runnerOf(definition: CheckedDefinition, options: unknown): Runner {
  const given = checkObject("options", options);
  const { handler, handlers, state, onOmitted, ...rest } = given;
  const handlesOmitted = isHandled(onOmitted);
  if (handlers === undefined) {
    checkHandler("handler", handler);
    const states = claimedStates(definition, state);
    const all = states.map(({ name }) => [name, handler as LooseHandler] as const);
    const payloadBytesMax = payloadCap(states, rest);
    return { states, handlers: new Map(all), handlesOmitted, payloadBytesMax, rest };
  }
  if (handler !== undefined) throw invalid("handler", handler, "left out beside handlers");
  if (state !== undefined) throw invalid("state", state, "left out: the names of handlers say it");
  const named = Object.entries(checkObject("handlers", handlers))
    .filter(([, value]) => value !== undefined);
  if (named.length === 0) throw invalid("handlers", handlers, "an object with a handler or more");
  for (const [name, value] of named) checkHandler(`handlers.${name}`, value);
  const states = claimedStates(definition, named.map(([name]) => name));
  return {
    ...{ states, handlesOmitted, rest, payloadBytesMax: payloadCap(states, rest) },
    handlers: new Map(named as [string, LooseHandler][]),
  };
}

/** Whether handlers run without payloads that are too large, as `onOmitted` says. */
export function isHandled(onOmitted: unknown): boolean {
  if (onOmitted === undefined || onOmitted === "error") return false;
  if (onOmitted === "handle") return true;
  throw invalid("onOmitted", onOmitted, `"error" or "handle"`);
}

/** What handlers run with. */
export interface RunParts extends TimeLimits {
  /** Where their flows live. */
  readonly store: FlowStore;
}

/** Runs the handler of a job. Never rejects: a throw is an outcome, too. */
export async function outcomeOf(
  runner: Runner,
  claimed: LooseJob,
  parts: RunParts,
): Promise<Outcome> {
  const handler = runner.handlers.get(claimed.state);
  invariant(handler !== undefined, `A claim returns only the states that it asks for`);
  const { handlesOmitted, payloadBytesMax } = runner;
  return await saidOf(handler, claimed, { ...parts, handlesOmitted, payloadBytesMax });
}

/** What a handler says of a job, once that has everything that handlers are to get. */
export async function saidOf(
  handler: LooseHandler,
  claimed: LooseJob,
  parts: RunParts & Pick<Runner, "handlesOmitted" | "payloadBytesMax">,
): Promise<Outcome> {
  let job = claimed;
  try {
    // Most jobs are whole, and are not to wait for nothing.
    if (lacksSomething(job)) job = await withLeftOut(job, parts);
  } catch (thrown) {
    return error(thrown);
  }
  if (job.payloadMissing) return error(payloadGone(job));
  if (job.payloadOmitted && !parts.handlesOmitted) return error(payloadTooLarge(job));
  return await saidBy(handler, job, parts);
}

/** What it says, or what its throw, its unusable answer or its silence stands for. */
async function saidBy(
  handler: LooseHandler,
  job: LooseJob,
  limits: TimeLimits,
): Promise<Outcome> {
  try {
    const said = await runInTime((job) => handler(job, CONTEXT), job, limits);
    return isOutcome(said) ? said : error(noOutcome(said, job.state));
  } catch (thrown) {
    return outcomeOfThrown(thrown);
  }
}

/** What is stored if a handler returns something else than an outcome. */
function noOutcome(said: unknown, state: string): object {
  return {
    message: `The handler of "${state}" returned ${show(said)}, but must return an outcome, ` +
      `such as ok(result) or error(reason)`,
    unexpectedWorkerResult: storable(said),
  };
}

function outcomeOfThrown(thrown: unknown): Outcome {
  try {
    if (thrown instanceof NonRetryableError) return fail(thrown);
    if (thrown instanceof Error) return error(thrown);
  } catch {
    // A proxy may throw when it is asked what it is.
  }
  return error(storable(thrown));
}

/**
 * Does what a handler said. What cannot be done for what it says (a payload that does not fit, a
 * result that cannot be stored, a child that exists already) is the handler's mistake: it counts as
 * if the handler had thrown it, and the flow does not have to wait for its lease to end.
 *
 * Rejects with every other refusal, and with `wrong_state` if the job's own state is not declared,
 * since nobody knows then what an error does.
 */
export async function settled(
  definition: CheckedDefinition,
  job: LooseJob,
  { outcome, send }: {
    readonly outcome: Outcome;
    readonly send: (settlement: Settlement) => Promise<FlowRecord>;
  },
): Promise<Settled> {
  const mistaken = async (reason: unknown): Promise<Settled> => {
    return {
      outcome: error(reason),
      record: await send(errorSettlement(definition, job, { reason })),
    };
  };
  let settlement: Settlement | undefined;
  try {
    settlement = await settlementOf(definition, job, outcome);
  } catch (mistake) {
    return await mistaken(mistake);
  }
  try {
    return { outcome, record: settlement === undefined ? null : await send(settlement) };
  } catch (refusal) {
    if (MISTAKES.some((code) => isFlowError(refusal, code))) return await mistaken(refusal);
    throw refusal;
  }
}

/** Why a job is not run without its payload. */
function payloadTooLarge({ id, payloadSize }: LooseJob): FlowError {
  return new FlowError(
    "too_large",
    `The payload of flow "${id}" has ${payloadSize} bytes, more than the claim takes along: ` +
      `raise claimPayload.maxBytes, or handle the job without it by onOmitted: "handle"`,
    { details: { field: "payload", id, value: payloadSize } },
  );
}

/** Why a job is not run with the null that stands for a payload that is gone. */
function payloadGone({ id, state, payloadRef }: LooseJob): FlowError {
  return new FlowError(
    "payload_missing",
    `The payload of flow "${id}" is gone: payloadRef ${show(payloadRef)} leads to no value, ` +
      `as when the ttlMs that it was put with is over`,
    { details: { field: "payloadRef", id, state, value: payloadRef } },
  );
}
