/**
 * Checks one declared state.
 *
 * @module
 */
import { checkObject, given, invalid } from "../../argument.ts";
import {
  BACKOFF_MS_MAX,
  DURATION_MS_MAX,
  LEASE_MS,
  PAYLOAD_BYTES_MAX,
  RECLAIMS_MAX,
  RETRIES_MAX,
} from "../../bounds.ts";
import { FlowError } from "../../errors.ts";
import { type Backoff, isReservedName, isTerminalState, type RetryPolicy } from "../../flow/mod.ts";
import { checkMembers } from "../../unknown_option.ts";
import { checkName, checkWhole, membersOf } from "../argument.ts";
import type { OkAction, StateDefinition } from "./definition.ts";
import type { StandardSchema } from "./schema.ts";
import type { ClaimPayload, StateShape } from "./state.ts";

const MEMBERS = membersOf<StateShape>({
  payload: true,
  leaseMs: true,
  handlerTimeoutMs: true,
  claimPayload: true,
  retry: true,
  maxReclaims: true,
  onOk: true,
  onError: true,
});
const CLAIM_PAYLOAD_MEMBERS = membersOf<Exclude<ClaimPayload, boolean>>({ maxBytes: true });
const RETRY_MEMBERS = membersOf<RetryPolicy>({
  maxRetries: true,
  backoff: true,
  exhaustedTo: true,
});
const BACKOFF_MEMBERS = membersOf<Backoff>({
  kind: true,
  baseMs: true,
  maxMs: true,
  jitterPct: true,
});
const BACKOFF_KINDS: readonly unknown[] = ["none", "fixed", "linear", "exponential"];

/** The name of a state, checked against what has another meaning. */
export function checkStateName(name: string): void {
  checkName("states", name);
  if (!isReservedName(name)) return;
  throw new FlowError(
    "invalid_argument",
    `A state cannot have the name "${name}", it is reserved`,
    {
      details: { field: "states", value: name, limit: ["running", "any", "auto"] },
    },
  );
}

/**
 * One state, checked and with its defaults.
 *
 * @param name Its name, already checked.
 * @param shape What the author wrote.
 * @param declared The names of all declared states.
 */
export function checkedState(
  name: string,
  shape: unknown,
  declared: readonly string[],
): StateDefinition {
  const field = `states.${name}`;
  const state = checkObject(field, shape);
  checkMembers(`${field}.`, state, MEMBERS);
  checkWhole(`${field}.leaseMs`, state.leaseMs, { min: 1, max: DURATION_MS_MAX });
  checkWhole(`${field}.handlerTimeoutMs`, state.handlerTimeoutMs, { min: 1, max: DURATION_MS_MAX });
  if (state.maxReclaims !== null) {
    checkWhole(`${field}.maxReclaims`, state.maxReclaims, { min: 0, max: RECLAIMS_MAX });
  }
  const { onError, exhaustedTo } = errorAction(field, state.onError, declared);
  const retry = checkedRetry(`${field}.retry`, state.retry, declared);
  if (exhaustedTo !== undefined) checkAgreement(field, retry.exhaustedTo, exhaustedTo);
  const wholeRetry = given({ ...retry, exhaustedTo: exhaustedTo ?? retry.exhaustedTo });
  return {
    name,
    isTerminal: isTerminalState(name),
    payload: checkedSchema(`${field}.payload`, state.payload),
    leaseMs: (state.leaseMs ?? LEASE_MS) as number,
    handlerTimeoutMs: (state.handlerTimeoutMs ?? null) as number | null,
    payloadBytesMax: payloadBytesMax(`${field}.claimPayload`, state.claimPayload),
    onOk: okAction(field, state.onOk, declared),
    onError,
    retry: wholeRetry,
    policy: given({
      retry: Object.keys(wholeRetry).length === 0 ? undefined : wholeRetry,
      maxReclaims: state.maxReclaims as number | null | undefined,
    }),
  };
}

function checkedSchema(field: string, value: unknown): StandardSchema | undefined {
  if (value === undefined) return undefined;
  const schema = value as Partial<StandardSchema> | null;
  // Some libraries make their schemas callable.
  const canHoldMembers = typeof schema === "object" || typeof schema === "function";
  const properties = canHoldMembers ? schema?.["~standard"] : undefined;
  if (properties?.version === 1 && typeof properties.validate === "function") {
    return schema as StandardSchema;
  }
  throw invalid(field, value, "a Standard Schema of version 1 or type<T>()");
}

function payloadBytesMax(field: string, value: unknown): number | null {
  if (value === undefined || value === true) return PAYLOAD_BYTES_MAX;
  if (value === false) return null;
  if (typeof value !== "object") throw invalid(field, value, "true, false or { maxBytes }");
  const choice = checkObject(field, value);
  checkMembers(`${field}.`, choice, CLAIM_PAYLOAD_MEMBERS);
  if (choice.maxBytes === undefined) {
    throw invalid(`${field}.maxBytes`, undefined, "a whole number");
  }
  checkWhole(`${field}.maxBytes`, choice.maxBytes, { min: 0 });
  return choice.maxBytes as number;
}

function okAction(field: string, value: unknown, declared: readonly string[]): OkAction {
  if (value === undefined) return { kind: "complete" };
  if (typeof value === "string") {
    const live = declared.filter((name) => !isTerminalState(name));
    if (live.includes(value)) return { kind: "transition", to: value };
    throw invalid(`${field}.onOk`, value, `complete() or one of ${live.join(", ")}`);
  }
  const action = actionOf(`${field}.onOk`, value, "the name of a state or complete()");
  if (action.kind !== "complete") {
    throw invalid(`${field}.onOk`, action.kind, "the name of a state or complete()");
  }
  if (action.result !== undefined) {
    throw invalid(`${field}.onOk`, action.result, "complete() without a result: ok() brings it");
  }
  return { kind: "complete" };
}

function errorAction(
  field: string,
  value: unknown,
  declared: readonly string[],
): { onError: "retry" | "fail"; exhaustedTo?: string } {
  if (value === undefined) return { onError: "retry" };
  const action = actionOf(`${field}.onError`, value, "retryOr(state) or fail()");
  if (action.kind === "retryOr") {
    checkTarget(`${field}.onError`, action.exhaustedTo, declared);
    return { onError: "retry", exhaustedTo: action.exhaustedTo as string };
  }
  if (action.kind !== "fail") throw invalid(`${field}.onError`, value, "retryOr(state) or fail()");
  if (action.reason !== undefined) {
    throw invalid(`${field}.onError`, action.reason, "fail() without a reason: error() brings it");
  }
  return { onError: "fail" };
}

function actionOf(field: string, value: unknown, limit: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw invalid(field, value, limit);
  return value as Readonly<Record<string, unknown>>;
}

/** Refuses whatever a flow cannot go to when retries are spent or children have ended. */
export function checkTarget(field: string, value: unknown, declared: readonly string[]): void {
  if (typeof value === "string" && (declared.includes(value) || isTerminalState(value))) return;
  const targets = new Set([...declared, "completed", "failed", "cancelled"]);
  throw invalid(field, value, `one of ${[...targets].join(", ")}`);
}

function checkAgreement(field: string, declared: string | undefined, exhaustedTo: string): void {
  if (declared === undefined || declared === exhaustedTo) return;
  throw invalid(
    `${field}.retry.exhaustedTo`,
    declared,
    `"${exhaustedTo}", as retryOr() says, or left out`,
  );
}

/** Checks a retry policy; members that are not given stay away. */
function checkedRetry(field: string, value: unknown, declared: readonly string[]): RetryPolicy {
  if (value === undefined) return {};
  const retry = checkObject(field, value);
  checkMembers(`${field}.`, retry, RETRY_MEMBERS);
  checkWhole(`${field}.maxRetries`, retry.maxRetries, { min: 0, max: RETRIES_MAX });
  if (retry.exhaustedTo !== undefined) {
    checkTarget(`${field}.exhaustedTo`, retry.exhaustedTo, declared);
  }
  if (retry.backoff !== undefined) {
    const backoff = checkObject(`${field}.backoff`, retry.backoff);
    checkMembers(`${field}.backoff.`, backoff, BACKOFF_MEMBERS);
    if (backoff.kind !== undefined && !BACKOFF_KINDS.includes(backoff.kind)) {
      throw invalid(`${field}.backoff.kind`, backoff.kind, `one of ${BACKOFF_KINDS.join(", ")}`);
    }
    checkWhole(`${field}.backoff.baseMs`, backoff.baseMs, { min: 0, max: BACKOFF_MS_MAX });
    checkWhole(`${field}.backoff.maxMs`, backoff.maxMs, { min: 0, max: BACKOFF_MS_MAX });
    checkWhole(`${field}.backoff.jitterPct`, backoff.jitterPct, { min: 0, max: 100 });
  }
  return given(retry as RetryPolicy);
}
