/**
 * The end of a flow.
 *
 * @module
 */
import type { FlowEventName, TerminalState } from "../../mod.ts";
import { noteEnd } from "../cascade.ts";
import type { Draft } from "../draft.ts";
import type { EventFacts } from "../effect.ts";
import { type Control, ended, type Flow } from "../flow.ts";

/** How a flow ends. */
export interface Ending {
  /** The state that it ends in. */
  readonly state: TerminalState;
  /** What its history shows. */
  readonly event: FlowEventName;
  /** What else its history shows. */
  readonly facts?: EventFacts;
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

/**
 * Ends a flow. Every way into a terminal state leads through here, except the one that children go
 * with their parents.
 */
export function endFlow(draft: Draft, flow: Flow, ending: Ending): Flow {
  const { nowMs } = draft;
  const { change } = ending;
  const retentionTtlMs = ending.ttlMs ?? flow.control.retentionTtlMs;
  const end = ended(ending.state, { nowMs, retentionTtlMs });
  // Member by member: as spreads of spreads they took longer than the rest of an end.
  const whole = {
    state: end.state,
    priority: change.priority,
    lease: end.lease,
    attempts: change.attempts,
    attemptsTotal: change.attemptsTotal,
    reclaims: end.reclaims,
    fencingToken: change.fencingToken,
    nextRunAtMs: end.nextRunAtMs,
    retentionTtlMs: end.retentionTtlMs,
    retentionUntilMs: end.retentionUntilMs,
    rewoundTo: change.rewoundTo,
    payloadLsn: change.payloadLsn,
    resultLsn: change.resultLsn,
    errorLsn: change.errorLsn,
  };
  const after = draft.change(flow, whole, ending.event, ending.facts);
  noteEnd(draft, after);
  return after;
}
