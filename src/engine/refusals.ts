/**
 * Why a command is refused although the flow would allow it.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { FlowLimits } from "../flow/mod.ts";
import { EXHAUSTED_MS } from "./disk_room.ts";

/** The command does not fit into its limit. */
export function tooLarge(bytes: number, { commandBytesMax }: FlowLimits): FlowError {
  return new FlowError(
    "too_large",
    `The command writes ${bytes} bytes, the limit is ${commandBytesMax} (limits.commandBytesMax)`,
    { details: { value: bytes, limit: commandBytesMax } },
  );
}

/** There is no room on the disk. */
export function diskFull(): FlowError {
  return new FlowError("overloaded", "The disk is full, nothing was written", {
    details: { reason: "disk_full", retryAfterMs: EXHAUSTED_MS },
  });
}

/** Nothing is served any more. */
export function storeFailed(cause: unknown): FlowError {
  return new FlowError("store_failed", "The log or the state above it failed", { cause });
}

/** The store failed, and nobody knows what has become of a command. */
export function unknownOutcome(cause: unknown): FlowError {
  const message = "The store failed while the command was on its way to the disk";
  return new FlowError("unknown_outcome", message, { cause });
}

/** What reads nothing but throws a refusal. */
export function raising(error: Error): () => never {
  return () => {
    throw error;
  };
}
