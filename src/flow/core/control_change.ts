/**
 * What a command changes about a flow.
 *
 * @module
 */
import type { Control } from "./flow.ts";

/** What changes with every change and is not a command's business. */
type Kept = "version" | "updatedAtMs" | "valueCount";

/** What a command may change. What is undefined stays as it is. */
export type ControlChange = {
  readonly [Member in Exclude<keyof Control, Kept>]?: Control[Member] | undefined;
};

/** What a command says about a flow that it creates. */
export type NascentControl = Omit<Control, Kept | WrittenFirst | "rewoundTo">;

/** What is written before the first control block. */
type WrittenFirst = "payloadLsn" | "valuesLsn";

/** The first control block of a flow. */
export function firstControl(
  control: NascentControl,
  { updatedAtMs, valueCount, payloadLsn, valuesLsn }: Pick<
    Control,
    Exclude<Kept, "version"> | WrittenFirst
  >,
): Control {
  return {
    version: 1,
    state: control.state,
    priority: control.priority,
    lease: control.lease,
    attempts: control.attempts,
    attemptsTotal: control.attemptsTotal,
    reclaims: control.reclaims,
    fencingToken: control.fencingToken,
    updatedAtMs,
    nextRunAtMs: control.nextRunAtMs,
    retentionTtlMs: control.retentionTtlMs,
    retentionUntilMs: control.retentionUntilMs,
    rewoundTo: null,
    valueCount,
    payloadLsn,
    resultLsn: control.resultLsn,
    errorLsn: control.errorLsn,
    valuesLsn,
  };
}

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
