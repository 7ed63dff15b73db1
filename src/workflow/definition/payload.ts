/**
 * Which payload goes where, as types.
 *
 * @module
 */
import type { AgainOptions, EndOptions, MoveOptions } from "../jobs/outcome.ts";
import type { FailAction } from "./action.ts";
import type { StandardSchema } from "./schema.ts";
import type { Name } from "./state.ts";

/** The types of a state's schema; never, if it has none. */
export type SchemaTypes<State> = State extends { readonly payload: infer Schema }
  ? Schema extends StandardSchema ? NonNullable<Schema["~standard"]["types"]> : never
  : never;

/** What callers hand in as the payload of a state. Without a schema: unknown. */
export type PayloadIn<State> = [SchemaTypes<State>] extends [never] ? unknown
  : SchemaTypes<State>["input"];

/** What is stored as the payload of a state. Without a schema: unknown. */
export type PayloadOut<State> = [SchemaTypes<State>] extends [never] ? unknown
  : SchemaTypes<State>["output"];

/**
 * What a job of a state has as its payload.
 *
 * @typeParam Asked What the call says about payloads; undefined: what the state says.
 */
export type Hydrated<State, Asked extends boolean | undefined = undefined> = Asked extends false
  ? undefined
  : Asked extends true ? PayloadOut<State>
  : State extends { readonly claimPayload: false } ? undefined
  : PayloadOut<State>;

/** The state that `ok()` leads to from state `K`; never, if it ends the flow. */
export type Next<S, K extends keyof S> = S[K] extends { readonly onOk: infer To }
  ? To extends Name<S> ? To : never
  : never;

/** Whether the payload of state `From` may stay when the flow goes to state `To`. */
export type MayKeep<S, From extends keyof S, To extends keyof S> = [PayloadOut<S[From]>] extends
  [PayloadOut<S[To]>] ? true : false;

/** What a move from `From` to `To` takes as the payload; undefined keeps the present one. */
export type MovePayload<S, From extends keyof S, To extends keyof S> = MayKeep<S, From, To> extends
  true ? PayloadIn<S[To]> | undefined
  : Exclude<PayloadIn<S[To]>, undefined>;

/** What `ok()` takes in state `K`: the next state's payload, or any result where the flow ends. */
export type OkValue<S, K extends keyof S> = [Next<S, K>] extends [never] ? unknown
  : MovePayload<S, K, Next<S, K>>;

/** The options of `ok()` in state `K`. */
export type OkOptions<S, K extends keyof S> = [Next<S, K>] extends [never] ? EndOptions
  : MoveOptions;

/** The options of `error()` in state `K`. */
export type FailureOptions<S, K extends keyof S> = S[K] extends { readonly onError: FailAction }
  ? EndOptions
  : AgainOptions;

/** A list of arguments whose first may be left out if it may be undefined. */
export type OptionalFirst<First, Rest extends readonly unknown[] = []> = undefined extends First
  ? [value?: First, ...Rest]
  : [value: First, ...Rest];

/** The arguments of `ok()` in state `K`, after the job. */
export type OkArgs<S, K extends keyof S, Rest extends readonly unknown[] = []> = K extends keyof S
  ? OptionalFirst<OkValue<S, K>, Rest>
  : never;
