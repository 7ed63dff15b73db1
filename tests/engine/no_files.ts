/**
 * What a store of a test does with its files that has no directory.
 *
 * @module
 */

import type { Store } from "../../mod.ts";

/** Neither copies them nor looks through them. */
export const noFiles: Pick<Store, "backup" | "verify"> = { backup: refuse, verify: refuse };

function refuse(): Promise<never> {
  return Promise.reject(new Error("There is no directory"));
}
