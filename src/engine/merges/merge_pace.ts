/**
 * How a merge gives way to others.
 *
 * @module
 */

/** How far a merge has come. */
export interface CompactProgress {
  /** Bytes that have been read: everything is read three times, or six if there is little room. */
  readonly bytes: number;
  /** Bytes that there are to read. */
  readonly totalBytes: number;
}

/** How a merge gives way to others. */
export interface Pace {
  /** Lets others have their turn between two slices. */
  rest(progress: CompactProgress): Promise<void>;
  /** Waits for something that others have to do first. */
  wait(until: Promise<void>): Promise<void>;
}

/** Waits until something has happened, or rejects with the reason of the signal. */
export async function untilAborted(
  until: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return await until;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([until, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
