/**
 * The one error type of flowcask and the codes it carries.
 *
 * Codes are API: they stay the same between versions. Messages are for people and may change.
 *
 * @module
 */

/** A stable, machine-readable reason. `FlowError.code` is always one of these. */
export type FlowErrorCode =
  /** An argument or option has a wrong type, an unknown name or a value out of range. */
  | "invalid_argument"
  /** An option that exists elsewhere, but is deliberately refused here. */
  | "unsupported_option"
  /** No such flow, or it is past its retention. */
  | "not_found"
  /** The parent has a group of this name from another request. */
  | "group_conflict"
  /** The parent of new children has ended. */
  | "parent_terminal"
  /** A child has the id of its parent. */
  | "child_is_parent"
  /** A parent is to wait, but not said in which state. */
  | "wait_state_required"
  /** An item of a batch with which nothing is wrong: the batch was refused because of another one. */
  | "not_applied"
  /** A flow with this id is already there. */
  | "already_exists"
  /** An idempotent create met a flow that another request had created. */
  | "idempotency_conflict"
  /** The same id stands twice in one batch. */
  | "duplicate_id"
  /** A command names another partition than the batch or `atomic()` that it belongs to. */
  | "partition_mismatch"
  /** The flow is in another state than the command expects. */
  | "wrong_state"
  /** The lease or fencing number of the command is not the flow's current one. */
  | "stale_lease"
  /** A handler ran for longer than its state allows. */
  | "handler_timeout"
  /** The flow has ended. */
  | "flow_terminal"
  /** `running` is entered by a claim only. */
  | "running_reserved"
  /** A terminal state is entered by complete, fail or cancel only. */
  | "terminal_target"
  /** A signal's `ifState` does not name the flow's present state. */
  | "state_mismatch"
  /** A signal has `transitionTo`, but no `ifState`. */
  | "guard_required"
  /** The idempotency key of a signal was used for a different one. */
  | "signal_conflict"
  /** A name of a flow holds another value. */
  | "value_conflict"
  /** A key of `kv` has another version than the command expects. */
  | "version_conflict"
  /** A count is above its limit. */
  | "limit_exceeded"
  /** A size in bytes is above its limit. */
  | "too_large"
  /** The payload of a job was linked, and is gone. */
  | "payload_missing"
  /** A leased flow is not rewound, also if its lease is over. */
  | "rewind_leased"
  /** A flow that belongs to a parent is not rewound. */
  | "rewind_family"
  /** The flow has no such event, or keeps it no more. */
  | "rewind_event_not_found"
  /** After the event the flow was leased, and a lease does not come back. */
  | "rewind_event_unusable"
  /** A policy was changed since it was read. */
  | "generation_conflict"
  /** More blocked claims than the store allows. */
  | "too_many_waiters"
  /** The store refuses new work for a while; work that exists goes on. */
  | "overloaded"
  /** The command may or may not have been applied. */
  | "unknown_outcome"
  /** What the caller wants to read is no longer in the log. */
  | "log_trimmed"
  /** Another process has the directory open. */
  | "store_locked"
  /** The store was closed. */
  | "store_closed"
  /** The store met an I/O fault and serves nothing any more. */
  | "store_failed"
  /** A backup or a restore cannot read or write its files. A store that is open goes on. */
  | "copy_failed"
  /** Bytes on disk are not what was written. */
  | "corrupt"
  /** The files were written by a newer version. */
  | "newer_format"
  /** A definition of a workflow type does not fit another one, or the flows that are there. */
  | "definition_conflict";

/** What the caller should do about each of them. */
const ADVICE: Readonly<Record<FlowErrorCode, string>> = {
  invalid_argument: "Correct the call",
  unsupported_option: "Leave the option out",
  not_found: "Create the flow, or check its id and partition",
  group_conflict: "Use a new groupId for different children",
  parent_terminal: "Create flows without a parent, or under another one",
  child_is_parent: "Give the child an id of its own",
  wait_state_required: 'Name a state to wait in, or use wait: "none"',
  not_applied: "Send the batch again without the item that was refused, or correct that one",
  already_exists: "Choose another id, or create with idempotent: true",
  idempotency_conflict: "Use a new id for a different request",
  duplicate_id: "Name each flow once",
  partition_mismatch: "Send one batch, or one atomic(), per partition",
  wrong_state: "Read the flow again and decide anew",
  stale_lease: "Work on a flow only while you hold its lease",
  handler_timeout: "Let the handler end when its signal aborts, or raise handlerTimeoutMs",
  flow_terminal: "Nothing more can happen to this flow",
  running_reserved: "Choose another state",
  terminal_target: "Use complete, fail or cancel",
  state_mismatch: "Read the flow again and decide anew",
  guard_required: "Name the states that the signal is meant for",
  signal_conflict: "Use a new key for a different signal",
  value_conflict: "Read the flow again, or name the value in overrideValues",
  version_conflict: "Read the key again and decide anew",
  limit_exceeded: "Send less at a time, or raise the limit when opening the store",
  too_large: "Send less, or raise the limit when opening the store",
  payload_missing: "Link values that are there for longer than flows need them (valuePut, ttlMs)",
  rewind_leased: "Cancel the flow first, or wait until its worker is done",
  rewind_family: "Create a new flow instead",
  rewind_event_not_found: "Read the history and choose an event that is in it",
  rewind_event_unusable: "Choose the event before the claim",
  generation_conflict: "Read the policy again and decide anew",
  too_many_waiters: "Use fewer, larger claims, or raise the limit when opening the store",
  overloaded: "Try again after details.retryAfterMs",
  unknown_outcome: "Reopen the store and read the flow before trying again",
  log_trimmed: "Read the flows as they are now, and follow the events from then on",
  store_locked: "Close the store or stop the process that has it, or open another directory",
  store_closed: "Open it again, or keep it open for longer",
  store_failed: "Look at the cause, close the store if it is open, and open it again",
  copy_failed: "Look at the cause and copy again; no store has suffered from it",
  corrupt: "Restore a backup into another directory by restoreStore(), and keep these files",
  newer_format: "Open the directory with that version",
  definition_conflict:
    "Use one definition of a type per store, and declare every state that live flows are in",
};

/** What the caller should do about an error. Its message ends with it. */
export function adviceOn(code: FlowErrorCode): string {
  return ADVICE[code];
}

/** Which argument an error is about. */
export interface FieldFacts {
  /** The name of the argument, such as `items[3].leaseMs`. */
  readonly field: string;
}

/** What is above its limit, and the limit. */
export interface LimitFacts extends FieldFacts {
  /** The count that was asked for. */
  readonly value: number;
  /** The most that is taken. */
  readonly limit: number;
}

/** Which flow an error is about. */
export interface FlowFacts {
  /** Its id. */
  readonly id: string;
}

/** Which flow an error is about, and where it stands. */
export interface FlowStateFacts extends FlowFacts {
  /** Its present state. */
  readonly state: string;
}

/** Which flow an error is about, and in which partition. */
export interface FlowPlaceFacts extends FlowFacts {
  /** The partition. */
  readonly partitionKey: string;
}

/** Which flow an error is about, in which partition, and of which workflow type it is. */
export interface FlowTypeFacts extends FlowPlaceFacts {
  /** Its workflow type: all types share the ids of a partition. */
  readonly type: string;
}

/** Which place in the files of a store an error is about. */
export interface FileFacts {
  /** The name of the file. */
  readonly file: string;
  /** Where in it, in bytes. */
  readonly offset: number;
}

/**
 * What the details of an error always say, by its code: no error can be made without. Most say more,
 * and those of codes that are not here may say anything.
 */
export interface FlowErrorFacts {
  /** The argument. */
  readonly invalid_argument: FieldFacts;
  /** The option. */
  readonly unsupported_option: FieldFacts;
  /** The flow that there is not. */
  readonly not_found: FlowFacts;
  /** The parent, and the name of the group. */
  readonly group_conflict: FlowFacts & { readonly groupId: string };
  /** The parent. */
  readonly parent_terminal: FlowStateFacts;
  /** The option that is missing. */
  readonly wait_state_required: FieldFacts;
  /** The place in the batch of the item that was refused, from 0, and the code of its error. */
  readonly not_applied: { readonly index: number; readonly refusedWith: FlowErrorCode };
  /** The flow that is there. */
  readonly already_exists: FlowTypeFacts & FlowStateFacts;
  /** The flow that is there. */
  readonly idempotency_conflict: FlowTypeFacts;
  /** The option that names another partition. */
  readonly partition_mismatch: FieldFacts;
  /** The flow, where it is, and where it was expected. */
  readonly wrong_state: FlowStateFacts & { readonly expected: string | readonly string[] };
  /** The flow. */
  readonly stale_lease: FlowStateFacts;
  /** The job whose handler it was, and for how long it may run, in milliseconds. */
  readonly handler_timeout: FlowStateFacts & { readonly limit: number };
  /** The flow. */
  readonly flow_terminal: FlowStateFacts;
  /** The argument. */
  readonly running_reserved: FieldFacts;
  /** The argument. */
  readonly terminal_target: FieldFacts;
  /** The flow, where it is, and where the signal expected it. */
  readonly state_mismatch: FlowStateFacts & { readonly expected: readonly string[] };
  /** The option that is missing, and the flow. */
  readonly guard_required: FieldFacts & FlowStateFacts;
  /** The flow, and the key that it knows. */
  readonly signal_conflict: FlowFacts & { readonly idempotencyKey: string };
  /** The flow, and the name of the value. */
  readonly value_conflict: FlowFacts & { readonly name: string };
  /** The key, the version that was meant and the one that it has; 0: there is none. */
  readonly version_conflict: {
    readonly key: string;
    readonly partitionKey: string;
    readonly expected: number;
    readonly actual: number;
  };
  /** The count, and its limit. */
  readonly limit_exceeded: LimitFacts;
  /** How many bytes there are and how many are taken, where that is known. */
  readonly too_large: { readonly value?: number | undefined; readonly limit?: number | undefined };
  /** The job, and the option that its payload was linked by. */
  readonly payload_missing: FlowStateFacts & FieldFacts;
  /** The flow. */
  readonly rewind_leased: FlowFacts;
  /** The flow. */
  readonly rewind_family: FlowFacts;
  /** The flow, and the event. */
  readonly rewind_event_not_found: FlowFacts & { readonly eventId: string };
  /** The flow, and the event. */
  readonly rewind_event_unusable: FlowFacts & { readonly eventId: string };
  /** The type, the generation that was meant and the one that it has. */
  readonly generation_conflict: {
    readonly type: string;
    readonly expected: number;
    readonly actual: number;
  };
  /** How many claims may wait. */
  readonly too_many_waiters: { readonly limit: number };
  /** When to try again: so many milliseconds from now. */
  readonly overloaded: { readonly retryAfterMs: number };
  /** The first position that can still be read. */
  readonly log_trimmed: { readonly first: number };
  /** The directory. */
  readonly store_locked: { readonly path: string };
  /** Where the damage is. */
  readonly corrupt: FileFacts;
  /** The workflow type. */
  readonly definition_conflict: { readonly type: string };
}

/**
 * Facts of an error, by name: the field, the value, the limit, the place.
 *
 * @typeParam Code The code of the error. What it always says has a type.
 */
export type FlowErrorDetails<Code extends FlowErrorCode = FlowErrorCode> =
  & Readonly<Record<string, unknown>>
  & (Code extends keyof FlowErrorFacts ? FlowErrorFacts[Code] : unknown);

/** What a {@linkcode FlowError} may carry besides its code and message. */
export interface FlowErrorOptions<Details = Readonly<Record<string, unknown>>> {
  /** Facts for programs; the message names them for people. */
  readonly details?: Details | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * What a {@linkcode FlowError} has to carry: the facts that its code always says. Of a code that is
 * known at run time only, whatever there is.
 */
export type FlowErrorParts<Code extends FlowErrorCode> = FlowErrorCode extends Code
  ? [options?: FlowErrorOptions]
  : Code extends keyof FlowErrorFacts ? [
      options: FlowErrorOptions<FlowErrorDetails<Code>> & {
        readonly details: FlowErrorDetails<Code>;
      },
    ]
  : [options?: FlowErrorOptions];

/**
 * Every failure that flowcask reports on purpose.
 *
 * @example
 * ```ts
 * import { FlowError, openStore } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * try {
 *   await store.create("", { type: "email" });
 * } catch (error) {
 *   if (error instanceof FlowError && error.code === "invalid_argument") console.log(error.message);
 * }
 * ```
 *
 * @typeParam Code The code. `isFlowError(error, "overloaded")` tells the compiler which one it is.
 */
export class FlowError<Code extends FlowErrorCode = FlowErrorCode> extends Error {
  /** The name of the class, as it is printed: `"FlowError"`, or that of a kind of it. */
  override readonly name: string = "FlowError";
  /** The stable reason. */
  readonly code: Code;
  /** Facts for programs. Empty when there are none. */
  readonly details: FlowErrorDetails<Code>;

  /**
   * An error with its advice.
   *
   * @param code The stable reason.
   * @param message What happened, with the value and the limit; the advice for the code is added.
   * @param parts Details and cause.
   */
  constructor(code: Code, message: string, ...parts: FlowErrorParts<Code>) {
    const options: FlowErrorOptions = parts[0] ?? {};
    super(
      `${message}. ${ADVICE[code]}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    // Its own: several errors may be made of the same facts.
    this.details = { ...options.details } as FlowErrorDetails<Code>;
  }
}

/** So far the causes of an error are followed: it may be its own. */
const CAUSES_MAX = 10;

/** The errors that led to an error, that one first. */
export function* causesOf(error: unknown): Generator<Error> {
  for (let count = 0; count < CAUSES_MAX && error instanceof Error; count++) {
    yield error;
    error = error.cause;
  }
}

/**
 * Whether `error` is a {@linkcode FlowError}, of the given code if one is given. The details then have
 * the types of {@linkcode FlowErrorFacts}.
 *
 * @example
 * ```ts
 * import { isFlowError, openStore } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * await store.kv.set("balance", 100);
 * try {
 *   await store.kv.set("balance", 75, { ifVersion: 4_000 });
 * } catch (error) {
 *   if (!isFlowError(error, "version_conflict")) throw error;
 *   const { key, expected, actual } = error.details; // a text and two numbers
 *   console.log(key, expected, actual > 0); // balance 4000 true
 * }
 * ```
 */
export function isFlowError<Code extends FlowErrorCode = FlowErrorCode>(
  error: unknown,
  code?: Code,
): error is FlowError<Code> {
  return error instanceof FlowError && (code === undefined || error.code === code);
}

/**
 * Whether `error` is about one place in a file: what stands there is damaged, or cannot be read. Then
 * everything else in the store is as good as before. All other errors are about the store as a whole,
 * such as that it was closed, or are defects of ours.
 */
export function isFileFault(error: unknown): error is FlowError {
  if (!(error instanceof FlowError) || typeof error.details["file"] !== "string") return false;
  return error.code === "corrupt" || error.code === "store_failed" || error.code === "newer_format";
}
