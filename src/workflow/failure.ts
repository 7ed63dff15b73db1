/**
 * What is stored of a failure.
 *
 * @module
 */
import { isFlowError } from "../errors.ts";

/** Characters of a message or a stack that are stored. */
const TEXT_CHARACTERS_MAX = 16_384;

/** How far causes of causes are followed: an error may be its own. */
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
  /** What led to it, if it says so; up to eight in a chain. */
  readonly cause?: unknown;
}

/** What is stored of a reason: an exception becomes plain data, everything else stays as it is. */
export function storedReason(reason: unknown): unknown {
  return reason instanceof Error ? storedException(reason, 0) : reason;
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

function storedException(error: Error, depth: number): StoredException {
  const { name, message, stack, cause } = error;
  return {
    name: printed(name),
    message: printed(message),
    ...isFlowError(error) ? { code: error.code } : {},
    ...typeof stack === "string" ? { stack: printed(stack) } : {},
    ...cause === undefined || depth === CAUSES_MAX ? {} : { cause: storedCause(cause, depth + 1) },
  };
}

function storedCause(cause: unknown, depth: number): unknown {
  return cause instanceof Error ? storedException(cause, depth) : storable(cause);
}

function printed(value: unknown): string {
  try {
    return String(value).slice(0, TEXT_CHARACTERS_MAX);
  } catch {
    return "A value that cannot be printed";
  }
}
