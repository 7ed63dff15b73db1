/**
 * One line of a flow's history.
 *
 * @module
 */
import type { HistoryEvent } from "../../mod.ts";
import type { CtrlEffect } from "../effect.ts";
import { formatEventId, positionOf } from "../event_id.ts";
import { type Identity, shownState } from "../flow.ts";
import { valueRef } from "../values/value_ref.ts";

/** What one control block of a flow says about its history. */
export function toHistoryEvent(identity: Identity, effect: CtrlEffect): HistoryEvent {
  const { control, event, retry, signal, children } = effect;
  const { lease } = control;
  return {
    eventId: formatEventId(positionOf(control)),
    event,
    version: control.version,
    atMs: control.updatedAtMs,
    id: identity.id,
    type: identity.type,
    state: shownState(control),
    runState: lease === null ? null : control.state,
    priority: control.priority,
    attempts: control.attempts,
    fencingToken: control.fencingToken,
    nextRunAtMs: control.nextRunAtMs,
    leaseOwner: lease?.owner ?? null,
    leaseDeadlineMs: lease === null ? 0 : control.nextRunAtMs ?? 0,
    payloadRef: valueRef(control.payloadLsn),
    resultRef: valueRef(control.resultLsn),
    errorRef: valueRef(control.errorLsn),
    rewoundToEventId: control.rewoundTo === null ? null : formatEventId(control.rewoundTo),
    ...retry === undefined ? {} : { retry },
    ...signal === undefined ? {} : { signal },
    ...children === undefined ? {} : { groupId: children.groupId },
    ...typeof children?.childId === "string" ? { childId: children.childId } : {},
  };
}
