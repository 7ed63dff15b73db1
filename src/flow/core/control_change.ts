/**
 * What a command changes about a flow.
 *
 * @module
 */
import type { Control } from "./flow.ts";

/** What changes with every change and is not a command's business. */
export type Kept = "version" | "updatedAtMs" | "valueCount";

/** What a command may change. What is undefined stays as it is. */
export type ControlChange = Partial<Omit<Control, Kept>>;

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
