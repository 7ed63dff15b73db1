/**
 * Runs the handler of a job and finds out what it says.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import { invariant } from "../invariant.ts";
import { checkedObject, checkHandler, refusal } from "./argument.ts";
import { claimedStates } from "./claim.ts";
import type { CheckedDefinition, StateDefinition } from "./definition.ts";
import { NonRetryableError, storable } from "./failure.ts";
import type { StateJob } from "./job.ts";
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
  /** The other options. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** What a handler said, and the command that does it; undefined: none. */
export interface Verdict {
  /** What the handler said. */
  readonly outcome: Outcome;
  /** The command; undefined for `noReply`. */
  readonly settlement: Settlement | undefined;
}

/** What every handler gets beside its job. */
const CONTEXT = { ok, error, transition, complete, retry, fail, fanout, noReply } as const;

/**
 * Takes the handlers out of the options of a call.
 *
 * Throws a `TypeError` for a handler that is not a function, and `invalid_argument` for states that
 * are not declared.
 */
export function runnerOf(definition: CheckedDefinition, options: unknown): Runner {
  const given = checkedObject("options", options);
  const { handler, handlers, state, onOmitted, ...rest } = given;
  if (onOmitted !== undefined && onOmitted !== "error" && onOmitted !== "handle") {
    throw refusal("onOmitted", onOmitted, `"error" or "handle"`);
  }
  const handlesOmitted = onOmitted === "handle";
  if (handlers === undefined) {
    checkHandler("handler", handler);
    const states = claimedStates(definition, state);
    const all = states.map(({ name }) => [name, handler as LooseHandler] as const);
    return { states, handlers: new Map(all), handlesOmitted, rest };
  }
  if (handler !== undefined) throw refusal("handler", handler, "left out beside handlers");
  if (state !== undefined) throw refusal("state", state, "left out: the names of handlers say it");
  const named = Object.entries(checkedObject("handlers", handlers))
    .filter(([, value]) => value !== undefined);
  if (named.length === 0) throw refusal("handlers", handlers, "an object with a handler or more");
  for (const [name, value] of named) checkHandler(`handlers.${name}`, value);
  const states = claimedStates(definition, named.map(([name]) => name));
  return { states, handlers: new Map(named as [string, LooseHandler][]), handlesOmitted, rest };
}

/** Runs the handler of a job. Never rejects: a throw is an outcome, too. */
export async function outcomeOf(runner: Runner, job: LooseJob): Promise<Outcome> {
  if (job.payloadOmitted && !runner.handlesOmitted) return error(tooLarge(job));
  const handler = runner.handlers.get(job.state);
  invariant(handler !== undefined, `A claim returns only the states that it asks for`);
  return await saidBy(handler, job);
}

/** What a handler says, or what its throw or its unusable answer stands for. */
export async function saidBy(handler: LooseHandler, job: LooseJob): Promise<Outcome> {
  try {
    const said = await handler(job, CONTEXT);
    return isOutcome(said) ? said : error({ unexpectedWorkerResult: storable(said) });
  } catch (thrown) {
    if (thrown instanceof NonRetryableError) return fail(thrown);
    return error(thrown instanceof Error ? thrown : storable(thrown));
  }
}

/**
 * The command that does what a handler said. A payload that does not fit, or a state that does not
 * exist, is the handler's mistake: it counts as if the handler had thrown it. Rejects with
 * `wrong_state` if the job's own state is not declared, since nobody knows then what an error does.
 */
export async function verdictOf(
  definition: CheckedDefinition,
  job: LooseJob,
  outcome: Outcome,
): Promise<Verdict> {
  try {
    return { outcome, settlement: await settlementOf(definition, job, outcome) };
  } catch (mistake) {
    const settlement = errorSettlement(definition, job, { reason: mistake });
    return { outcome: error(mistake), settlement };
  }
}

/** Why a job is not run without its payload. */
export function tooLarge({ id, payloadSize }: LooseJob): FlowError {
  return new FlowError(
    "too_large",
    `The payload of flow "${id}" has ${payloadSize} bytes, more than the claim takes along: ` +
      `raise claimPayload.maxBytes, or handle the job without it by onOmitted: "handle"`,
    { details: { field: "payload", id, value: payloadSize } },
  );
}
