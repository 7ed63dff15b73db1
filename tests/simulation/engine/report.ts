/**
 * What a run of the simulation of a store tells.
 *
 * @module
 */

import { Violation } from "../log_oracle.ts";
import { stackOf } from "../moment.ts";

/** What happened in a run, for tests of the simulation. */
export interface EngineReport {
  readonly openingCount: number;
  readonly answerCount: number;
  readonly redecidedCount: number;
  readonly lossCount: number;
  readonly quietCount: number;
  readonly compactCount: number;
  /** Every call, answer and opening. */
  readonly story: string;
  /** All calls on the disk. */
  readonly trace: string;
}

/** What was wrong, with the story that led to it. */
export function violationOf(error: unknown, story: readonly string[]): Violation {
  const brokeOff = `The run broke off: ${stackOf(error)}`;
  const what = error instanceof Violation ? error.message : brokeOff;
  return new Violation(`${what}\nStory:\n${story.join("\n")}`, { cause: error });
}
