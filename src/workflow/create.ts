/**
 * What creating a flow of a workflow takes, and the command it becomes.
 *
 * @module
 */
import { checkObject, given, invalid } from "../argument.ts";
import type { CommandOptions, CreateManyOptions, CreateOptions } from "../flow/mod.ts";
import { checkMembers } from "../unknown_option.ts";
import { membersOf } from "./argument.ts";
import type { CheckedDefinition } from "./definition/definition.ts";
import { partitioned, partitionKeyOf, type PartitionOf } from "./definition/partition_key.ts";
import type { PayloadIn } from "./definition/payload.ts";
import { checkedPayload, type Eventually } from "./definition/schema.ts";
import type { LiveName } from "./definition/state.ts";

/** What a flow is created with, besides its partition, state and payload. */
export interface CreateFacts
  extends
    Omit<CreateOptions, "type" | "state" | "partitionKey" | "payload" | "payloadRef" | "nowMs"> {
  /**
   * The id, 1 to 1,024 bytes. It is there once in its partition, for all types together: put the
   * type in front where they could use the same. Default: a UUID of version 7.
   */
  readonly id?: string | undefined;
}

/** The state a flow starts in: may be left out if it is the initial one. */
export type StartState<K, I> = K extends I ? {
    /** The state to start in. Default: the initial state. */
    readonly state?: K | undefined;
  }
  : {
    /** The state to start in. */
    readonly state: K;
  };

/** The payload of a state: may be left out if the state's type takes undefined. */
export type PayloadMember<State> =
  | (undefined extends PayloadIn<State> ? {
      /** The payload. Undefined: none, or what the schema makes of undefined. */
      readonly payload?: PayloadIn<State> | undefined;
      /** Not together with `payload`. */
      readonly payloadRef?: undefined;
    }
    : {
      /** The payload. */
      readonly payload: PayloadIn<State>;
      /** Not together with `payload`. */
      readonly payloadRef?: undefined;
    })
  | {
    /** The reference of a stored value, as the payload; no schema looks at it. */
    readonly payloadRef: string;
    /** Not together with `payloadRef`. */
    readonly payload?: undefined;
  };

/** What `create()` takes: facts, partition fields, and a payload that fits the state. */
export type CreateAttributes<
  P extends readonly string[],
  S,
  I extends LiveName<S>,
  K extends LiveName<S> = LiveName<S>,
> =
  | (K extends I ? never : CreateFacts & PartitionOf<P> & StartState<K, I> & PayloadMember<S[K]>)
  // Last: errors in what is handed in are told about the last one.
  | (K extends I ? CreateFacts & PartitionOf<P> & StartState<K, I> & PayloadMember<S[K]> : never);

/** Common options of `createMany()`; what an item says itself wins. */
export interface CreateBatchOptions
  extends Omit<CreateManyOptions, "type" | "state" | "payload" | "payloadRef"> {}

/** What may be said about every flow, alone or in a batch. */
const FACTS: Readonly<Record<Exclude<keyof CreateFacts, "id">, true>> = {
  runAtMs: true,
  priority: true,
  values: true,
  valueRefs: true,
  parentFlowId: true,
  rootFlowId: true,
  correlationId: true,
  attributes: true,
  idempotent: true,
  retentionTtlMs: true,
  historyMaxEvents: true,
};
const ATTRIBUTES = membersOf<CreateAttributes<readonly [], { readonly queued: object }, "queued">>({
  id: true,
  state: true,
  payload: true,
  payloadRef: true,
  partitionKey: true,
  ...FACTS,
});
const OPTIONS = membersOf<CommandOptions>({ nowMs: true });
const BATCH_OPTIONS = membersOf<CreateBatchOptions>({
  partitionKey: true,
  ...FACTS,
  independent: true,
  nowMs: true,
});

/** The options of one `create()`. Refuses whatever belongs to the attributes, or nowhere. */
export function createOptions(options: unknown): CommandOptions {
  return checkedOptions(options, OPTIONS);
}

/** The common options of `createMany()`. Refuses what the workflow itself says. */
export function createBatchOptions(options: unknown): CreateBatchOptions {
  return checkedOptions(options, BATCH_OPTIONS);
}

/** A flow to create, with everything that the definition adds. */
export interface CreateCommand {
  /** The id. */
  readonly id: string;
  /** The options of the store's `create`. */
  readonly options: CreateOptions & { readonly state: string };
}

/** Where the attributes come from. */
export interface CreatePlace {
  /** What stands before the name of an attribute in errors, such as `items[3].`. */
  readonly at: string;
  /** Makes the id of a flow that has none. */
  readonly newId: () => string;
}

/**
 * The command that creates a flow.
 *
 * Throws, or rejects where the state's schema is asynchronous, with `invalid_argument` if the state
 * is no declared one, a partition field is missing or the payload does not fit.
 */
export function createCommand(
  definition: CheckedDefinition,
  attributes: unknown,
  { at, newId }: CreatePlace,
): Eventually<CreateCommand> {
  const { partitionBy } = definition;
  const object = checkObject(at === "" ? "attributes" : at.slice(0, -1), attributes);
  checkMembers(at, object, ATTRIBUTES, partitionBy);
  const { partitionKey, rest } = partitioned(object, partitionBy, at);
  const { id = newId(), state = definition.initialState, payload, ...facts } = rest as {
    id?: string;
    state?: string;
    payload?: unknown;
    payloadRef?: string;
  };
  const isPartitioned = partitionKey !== undefined || partitionBy.length === 0;
  const declared = definition.states.get(state);
  if (declared === undefined || declared.isTerminal) {
    throw invalid(`${at}state`, state, `one of ${definition.liveStates.join(", ")}`);
  }
  const withPayload = (output: unknown): CreateCommand => ({
    id,
    options: given({
      ...facts,
      type: definition.type,
      state,
      // Of fields that are missing, this names the first.
      partitionKey: isPartitioned ? partitionKey : partitionKeyOf(rest, partitionBy, at),
      payload: output,
    }),
  });
  if (payload === undefined && facts.payloadRef !== undefined) return withPayload(undefined);
  const output = checkedPayload(declared, payload, `${at}payload`);
  return output instanceof Promise ? output.then(withPayload) : withPayload(output);
}

function checkedOptions(
  options: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const checked = checkObject("options", options ?? {});
  checkMembers("", checked, known);
  return given(checked);
}
