/**
 * What a command changes about a flow.
 *
 * @module
 */
import type { FlowEventName, TerminalState } from "../../mod.ts";
import type { EventFacts } from "../effect.ts";
import type { Control } from "../flow.ts";

/** What changes with every change and is not a command's business. */
type Kept = "version" | "updatedAtMs" | "valueCount";

/** What a command may change. What is undefined stays as it is. */
export type ControlChange = {
  readonly [Member in Exclude<keyof Control, Kept>]?: Control[Member] | undefined;
};

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
 * A control block after a change. Member by member: as a spread it cost more than all the rest of
 * deciding.
 */
export function changedControl(
  before: Control,
  change: ControlChange,
  { version, updatedAtMs, valueCount }: Pick<Control, Kept>,
): Control {
  const { lease, nextRunAtMs, retentionUntilMs } = change;
  return {
    version,
    state: change.state ?? before.state,
    priority: change.priority ?? before.priority,
    lease: lease === undefined ? before.lease : lease,
    attempts: change.attempts ?? before.attempts,
    attemptsTotal: change.attemptsTotal ?? before.attemptsTotal,
    reclaims: change.reclaims ?? before.reclaims,
    fencingToken: change.fencingToken ?? before.fencingToken,
    updatedAtMs,
    nextRunAtMs: nextRunAtMs === undefined ? before.nextRunAtMs : nextRunAtMs,
    retentionTtlMs: change.retentionTtlMs ?? before.retentionTtlMs,
    retentionUntilMs: retentionUntilMs === undefined ? before.retentionUntilMs : retentionUntilMs,
    rewoundTo: change.rewoundTo ?? null,
    valueCount,
    payloadLsn: change.payloadLsn ?? before.payloadLsn,
    resultLsn: change.resultLsn ?? before.resultLsn,
    errorLsn: change.errorLsn ?? before.errorLsn,
    valuesLsn: change.valuesLsn ?? before.valuesLsn,
  };
}

/** The control block of a flow that ends: what every end changes, and what this one does. */
export function endedControl(
  before: Control,
  { state, ttlMs, change }: Ending,
  { version, updatedAtMs, valueCount }: Pick<Control, Kept>,
): Control {
  const retentionTtlMs = ttlMs ?? before.retentionTtlMs;
  return {
    version,
    state,
    priority: change.priority ?? before.priority,
    lease: null,
    attempts: change.attempts ?? before.attempts,
    attemptsTotal: change.attemptsTotal ?? before.attemptsTotal,
    reclaims: 0,
    fencingToken: change.fencingToken ?? before.fencingToken,
    updatedAtMs,
    nextRunAtMs: null,
    retentionTtlMs,
    retentionUntilMs: updatedAtMs + retentionTtlMs,
    rewoundTo: change.rewoundTo ?? null,
    valueCount,
    payloadLsn: change.payloadLsn ?? before.payloadLsn,
    resultLsn: change.resultLsn ?? before.resultLsn,
    errorLsn: change.errorLsn ?? before.errorLsn,
    valuesLsn: before.valuesLsn,
  };
}
