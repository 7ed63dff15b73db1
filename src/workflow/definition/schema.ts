/**
 * Schemas of payloads: whatever implements Standard Schema, such as valibot, zod or arktype.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";

/**
 * A schema of version 1 of the Standard Schema convention, as far as it is used here.
 *
 * @typeParam Input What callers may hand in.
 * @typeParam Output What the schema makes of it: this is what is stored.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The convention's one property. */
  readonly "~standard": StandardSchemaProperties<Input, Output>;
}

/** What a {@linkcode StandardSchema} offers. */
export interface StandardSchemaProperties<Input = unknown, Output = Input> {
  /** The version of the convention. */
  readonly version: 1;
  /** The library that the schema comes from. */
  readonly vendor: string;
  /** Checks a value and may change it. May be asynchronous. */
  readonly validate: (
    value: unknown,
  ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  /** Carries the two types; never looked at when the program runs. */
  readonly types?: {
    /** What callers may hand in. */
    readonly input: Input;
    /** What is stored. */
    readonly output: Output;
  } | undefined;
}

/** What a schema says about a value: what it became, or what is wrong with it. */
export type StandardSchemaResult<Output> =
  | {
    /** What the value became. */
    readonly value: Output;
    /** Nothing is wrong. */
    readonly issues?: undefined;
  }
  | {
    /** What is wrong. */
    readonly issues: readonly StandardSchemaIssue[];
  };

/** One thing that is wrong with a value. */
export interface StandardSchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where in the value. Absent: the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * A payload's type without a check when the program runs.
 *
 * @example
 * ```ts
 * import { type, workflow } from "@flowcask/flowcask";
 *
 * const email = workflow({
 *   type: "email",
 *   initialState: "queued",
 *   states: { queued: { payload: type<{ to: string }>() } },
 * });
 * ```
 */
export function type<T>(): StandardSchema<T> {
  return {
    "~standard": { version: 1, vendor: "flowcask", validate: (value) => ({ value: value as T }) },
  };
}

/** A value, or the promise of one where a schema is asynchronous. */
export type Eventually<T> = T | Promise<T>;

/**
 * What a schema makes of a payload; without a schema the payload itself. A promise only if the
 * schema gives one, so that commands keep the order of their calls.
 *
 * Throws or rejects with `invalid_argument`, and the schema's `issues` in the details.
 *
 * @param state The state that the payload is for.
 * @param payload The payload.
 * @param field What the payload is called in the call.
 */
export function checkedPayload(
  state: { readonly name: string; readonly payload: StandardSchema | undefined },
  payload: unknown,
  field = "payload",
): Eventually<unknown> {
  if (state.payload === undefined) return payload;
  const result = state.payload["~standard"].validate(payload);
  return "then" in result
    ? Promise.resolve(result).then((settled) => outputOf(settled, state.name, field))
    : outputOf(result, state.name, field);
}

function outputOf(
  result: StandardSchemaResult<unknown>,
  state: string,
  field: string,
): unknown {
  if (result.issues === undefined) return result.value;
  const [first] = result.issues;
  const why = first === undefined ? "the schema does not say why" : described(first);
  throw new FlowError(
    "invalid_argument",
    `${field} does not fit the schema of state "${state}": ${why}`,
    { details: { field, state, issues: result.issues } },
  );
}

function described({ message, path = [] }: StandardSchemaIssue): string {
  const place = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  return place === "" ? message : `${message} (at "${place}")`;
}
