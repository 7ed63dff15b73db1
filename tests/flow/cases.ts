/**
 * What most tests of the flow core begin and end with.
 *
 * @module
 */

import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import type { FlowRecord } from "../../src/flow/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { CoreStore } from "./core_store.ts";

/** Asserts that a command is refused with a code, and that it changed nothing. */
export function refused(store: CoreStore, code: FlowErrorCode, run: () => unknown): FlowError {
  const length = store.log.length;
  const error = assertThrows(run, FlowError);
  assertEquals(error.code, code, error.message);
  assertEquals(store.log.length, length);
  return error;
}

/** What proves that a record's lease is the caller's. */
export function proof(
  { leaseToken, fencingToken }: FlowRecord,
): Pick<FlowRecord, "leaseToken" | "fencingToken"> {
  return { leaseToken, fencingToken };
}

/** A store with one flow, claimed. */
export function claimed(options: object = {}): { store: CoreStore; flow: FlowRecord } {
  const store = new CoreStore();
  store.create("f", { type: "t", ...options });
  const [flow] = store.claimDue("t", { worker: "w" });
  assert(flow !== undefined);
  return { store, flow };
}
