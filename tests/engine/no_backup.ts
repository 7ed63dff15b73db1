/**
 * What a store of a test is copied with that has no directory.
 *
 * @module
 */

/** Refuses. */
export function noBackup(): Promise<never> {
  return Promise.reject(new Error("There is no directory to copy"));
}
