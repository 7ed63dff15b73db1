/**
 * Work that takes long, done a piece at a time between what everybody else does.
 *
 * @module
 */
import { invalid } from "../../argument.ts";
import type { Time } from "../../time/mod.ts";
import { checkMembers } from "../../unknown_option.ts";

/** A piece has no more steps, however fast they are: a clock may stand still. */
const STEPS_MAX = 1_000;

/** Options of whatever takes long. */
export interface LongWorkOptions<Progress> {
  /** Called between pieces of the work. What it throws ends the work, and the promise rejects with it. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How work is done. */
export interface Piecework<Progress> extends LongWorkOptions<Progress> {
  /** The time by which it is done. */
  readonly time: Time;
  /** How long a piece may be, in milliseconds. Default: a piece is one step. */
  readonly pieceMs?: number;
}

/** Does a piece of the work in every macrotask, so that everybody else has his turn in between. */
export async function inPieces<Progress, Result>(
  work: Generator<Progress, Result>,
  { time, onProgress, signal, pieceMs = 0 }: Piecework<Progress>,
): Promise<Result> {
  const { clock } = time;
  try {
    while (true) {
      const endMs = clock.monotonicMs() + pieceMs;
      let next = work.next();
      for (let steps = 1; next.done !== true && steps < STEPS_MAX; steps++) {
        if (clock.monotonicMs() >= endMs) break;
        next = work.next();
      }
      if (next.done === true) return next.value;
      onProgress?.(next.value);
      await new Promise<void>((resolve) => time.defer(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    // Leaves no file open, also if somebody has thrown.
    work.return(undefined as Result);
  }
}

/** Checks the options of whatever takes long; `others` are the names of those it has besides. */
export function checkLongWork<Progress>(
  options: LongWorkOptions<Progress>,
  others: readonly string[] = [],
): LongWorkOptions<Progress> {
  if (typeof options !== "object" || options === null) {
    throw invalid("options", options, "an object");
  }
  checkMembers("", options, others, ["onProgress", "signal"]);
  const { onProgress, signal } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalid("onProgress", onProgress, "a function");
  }
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw invalid("signal", signal, "an AbortSignal");
  }
  return options;
}
