/**
 * Giving a flow back to be tried again.
 *
 * @module
 */
import { isTerminalState, type ResolvedStatePolicy, type RetryFacts } from "../../mod.ts";
import type { RetryRequest } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import type { Flow } from "../flow.ts";
import { resolveStatePolicy } from "../policy_resolution.ts";
import { backoffMs } from "./backoff.ts";
import { endFlow } from "./end.ts";
import { requireLease } from "./guard.ts";
import { keptPayload } from "./payload.ts";

type ResolvedRetry = ResolvedStatePolicy["retry"];

/** What every retry changes. */
interface Change {
  readonly attempts: number;
  readonly attemptsTotal: number;
  readonly payloadLsn: number;
  readonly errorLsn: number;
}

/** Gives a leased flow back: to its logical state, or where its policy says when that is enough. */
export function decideRetry(draft: Draft, request: RetryRequest): Flow {
  const flow = draft.named(request.target);
  requireLease(flow, request);
  const { identity, control } = flow;
  const stored = draft.state.policies.get(identity.type);
  const { retry } = resolveStatePolicy(stored, control.state, request);
  const attempts = control.attempts + 1;
  const change = {
    attempts,
    attemptsTotal: control.attemptsTotal + 1,
    payloadLsn: keptPayload(draft, flow, request.payload),
    errorLsn: draft.value(flow.key, request.error),
  };
  if (attempts > retry.maxRetries) return exhaust(draft, flow, retry, change);
  const moment = { id: identity.id, attempt: attempts, nowMs: draft.nowMs };
  return draft.change(
    flow,
    {
      ...change,
      lease: null,
      reclaims: 0,
      nextRunAtMs: request.runAtMs ?? draft.nowMs + backoffMs(retry.backoff, moment),
    },
    "retry",
    { retry: facts("scheduled", attempts, control.state, retry) },
  );
}

function exhaust(draft: Draft, flow: Flow, retry: ResolvedRetry, change: Change): Flow {
  const { control } = flow;
  const state = retry.exhaustedTo;
  const decided = facts("exhausted", change.attempts, control.state, retry);
  if (isTerminalState(state)) {
    return endFlow(draft, flow, { state, event: "retry", facts: { retry: decided }, change });
  }
  return draft.change(
    flow,
    {
      ...change,
      state,
      lease: null,
      // Another state has a budget of its own; the same one has spent it.
      attempts: state === control.state ? change.attempts : 0,
      reclaims: 0,
      nextRunAtMs: draft.nowMs,
    },
    "retry",
    { retry: decided },
  );
}

function facts(
  decision: RetryFacts["decision"],
  attempt: number,
  runState: string,
  { maxRetries, backoff, exhaustedTo }: ResolvedRetry,
): RetryFacts {
  return {
    decision,
    attempt,
    runState,
    maxRetries,
    backoffKind: backoff.kind,
    backoffBaseMs: backoff.baseMs,
    backoffMaxMs: backoff.maxMs,
    jitterPct: backoff.jitterPct,
    exhaustedTo,
  };
}
