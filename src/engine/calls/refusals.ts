/**
 * Why a command is refused although the flow would allow it.
 *
 * @module
 */
import { adviceOn, causesOf, FlowError, isFlowError } from "../../errors.ts";
import type { FlowLimits } from "../../flow/mod.ts";
import { EXHAUSTED_MS } from "../disk/disk_room.ts";

/** Whoever asked for a merge that cannot be made waits so long: others may go on, or there may be room. */
const OUTDATED_RETRY_MS = 1_000;
const ROOM_RETRY_MS = 5_000;

/** The command does not fit into its limit. */
export function commandTooLarge(bytes: number, { commandBytesMax }: FlowLimits): FlowError {
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

/** Whether something was refused since there is no room on the disk. */
export function isDiskFull(error: unknown): boolean {
  return isFlowError(error, "overloaded") && error.details["reason"] === "disk_full";
}

/** There is not even room for what a merge would keep. */
export function noRoomToMerge(lackedBytes: number): FlowError {
  const message = "The disk is full: merging goes on once there are about " +
    `${lackedBytes} bytes of room`;
  return new FlowError("overloaded", message, {
    details: { reason: "disk_full", retryAfterMs: ROOM_RETRY_MS, lackedBytes },
  });
}

/** Others have made a merge wrong, again and again. */
export function outdatedAgain(): FlowError {
  return new FlowError(
    "overloaded",
    "Values that were to go were linked while segments were merged, again and again",
    { details: { retryAfterMs: OUTDATED_RETRY_MS } },
  );
}

/** Somebody has closed the store. */
export function storeClosed(): FlowError {
  // A program that does not wait for its work never sees where that happens.
  const message = 'The store was closed, by close() or where the block of its "await using" ended';
  return new FlowError("store_closed", message);
}

/** Nothing is served any more. */
export function storeFailed(cause: unknown): FlowError {
  const message = `The log or the state above it failed${rootOf(cause)}`;
  return new FlowError("store_failed", message, { cause });
}

/** The store failed, and nobody knows what has become of a command. */
export function unknownOutcome(cause: unknown): FlowError {
  const message = `The store failed while the command was on its way to the disk${rootOf(cause)}`;
  return new FlowError("unknown_outcome", message, { cause });
}

/** What it began with, for whoever sees nothing but a message. */
function rootOf(cause: unknown): string {
  const root = [...causesOf(cause)].at(-1);
  if (root === undefined) return "";
  // The advice of the whole follows.
  const advice = root instanceof FlowError ? `. ${adviceOn(root.code)}` : "";
  const message = root.message.slice(0, root.message.length - advice.length);
  const path = "path" in root && typeof root.path === "string" ? root.path : "";
  return `: ${message}${message.includes(path) ? "" : ` (${path})`}`;
}

/** What reads nothing but throws a refusal. */
export function raising(error: Error): () => never {
  return () => {
    throw error;
  };
}
