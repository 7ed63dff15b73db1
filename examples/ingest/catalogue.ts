/**
 * The workflow of the ingest example: one flow per file, found → hashed → catalogued.
 *
 * @module
 */
import { complete, type FlowStore, type, workflow } from "../../mod.ts";
import type { Digest } from "./tree.ts";

/** How long a killed worker's flows stay leased. Short, because here workers are killed on purpose. */
const LEASE_MS = 1_000;

/** A file that is known to be there. */
export interface Found {
  /** Its path, relative to the tree. */
  readonly path: string;
}

/** A file with its digest: the payload of a hashed flow and the result of a catalogued one. */
export interface Entry extends Found, Digest {}

/** The catalogue's workflow on a store. */
// deno-lint-ignore explicit-module-boundary-types -- the type is inferred from the definition, as it is in a user's code
export function catalogue(store: FlowStore) {
  return workflow({
    type: "file",
    store,
    partitionBy: ["folder"],
    initialState: "found",
    states: {
      found: { payload: type<Found>(), leaseMs: LEASE_MS, onOk: "hashed" },
      hashed: { payload: type<Entry>(), leaseMs: LEASE_MS, onOk: "catalogued" },
      catalogued: { payload: type<Entry>(), leaseMs: LEASE_MS, onOk: complete() },
    },
  });
}

/** The catalogue's workflow, bound to a store. */
export type Catalogue = ReturnType<typeof catalogue>;
