/**
 * A folder for one test, gone when the test ends.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that removes itself. */
export interface Scratch extends Disposable {
  /** Absolute path. */
  readonly path: string;
}

/** A new, empty folder: `using scratch = scratchFolder()`. */
export function scratchFolder(): Scratch {
  const path = mkdtempSync(join(tmpdir(), "flowcask-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
