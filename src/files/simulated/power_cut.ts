/**
 * What a program on a simulated machine gets when the machine is gone.
 *
 * @module
 */

import { FileError } from "../file_error.ts";

/**
 * Thrown by every call of a process that has been killed or whose power has gone. A real process
 * would not be there to see it, so code under test must never handle it; tests look for it to
 * know that the crash they asked for has happened.
 */
export class PowerCut extends FileError {
  /** Always `"PowerCut"`. */
  override readonly name: string = "PowerCut";

  /**
   * The end of a process.
   *
   * @param message What was called when, in sentence case.
   */
  constructor(message: string) {
    super("EPOWERCUT", message);
  }
}
