/**
 * Two readings of time as one value.
 *
 * @module
 */

/** Tells the time. Wall time can jump both ways; monotonic time only goes forward. */
export interface Clock {
  /** Milliseconds since 1970. May jump when somebody sets the clock or the machine wakes up. */
  wallMs(): number;
  /** Milliseconds since an arbitrary moment. Never goes back; has a fraction. */
  monotonicMs(): number;
  /**
   * For how long the two are known to have gone on together, in milliseconds: nobody has set the wall
   * clock since, nor has the machine slept.
   */
  steadyForMs(): number;
}
