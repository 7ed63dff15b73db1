/**
 * What a handler may say about its job.
 *
 * @module
 */
import type {
  ChildItem,
  CommandOptions,
  Priority,
  RetryPolicy,
  ValueChangeOptions,
} from "../../flow/mod.ts";
import type { Eventually } from "../definition/schema.ts";
import type { FanoutOptions } from "./fanout.ts";

/** The mark of outcomes: only what the functions of this module made has it. */
export const OUTCOME: unique symbol = Symbol.for("flowcask.outcome");

/** What all outcomes have. */
export interface OutcomeMark {
  /** Made by one of the outcome functions. */
  readonly [OUTCOME]: true;
}

/** The job is done: what comes next is the state's `onOk`. */
export interface Ok<Value = unknown> extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "ok";
  /** The result, or the payload of the next state. */
  readonly value: Value;
}

/** The job went wrong: what comes next is the state's `onError`. */
export interface Failure extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "error";
  /** Why. */
  readonly reason: unknown;
}

/** The flow goes to a state of the handler's choice. */
export interface Transition<To extends string = string, Payload = unknown> extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "transition";
  /** The state to go to. */
  readonly to: To;
  /** The payload of that state. Undefined: kept. */
  readonly payload: Payload;
  /** When and how urgently. */
  readonly options: MoveOptions;
}

/** The flow ends well. Also an action of a state: `onOk: complete()`. */
export interface Complete<Result = unknown> extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "complete";
  /** The result. Undefined: none. */
  readonly result: Result;
}

/** The flow runs again later. */
export interface Retry extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "retry";
  /** Why. */
  readonly reason: unknown;
  /** When, and under which policy. */
  readonly options: AgainOptions;
}

/** The flow ends badly. Also an action of a state: `onError: fail()`. */
export interface Fail<Reason = unknown> extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "fail";
  /** Why. */
  readonly reason: Reason;
}

/** The flow waits for children that it spawns now, and goes on after them. */
export interface Fanout<To extends string = string> extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "fanout";
  /** The children. */
  readonly children: readonly Eventually<ChildItem>[];
  /** How it waits, and where it goes after them. */
  readonly options: FanoutOptions<To>;
}

/** Nothing is to be done: the handler has given the final command itself. */
export interface NoReply extends OutcomeMark {
  /** Which outcome it is. */
  readonly kind: "noReply";
}

/** Whatever a handler may say. */
export type Outcome = Ok | Failure | Transition | Complete | Retry | Fail | Fanout | NoReply;

/** When and how urgently a flow goes on. */
export interface MoveOptions extends CommandOptions, ValueChangeOptions {
  /**
   * When it may be claimed, in milliseconds since 1970: `Date.now() + delayMs`. Null: parked until
   * something gives it a time. Default: now.
   */
  readonly runAtMs?: number | null | undefined;
  /** Replaces the priority. Default: kept. */
  readonly priority?: Priority | undefined;
}

/** What else an end may change. */
export interface EndOptions extends CommandOptions, ValueChangeOptions {
  /** Replaces the payload. Absent: kept. */
  readonly payload?: unknown;
  /** Replaces the retention of the record, from now on. In milliseconds. */
  readonly ttlMs?: number | undefined;
}

/** When and under which policy a flow runs again. */
export interface AgainOptions extends CommandOptions {
  /** Replaces the payload. Absent: kept. */
  readonly payload?: unknown;
  /** When to run again, instead of the backoff, in milliseconds since 1970: `Date.now() + delayMs`. */
  readonly runAtMs?: number | undefined;
  /** Overrides members of the state's retry policy for this one retry. */
  readonly retry?: RetryPolicy | undefined;
}

/** The job is done: applies the state's `onOk`. */
export function ok(): Ok<undefined>;
/**
 * The job is done: applies the state's `onOk`.
 *
 * @param value The result, or the payload of the next state.
 */
export function ok<Value>(value: Value): Ok<Value>;
export function ok(value?: unknown): Ok {
  return { [OUTCOME]: true, kind: "ok", value };
}

/**
 * The job went wrong: applies the state's `onError`.
 *
 * @param reason Any JSON value, bytes, or an exception. Of that are stored name, message and stack, its
 * cause, and the errors that it stands for (`AggregateError`): up to eight of them, with their causes.
 */
export function error(reason?: unknown): Failure {
  return { [OUTCOME]: true, kind: "error", reason };
}

/**
 * Sends the flow to a state.
 *
 * @param to The state.
 */
export function transition<To extends string>(to: To): Transition<To, undefined>;
/**
 * Sends the flow to a state, with its payload.
 *
 * @param to The state.
 * @param payload The payload of that state. Undefined: kept.
 * @param options When and how urgently.
 */
export function transition<To extends string, Payload>(
  to: To,
  payload: Payload,
  options?: MoveOptions,
): Transition<To, Payload>;
export function transition(to: string, payload?: unknown, options: MoveOptions = {}): Transition {
  return { [OUTCOME]: true, kind: "transition", to, payload, options };
}

/** Ends the flow well, without a result. As a state's `onOk`, the value of `ok()` is the result. */
export function complete(): Complete<undefined>;
/**
 * Ends the flow well.
 *
 * @param result Any JSON value or bytes.
 */
export function complete<Result>(result: Result): Complete<Result>;
export function complete(result?: unknown): Complete {
  return { [OUTCOME]: true, kind: "complete", result };
}

/**
 * Runs the flow again later, under the state's retry policy whatever its `onError` is.
 *
 * @param reason As for {@linkcode error}.
 * @param options When, and under which policy.
 */
export function retry(reason?: unknown, options: AgainOptions = {}): Retry {
  return { [OUTCOME]: true, kind: "retry", reason, options };
}

/** Ends the flow badly, without a reason. As a state's `onError`, the reason of `error()` is kept. */
export function fail(): Fail<undefined>;
/**
 * Ends the flow badly.
 *
 * @param reason As for {@linkcode error}.
 */
export function fail<Reason>(reason: Reason): Fail<Reason>;
export function fail(reason?: unknown): Fail {
  return { [OUTCOME]: true, kind: "fail", reason };
}

/**
 * Spawns children, and lets the flow wait for them: one command, which gives the lease up. With no
 * children there is no group, and the flow goes to `onAllOk` at once; with `wait: "any"` that is
 * refused, since of none, none will complete.
 *
 * @param children What `child()` of their workflows returns, up to 1,000.
 * @param options How the flow waits, and where it goes after them.
 *
 * @example
 * ```ts
 * import { fanout, ok, type, workflow } from "@flowcask/flowcask";
 * import { memoryStore, runUntilIdle } from "@flowcask/flowcask/testing";
 *
 * await using store = await memoryStore();
 * const page = workflow({
 *   type: "page",
 *   store,
 *   initialState: "printed",
 *   states: { printed: { payload: type<number>() } },
 * });
 * const book = workflow({
 *   type: "book",
 *   store,
 *   initialState: "typeset",
 *   states: { typeset: { payload: type<{ pages: number }>() }, bound: {}, failed: {} },
 * });
 * await book.create({ id: "book-1", payload: { pages: 3 } });
 *
 * await runUntilIdle([
 *   () =>
 *     book.runOnce({
 *       worker: "press",
 *       handlers: {
 *         typeset: ({ payload }) =>
 *           fanout(
 *             Array.from({ length: payload.pages }, (_, index) => page.child({ payload: index })),
 *             { onAllOk: "bound", onAnyError: "failed" },
 *           ),
 *         bound: () => ok("a book"),
 *       },
 *     }),
 *   () => page.runOnce("printed", { worker: "press", limit: 10, handler: () => ok() }),
 * ]);
 * console.log((await book.get("book-1"))?.childGroups.fanout?.summary.completed); // 3
 * ```
 */
export function fanout<const To extends string, const W extends string = string>(
  children: readonly Eventually<ChildItem>[],
  options: FanoutOptions<To, W>,
): Fanout<To> {
  return { [OUTCOME]: true, kind: "fanout", children, options: options as FanoutOptions<To> };
}

/** Nothing is to be done: the handler has given, or will give, the final command itself. */
export const noReply: NoReply = { [OUTCOME]: true, kind: "noReply" };

/** Whether a value was made by one of the outcome functions. */
export function isOutcome(value: unknown): value is Outcome {
  return typeof value === "object" && value !== null && OUTCOME in value;
}
