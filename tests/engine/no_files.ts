/**
 * What a store of a test does with its files that has no directory.
 *
 * @module
 */

import type { Store } from "../../mod.ts";
import { Callers } from "../../src/engine/calls/caller.ts";

/** Neither copies them nor looks through them, and says of them that they are nowhere. */
export const noFiles: Pick<Store, "backup" | "verify"> & { readonly callers: Callers } = {
  backup: refuse,
  verify: refuse,
  callers: new Callers("nowhere"),
};

function refuse(): Promise<never> {
  return Promise.reject(new Error("There is no directory"));
}
