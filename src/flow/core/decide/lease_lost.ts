/**
 * Giving up on a flow that takes its workers down.
 *
 * @module
 */
import { isTerminalState } from "../../mod.ts";
import type { Draft } from "../draft/draft.ts";
import type { Flow } from "../flow.ts";
import { jsonValue } from "../values/value_codec.ts";
import { endFlow } from "./end.ts";

/** Sends a flow that has lost its last allowed lease to a state. */
export function loseFlow(draft: Draft, flow: Flow, state: string): Flow {
  const { control } = flow;
  const errorLsn = draft.ownValue(
    flow.key,
    jsonValue({
      code: "lease_lost",
      message: `The lease expired ${control.reclaims + 1} times in a row`,
      leaseOwner: control.lease?.owner ?? null,
      runState: control.state,
    }),
  );
  const change = { errorLsn, fencingToken: draft.nextFencing(control) };
  if (isTerminalState(state)) return endFlow(draft, flow, { state, event: "lease_lost", change });
  const moves = state !== control.state;
  return draft.change(flow, {
    ...change,
    state,
    lease: null,
    attempts: moves ? 0 : control.attempts,
    reclaims: moves ? 0 : control.reclaims,
    nextRunAtMs: draft.nowMs,
  }, "lease_lost");
}
