/**
 * The end of a store, as those hear of it who work for it.
 *
 * @module
 */
import { isFlowError } from "../errors.ts";

/** Whether an error says that the store was closed or has failed. It will not come back. */
export function isStoreEnd(error: unknown): boolean {
  return isFlowError(error, "store_closed") || isFlowError(error, "store_failed");
}
