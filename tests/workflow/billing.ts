/**
 * The workflows that the tests of this folder work with.
 *
 * @module
 */

import * as v from "valibot";
import type { FlowStore } from "../../src/flow/mod.ts";
import { complete, fail, retryOr, type, workflow } from "../../src/workflow/mod.ts";

/** A state machine with two steps, partitioned by two fields. */
// deno-lint-ignore explicit-module-boundary-types -- the inferred type is what is tested
export function billingOn(store: FlowStore) {
  return workflow({
    type: "billing",
    store,
    partitionBy: ["tenantId", "invoiceId"],
    initialState: "created",
    states: {
      created: {
        payload: v.object({ amount: v.number() }),
        leaseMs: 60_000,
        claimPayload: { maxBytes: 64_000 },
        retry: { maxRetries: 8, backoff: { kind: "exponential", baseMs: 1_000, maxMs: 3_600_000 } },
        onOk: "charged",
        onError: retryOr("failed"),
      },
      charged: {
        payload: v.object({ receipt: v.string() }),
        leaseMs: 30_000,
        onOk: complete(),
        onError: fail(),
      },
    },
  });
}

/** A queue: one state, defaults wherever possible. */
// deno-lint-ignore explicit-module-boundary-types -- the inferred type is what is tested
export function emailOn(store: FlowStore) {
  return workflow({
    type: "email",
    store,
    initialState: "queued",
    states: {
      queued: {
        payload: type<string>(),
        leaseMs: 30_000,
        onOk: complete(),
        onError: retryOr("failed"),
      },
      failed: {},
    },
  });
}
