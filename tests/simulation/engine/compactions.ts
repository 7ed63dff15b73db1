/**
 * Merges that somebody asks for, beside everything else.
 *
 * @module
 */

import { isFlowError } from "../../../src/errors.ts";
import { Violation } from "../log_oracle.ts";
import { stackOf } from "../moment.ts";
import type { EngineProcess } from "./machine.ts";

/** What compactions have to know of the run. */
export interface CompactionSurroundings {
  /** Whether a process is the one that is there. What another one says is nobody's business. */
  isRunning(asked: EngineProcess): boolean;
  /** Whether something was done to the disk or the log. */
  mayFail(): boolean;
}

/** Asks for merges, and hears what comes of them. */
export class EngineCompactions {
  /** How many have ended well. */
  count = 0;
  readonly #surroundings: CompactionSurroundings;
  #failure: unknown;

  constructor(surroundings: CompactionSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Merges what there is; nobody waits for it. */
  begin(asked: EngineProcess): void {
    asked.store.compact().then(
      () => this.count += 1,
      (error) => {
        if (!this.#surroundings.isRunning(asked) || isFlowError(error, "store_closed")) return;
        const isFault = isFlowError(error, "store_failed") || isFlowError(error, "overloaded");
        if (!isFault || !this.#surroundings.mayFail()) this.#failure ??= error;
      },
    );
  }

  /** Throws if one has failed without a reason. */
  check(): void {
    if (this.#failure === undefined) return;
    throw new Violation(`A merge fails with ${stackOf(this.#failure)}`);
  }
}
