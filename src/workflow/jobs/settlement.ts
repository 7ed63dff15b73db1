/**
 * From what is said about a job to the one command that does it.
 *
 * @module
 */
import { checkObject, given, invalid } from "../../argument.ts";
import { FlowError } from "../../errors.ts";
import {
  type CancelOptions,
  type ChildItem,
  type CompleteOptions,
  type FailOptions,
  type FlowRecord,
  type FlowRef,
  type FlowStore,
  type Guard,
  isTerminalState,
  type RetryOptions,
  type RetryPolicy,
  type SpawnChildrenOptions,
  type TransitionOptions,
} from "../../flow/mod.ts";
import { BEFORE, optionsOf } from "../argument.ts";
import type { CheckedDefinition, StateDefinition } from "../definition/definition.ts";
import { checkedPayload, type Eventually } from "../definition/schema.ts";
import { childItems } from "./child.ts";
import { storedReason } from "./failure.ts";
import { groupOptions } from "./fanout.ts";
import type { Lease } from "./job.ts";
import type { AgainOptions, EndOptions, MoveOptions, Outcome } from "./outcome.ts";

/** What a command about a lease takes from the job. */
export const OF_LEASE = { leaseToken: "the job says it", fencingToken: "the job says it" } as const;

/** What a move takes from elsewhere. */
const OF_MOVE = { ...OF_LEASE, from: "the job says it", to: BEFORE, payload: BEFORE } as const;
const OF_COMPLETE = { ...OF_LEASE, result: BEFORE } as const;
const OF_ERROR = { ...OF_LEASE, error: BEFORE, reason: BEFORE } as const;
const OF_FANOUT = { ...OF_LEASE, from: "the job says it" } as const;

/** A command that ends a lease, ready to be sent. */
export type Settlement =
  | SettlementOf<"complete", CompleteOptions>
  | SettlementOf<"transition", TransitionOptions>
  | SettlementOf<"retry", RetryOptions>
  | SettlementOf<"fail", FailOptions>
  | SettlementOf<"cancel", CancelOptions>
  | FanoutSettlement;

/** How a settlement names its flow. */
export type NamedFlow = Exclude<FlowRef, string>;

/** A command that ends a lease, with its options. */
export interface SettlementOf<Command extends string, Options> {
  /** The method of the store. */
  readonly command: Command;
  /** The flow. */
  readonly flow: NamedFlow;
  /** The options of that method. */
  readonly options: Options;
}

/** A fan-out, ready to be sent. */
export interface FanoutSettlement extends SettlementOf<"spawnChildren", SpawnChildrenOptions> {
  /** The children. */
  readonly children: readonly ChildItem[];
}

/** Sends the command. */
export function settle(store: FlowStore, settlement: Settlement): Promise<FlowRecord> {
  const { flow } = settlement;
  switch (settlement.command) {
    case "complete":
      return store.complete(flow, settlement.options);
    case "transition":
      return store.transition(flow, settlement.options);
    case "retry":
      return store.retry(flow, settlement.options);
    case "fail":
      return store.fail(flow, settlement.options);
    case "cancel":
      return store.cancel(flow, settlement.options);
    case "spawnChildren":
      return spawn(store, settlement);
  }
}

/** A group that is there already moves nothing: without a word the job would run again and again. */
async function spawn(
  store: FlowStore,
  { flow, children, options }: FanoutSettlement,
): Promise<FlowRecord> {
  const record = await store.spawnChildren(flow, children, options);
  if (record.leaseToken !== options.leaseToken) return record;
  const { groupId } = options;
  throw new FlowError(
    "group_conflict",
    `Flow "${flow.id}" has spawned the group "${groupId}" before, and goes nowhere by it now`,
    { details: { id: flow.id, groupId } },
  );
}

/**
 * The command that an outcome stands for; undefined for `noReply`. Throws, or rejects where a schema
 * is asynchronous, as the functions below do.
 */
export function settlementOf(
  definition: CheckedDefinition,
  lease: Lease,
  outcome: Outcome,
): Eventually<Settlement> | undefined {
  switch (outcome.kind) {
    case "ok":
      return okSettlement(definition, lease, outcome);
    case "error":
      return errorSettlement(definition, lease, outcome);
    case "transition":
      return moveSettlement(definition, lease, outcome);
    case "complete":
      return completeSettlement(lease, outcome);
    case "retry":
      return retrySettlement(definition, lease, outcome);
    case "fail":
      return failSettlement(lease, outcome);
    case "fanout":
      return fanoutSettlement(definition, lease, outcome);
    case "noReply":
      return undefined;
  }
}

/**
 * What the state's `onOk` says. `wrong_state` if the state is not declared: a flow that nobody knows
 * how to go on with never completes in silence.
 */
export function okSettlement(
  definition: CheckedDefinition,
  lease: Lease,
  said: { readonly value?: unknown; readonly options?: EndOptions | MoveOptions | undefined },
): Eventually<Settlement> {
  const { onOk } = declaredState(definition, lease);
  const { value, options } = said;
  if (onOk.kind === "complete") return completeSettlement(lease, { result: value, options });
  return moveSettlement(definition, lease, { to: onOk.to, payload: value, options });
}

/** What the state's `onError` says. `wrong_state` if the state is not declared. */
export function errorSettlement(
  definition: CheckedDefinition,
  lease: Lease,
  said: { readonly reason?: unknown; readonly options?: AgainOptions | EndOptions | undefined },
): Settlement {
  const { onError } = declaredState(definition, lease);
  return onError === "fail"
    ? failSettlement(lease, said)
    : retrySettlement(definition, lease, said);
}

/**
 * A move to a state. `terminal_target` if flows end there, `invalid_argument` if it is not declared or
 * the payload does not fit.
 */
function moveSettlement(
  definition: CheckedDefinition,
  lease: Lease,
  said: {
    readonly to: string;
    readonly payload?: unknown;
    readonly options?: MoveOptions | undefined;
  },
): Eventually<Settlement> {
  const state = moveTarget(definition, said.to);
  const options = optionsOf(said.options, OF_MOVE);
  const withPayload = (payload: unknown): Settlement => ({
    command: "transition",
    flow: flowOf(lease),
    options: given({ ...options, from: lease.state, to: said.to, ...guardOf(lease), payload }),
  });
  if (said.payload === undefined) return withPayload(undefined);
  const payload = checkedPayload(state, said.payload);
  return payload instanceof Promise ? payload.then(withPayload) : withPayload(payload);
}

/** A good end. */
export function completeSettlement(
  lease: Lease,
  said: { readonly result?: unknown; readonly options?: EndOptions | undefined },
): Settlement {
  const options = optionsOf(said.options, OF_COMPLETE);
  return {
    command: "complete",
    flow: flowOf(lease),
    options: given({ ...options, ...guardOf(lease), result: said.result }),
  };
}

/** Another try, under the retry members that the state declares. */
export function retrySettlement(
  definition: CheckedDefinition,
  lease: Lease,
  said: { readonly reason?: unknown; readonly options?: AgainOptions | undefined },
): Settlement {
  const options = optionsOf(said.options, OF_ERROR);
  const retry = mergedRetry(definition.states.get(lease.state)?.retry ?? {}, options.retry);
  return {
    command: "retry",
    flow: flowOf(lease),
    options: given({ ...options, ...guardOf(lease), error: storedReason(said.reason), retry }),
  };
}

/** A bad end. */
export function failSettlement(
  lease: Lease,
  said: { readonly reason?: unknown; readonly options?: EndOptions | undefined },
): Settlement {
  const options = optionsOf(said.options, OF_ERROR);
  return {
    command: "fail",
    flow: flowOf(lease),
    options: given({ ...options, ...guardOf(lease), error: storedReason(said.reason) }),
  };
}

/** A fan-out. `invalid_argument` if the options or the payload of a child do not fit. */
function fanoutSettlement(
  definition: CheckedDefinition,
  lease: Lease,
  said: { readonly children: unknown; readonly options: unknown },
): Eventually<Settlement> {
  return groupSettlement(flowOf(lease), said.children, {
    ...groupOptions(definition, optionsOf(checkObject("options", said.options), OF_FANOUT)),
    from: lease.state,
    ...guardOf(lease),
  });
}

/**
 * A wait for children. With none of them there is nobody to wait for, so there is no group, and the flow
 * goes on at once; `invalid_argument` if it waits for any of them.
 */
export function groupSettlement(
  flow: NamedFlow,
  children: unknown,
  options: SpawnChildrenOptions,
): Eventually<Settlement> {
  const withItems = (children: readonly ChildItem[]): Settlement =>
    children.length === 0
      ? childlessSettlement(flow, options)
      : { command: "spawnChildren", flow, children, options };
  const items = childItems(children);
  return items instanceof Promise ? items.then(withItems) : withItems(items);
}

function childlessSettlement(
  flow: NamedFlow,
  { wait, success, from, leaseToken, fencingToken, nowMs }: SpawnChildrenOptions,
): Settlement {
  if (wait === "any") {
    throw invalid("children", [], 'one at least with wait "any": of none, none will complete');
  }
  const guard = given({ leaseToken, fencingToken, nowMs });
  switch (success) {
    case "completed":
      return { command: "complete", flow, options: guard as CompleteOptions };
    case "failed":
      return { command: "fail", flow, options: guard as FailOptions };
    case "cancelled":
      return { command: "cancel", flow, options: guard };
    default:
      return { command: "transition", flow, options: { from: from!, to: success, ...guard } };
  }
}

/** Gives a flow back as if it had not been claimed: to its own state, so that its attempts stay. */
export function handBackSettlement(lease: Lease, runAtMs: number): Settlement {
  const { state } = lease;
  return {
    command: "transition",
    flow: flowOf(lease),
    options: { from: state, to: state, ...guardOf(lease), runAtMs },
  };
}

/** The declared state of a name, which flows can be sent to. */
export function moveTarget(
  definition: CheckedDefinition,
  to: string,
  field = "to",
): StateDefinition {
  if (isTerminalState(to)) {
    throw new FlowError("terminal_target", `${field} is "${to}", which ends a flow`, {
      details: { field, value: to },
    });
  }
  const state = definition.states.get(to);
  if (state !== undefined) return state;
  throw invalid(field, to, `one of ${definition.liveStates.join(", ")}`);
}

function declaredState(definition: CheckedDefinition, lease: Lease): StateDefinition {
  const state = definition.states.get(lease.state);
  if (state !== undefined) return state;
  const declared = definition.liveStates;
  throw new FlowError(
    "wrong_state",
    `Flow "${lease.id}" was claimed from state "${lease.state}", and workflow ` +
      `"${definition.type}" declares only ${declared.join(", ")}`,
    { details: { id: lease.id, state: lease.state, expected: declared } },
  );
}

/** The command's members over the state's, one by one. */
function mergedRetry(
  declared: RetryPolicy,
  override: RetryPolicy | undefined,
): RetryPolicy | undefined {
  if (override !== undefined) checkObject("retry", override);
  if (override?.backoff !== undefined) checkObject("retry.backoff", override.backoff);
  const backoff = { ...declared.backoff, ...given(override?.backoff ?? {}) };
  const merged = given({
    ...declared,
    ...given(override ?? {}),
    backoff: Object.keys(backoff).length === 0 ? undefined : backoff,
  });
  return Object.keys(merged).length === 0 ? undefined : merged;
}

function flowOf({ id, partitionKey }: Lease): { id: string; partitionKey: string } {
  return { id, partitionKey };
}

function guardOf({ leaseToken, fencingToken }: Lease): Guard {
  return { leaseToken, fencingToken };
}
