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

/** What reads nothing but throws a refusal. */
export function raising(error: Error): () => never {
  return () => {
    throw error;
  };
}
