/**
 * Why a command is refused although the flow would allow it.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { FlowLimits } from "../flow/mod.ts";

/** How long a caller should wait for somebody to make room on the disk. */
const DISK_FULL_RETRY_MS = 1_000;

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
    details: { reason: "disk_full", retryAfterMs: DISK_FULL_RETRY_MS },
  });
}
