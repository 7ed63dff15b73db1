/**
 * A lock of a directory, and somebody who looks whether it is worth anything.
 *
 * @module
 */
import { type FlowError, isFlowError } from "../errors.ts";
import type { Lock } from "../files/mod.ts";
import type { Manifest } from "../log/mod.ts";
import type { Time } from "../time/mod.ts";

/** So often somebody looks. It takes reading a file of some kilobytes. */
const LOOK_MS = 1_000;

/** What a lock is watched with. */
export interface WatchedLockParts {
  /** What another store would have written to. */
  readonly manifest: Pick<Manifest, "findOther">;
  /** Says when to look. */
  readonly time: Time;
  /** Ends the store: another one has its directory. */
  readonly lose: (cause: FlowError) => void;
}

/**
 * The same lock, watched. The operating system gives it away when somebody deletes its file, or with
 * the first descriptor of that file which this process closes, as whoever copies the directory does;
 * nobody is told. Two stores in one directory overwrite each other's frames, so the one that was
 * there before ends as soon as it sees what an opening writes.
 */
export function watchedLock(lock: Lock, { manifest, time, lose }: WatchedLockParts): Lock {
  const setAlarm = (): void => alarm.set(time.clock.monotonicMs() + LOOK_MS);
  const alarm = time.alarm(() => {
    const other = foundBy(manifest);
    if (other === undefined) setAlarm();
    else lose(other);
  });
  setAlarm();
  const release = (): void => {
    alarm.clear();
    lock.release();
  };
  return { release, [Symbol.dispose]: release };
}

function foundBy(manifest: Pick<Manifest, "findOther">): FlowError | undefined {
  try {
    return manifest.findOther();
  } catch (error) {
    // What cannot be read shows nothing, and is the affair of whoever needs it.
    return isFlowError(error, "newer_format") ? error : undefined;
  }
}
