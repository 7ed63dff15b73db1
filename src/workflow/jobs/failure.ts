/**
 * What is stored of a failure.
 *
 * @module
 */
import { isFlowError } from "../../errors.ts";

/** Characters of a message or a stack that are stored. */
const TEXT_CHARACTERS_MAX = 16_384;

/** So many errors are looked at that led to one: an error may be its own cause. */
export const CAUSES_MAX = 8;

/** Thrown by a handler, it ends the flow with `fail` whatever the state's `onError` is. */
export class NonRetryableError extends Error {
  /** Always `"NonRetryableError"`. */
  override readonly name = "NonRetryableError";
}

/** An exception as it is stored. */
export interface StoredException {
  /** The class of the exception. */
  readonly name: string;
  /** What it says, up to 16,384 characters. */
  readonly message: string;
  /** The code, if it is a `FlowError`. */
  readonly code?: string;
  /** Where it was thrown, if it says so, up to 16,384 characters. */
  readonly stack?: string;
  /** What led to it, if it says so. */
  readonly cause?: unknown;
  /**
   * The errors of an `AggregateError`, such as `Promise.any()` throws; of a `SuppressedError` the one
   * that was thrown at the end of a `using`, and the one that was on its way by then. The first ones:
   * with them and their causes up to eight are stored.
   */
  readonly errors?: readonly unknown[];
}

/** How many errors may still be stored beside the one that was thrown. */
interface Room {
  left: number;
}

/** What is stored of a reason: an exception becomes plain data, everything else stays as it is. */
export function storedReason(reason: unknown): unknown {
  return reason instanceof Error ? storedException(reason, { left: CAUSES_MAX }) : reason;
}

/** The nearest thing that JSON can hold: the value, or the text that it prints as. */
export function storable(value: unknown): unknown {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return JSON.parse(text);
  } catch {
    // It refers to itself, or is too large a whole number: there is still what it prints as.
  }
  return printed(value);
}

/** What a message says of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return printed(thrown instanceof Error ? thrown.message : thrown);
}

function storedException(error: Error, room: Room): StoredException {
  const { name, message, stack, cause } = error;
  // All of them before what led to any: they are what has happened.
  const errors = taken(errorsIn(error), room);
  return {
    name: printed(name),
    message: printed(message),
    ...isFlowError(error) ? { code: error.code } : {},
    ...typeof stack === "string" ? { stack: printed(stack) } : {},
    ...errors.length === 0 ? {} : { errors: errors.map((inner) => storedCause(inner, room)) },
    ...cause === undefined || taken([cause], room).length === 0
      ? {}
      : { cause: storedCause(cause, room) },
  };
}

/** Those of some errors for which there is room. */
function taken(errors: readonly unknown[], room: Room): readonly unknown[] {
  const some = errors.slice(0, room.left);
  room.left -= some.length;
  return some;
}

/** The errors that one stands for. */
function errorsIn(error: Error): readonly unknown[] {
  // Whoever has thrown it may have put anything there.
  if (error instanceof AggregateError) return Array.isArray(error.errors) ? error.errors : [];
  // Not every runtime has the class; what is compiled for those that have none makes up its own.
  if (error.name !== "SuppressedError") return [];
  const { error: thrown, suppressed } = error as { error?: unknown; suppressed?: unknown };
  return [thrown, suppressed];
}

function storedCause(cause: unknown, room: Room): unknown {
  return cause instanceof Error ? storedException(cause, room) : storable(cause);
}

function printed(value: unknown): string {
  try {
    return String(value).slice(0, TEXT_CHARACTERS_MAX);
  } catch {
    return "A value that cannot be printed";
  }
}
