/**
 * A lock of a directory, and somebody who looks whether it is worth anything.
 *
 * @module
 */
import { type FlowError, isFlowError } from "../errors.ts";
import type { Lock } from "../files/mod.ts";
import type { LostFiles, Manifest } from "../log/mod.ts";
import type { Time } from "../time/mod.ts";

/** So often somebody looks. It takes reading a file of some kilobytes, and the names in a directory. */
const LOOK_MS = 1_000;

/** By then whoever looks that often has looked, and what it had under way is written. */
const OWNER_END_MS = 2 * LOOK_MS;

/** What a lock is watched with. */
export interface WatchedLockParts {
  /** What another store would have written to. */
  readonly manifest: Pick<Manifest, "findOther">;
  /** Looks for what somebody has taken away. */
  readonly lostFiles: Pick<LostFiles, "find">;
  /** Says when to look. */
  readonly time: Time;
  /** Ends the store: another one has its directory, or it is not whole any more. */
  readonly lose: (cause: FlowError) => void;
}

/**
 * The same lock, watched. The operating system gives it away when somebody deletes its file, or with
 * the first descriptor of that file which this process closes, as whoever copies the directory does;
 * nobody is told. Two stores in one directory overwrite each other's frames, so the one that was
 * there before ends as soon as it sees what an opening writes.
 */
export function watchedLock(
  lock: Lock,
  { manifest, lostFiles, time, lose }: WatchedLockParts,
): Lock {
  const setAlarm = (): void => alarm.set(time.clock.monotonicMs() + LOOK_MS);
  const alarm = time.alarm(() => {
    // Who has another directory by now has lost all of its files, and is to hear the reason.
    const found = foundBy(() => manifest.findOther()) ?? foundBy(() => lostFiles.find());
    if (found === undefined) setAlarm();
    else lose(found);
  });
  setAlarm();
  const release = (): void => {
    alarm.clear();
    lock.release();
  };
  return { release, [Symbol.dispose]: release };
}

/**
 * Waits for the end of an owner whose lock somebody has deleted: it sees the generation that is
 * published here. Of a directory that no store was ever open in there is none, such as one that was
 * restored.
 */
export async function ownerEnded(
  { isNew }: Pick<Lock, "isNew">,
  { manifest, time }: {
    readonly manifest: Pick<Manifest, "generation" | "publish">;
    readonly time: Pick<Time, "alarm" | "clock" | "manual">;
  },
): Promise<void> {
  if (!isNew || manifest.generation === 1) return;
  manifest.publish({});
  // Whose clock is moved by hand does not look.
  if (time.manual) return;
  const atMs = time.clock.monotonicMs() + OWNER_END_MS;
  await new Promise<void>((ring) => time.alarm(ring).set(atMs, { keepAlive: true }));
}

function foundBy(look: () => FlowError | undefined): FlowError | undefined {
  try {
    return look();
  } catch (error) {
    // What cannot be read shows nothing, and is the affair of whoever needs it.
    return isFlowError(error, "newer_format") ? error : undefined;
  }
}
