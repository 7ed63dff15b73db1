/**
 * The flow as its users see it.
 *
 * @module
 */
import type { Attributes, ChildGroup, FlowRecord, ValueRef } from "../mod.ts";
import { formatEventId } from "./event_id.ts";
import type { Group } from "./families/group.ts";
import { type Flow, leaseToken, NO_ATTRIBUTES, shownState } from "./flow.ts";
import type { NamedValues } from "./values/named_values.ts";
import { valueRef } from "./values/value_ref.ts";

/** A flow as a record, without values. */
export function toRecord({ identity, control, values, groups }: Flow): FlowRecord {
  const { lease } = control;
  return {
    id: identity.id,
    type: identity.type,
    state: shownState(control),
    runState: lease === null ? null : control.state,
    version: control.version,
    attempts: control.attempts,
    attemptsTotal: control.attemptsTotal,
    reclaims: control.reclaims,
    fencingToken: control.fencingToken,
    createdAtMs: identity.createdAtMs,
    updatedAtMs: control.updatedAtMs,
    nextRunAtMs: control.nextRunAtMs,
    priority: control.priority,
    retentionTtlMs: control.retentionTtlMs,
    terminalRetentionUntilMs: control.retentionUntilMs,
    historyMaxEvents: identity.historyMaxEvents,
    partitionKey: identity.partitionKey,
    payloadRef: valueRef(control.payloadLsn),
    valueRefs: toValueRefs(values),
    resultRef: valueRef(control.resultLsn),
    errorRef: valueRef(control.errorLsn),
    parentFlowId: identity.parentFlowId,
    parentPartitionKey: identity.membership?.parentPartitionKey ?? null,
    parentGroupId: identity.membership?.groupId ?? null,
    rootFlowId: identity.rootFlowId ?? identity.id,
    childGroups: toChildGroups(groups),
    correlationId: identity.correlationId,
    attributes: copyOf(identity.attributes),
    rewoundToEventId: control.rewoundTo === null ? null : formatEventId(control.rewoundTo),
    leaseOwner: lease?.owner ?? null,
    leaseToken: leaseToken(control),
    leaseDeadlineMs: lease === null ? 0 : control.nextRunAtMs ?? 0,
  };
}

/** What most records have three of: not worth an object each. */
const NOTHING: Readonly<Record<string, never>> = Object.freeze({});

function copyOf(attributes: Attributes): Attributes {
  if (attributes === NO_ATTRIBUTES) return NOTHING;
  for (const _ in attributes) return { ...attributes };
  return NOTHING;
}

function toValueRefs(values: NamedValues): Readonly<Record<string, ValueRef>> {
  if (values.length === 0) return NOTHING;
  return Object.fromEntries(values.flatMap(({ name, lsn, version, digest }) => {
    const ref = valueRef(lsn);
    if (ref === null) return [];
    return [[name, { ref, version: digest === null ? null : version, digest }]];
  }));
}

function toChildGroups(groups: readonly Group[]): Readonly<Record<string, ChildGroup>> {
  if (groups.length === 0) return NOTHING;
  return Object.fromEntries(groups.map((group) => [group.id, toChildGroup(group)]));
}

function toChildGroup(group: Group): ChildGroup {
  const { wait, onChildFailed, onParentClosed, waitState, success, failure, resolved } = group;
  const { total, completed, failed, cancelled } = group;
  return {
    wait,
    onChildFailed,
    onParentClosed,
    waitState,
    success,
    failure,
    summary: { total, completed, failed, cancelled },
    resolved,
  };
}
