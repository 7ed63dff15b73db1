/**
 * Finding records that are in the log.
 *
 * @module
 */

export { Keydir } from "./keydir.ts";
export { MergedRun } from "./merged_run.ts";
