/**
 * Everything that code may ask about time and chance, handed in as one value.
 *
 * @module
 */

import type { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** Clock, randomness, alarms and turns of one store. */
export interface Time {
  /** Tells the time. */
  readonly clock: Clock;
  /** Source of randomness. */
  readonly random: Random;
  /** Whether somebody moves this time by hand. */
  readonly manual: boolean;
  /** A new alarm, not set. `ring` is called in a macrotask of its own. */
  alarm(ring: () => void): Alarm;
  /**
   * Runs `task` once, after the current macrotask and all its microtasks, in the order of the
   * calls. Keeps the process alive until it has run.
   */
  defer(task: () => void): void;
}
