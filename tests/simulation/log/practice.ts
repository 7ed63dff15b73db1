/**
 * How a log is used.
 *
 * @module
 */

import type { Directory } from "../../../src/files/mod.ts";
import type { Log, RecoverySteps } from "../../../src/log/mod.ts";

/** How the log is used; a mutant does something wrong. */
export interface Practice {
  /** What it is called. */
  readonly name: string;
  /** Puts something between the log and the disk. */
  readonly directory?: (inner: Directory) => Directory;
  /** Puts something before the log. */
  readonly log?: (inner: Log) => Log;
  /** Other steps of recovery. */
  readonly steps?: () => RecoverySteps;
}

/** The practice without anything wrong. */
export const soundPractice: Practice = { name: "sound" };
