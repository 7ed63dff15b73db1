/**
 * The end of a flow.
 *
 * @module
 */
import type { FlowEventName, RetryFacts, TerminalState } from "../../mod.ts";
import type { Draft } from "../draft.ts";
import type { Control, Flow } from "../flow.ts";

/** How a flow ends. */
export interface Ending {
  /** The state that it ends in. */
  readonly state: TerminalState;
  /** What its history shows. */
  readonly event: FlowEventName;
  /** What a retry decided, if one ends the flow. */
  readonly retry?: RetryFacts;
  /** How long the record is kept; undefined: as decided before. */
  readonly ttlMs?: number | undefined;
  /** What else changes. */
  readonly change: Partial<Pick<Control, EndingMember>>;
}

/** What the end of a flow may change besides what every end changes. */
type EndingMember =
  | "priority"
  | "attempts"
  | "attemptsTotal"
  | "fencingToken"
  | "payloadLsn"
  | "resultLsn"
  | "errorLsn"
  | "rewoundTo";

/** Ends a flow. Every way into a terminal state leads through here. */
export function endFlow(draft: Draft, flow: Flow, ending: Ending): Flow {
  const retentionTtlMs = ending.ttlMs ?? flow.control.retentionTtlMs;
  return draft.change(
    flow,
    {
      ...ending.change,
      state: ending.state,
      lease: null,
      reclaims: 0,
      nextRunAtMs: null,
      retentionTtlMs,
      retentionUntilMs: draft.nowMs + retentionTtlMs,
    },
    ending.event,
    ending.retry === undefined ? {} : { retry: ending.retry },
  );
}
