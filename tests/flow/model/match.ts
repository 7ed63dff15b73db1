/**
 * Whether what a store shows is what the model has.
 *
 * @module
 */

import type { BatchOutcome, FlowRecord, HistoryEvent } from "../../../src/flow/mod.ts";
import { assert, assertEquals } from "../../assert.ts";
import { showGroup } from "../group_view.ts";
import { type ModelEvent, type ModelFlow, plainError } from "./model.ts";

/** Asserts that a history is the one of the model. */
export function assertHistory(
  events: readonly HistoryEvent[],
  expected: readonly ModelEvent[],
): void {
  const seen = events.map((event, index): Omit<ModelEvent, "named" | "ttlMs"> => ({
    event: event.event,
    version: event.version,
    atMs: event.atMs,
    state: event.state,
    fencing: event.fencingToken,
    attempts: event.attempts,
    retry: event.retry === undefined
      ? null
      : { decision: event.retry.decision, attempt: event.retry.attempt },
    owner: event.leaseOwner,
    priority: event.priority,
    dueMs: expected[index]?.dueMs === Infinity ? Infinity : event.nextRunAtMs,
    payload: event.payload,
    result: event.result,
    error: plainError(event.error),
    rewoundTo: event.rewoundToEventId,
    signal: event.signal ?? null,
    groupId: event.groupId ?? null,
    childId: event.childId ?? null,
  }));
  assertEquals(seen, expected.map(({ named: _, ttlMs: __, ...event }) => event));
}

/** Asserts that a command answers with these flows. Texts are codes of refusals. */
export function assertReply(
  reply: FlowRecord | FlowRecord[] | BatchOutcome[],
  expected: ModelFlow | (ModelFlow | string)[],
): void {
  const flows = [expected].flat();
  const replies = [reply].flat();
  assertEquals(replies.length, flows.length);
  for (const [index, flow] of flows.entries()) {
    const answer = replies[index]!;
    if (typeof flow === "string") {
      assertEquals<string>("ok" in answer && !answer.ok ? answer.error.code : "ok", flow);
    } else if ("ok" in answer) assertRecord(answer.ok ? answer.record : undefined, flow);
    else assertRecord(answer, flow);
  }
}

/** Asserts that a record is the one of the model, but for its values. */
export function assertRecord(record: FlowRecord | undefined, flow: ModelFlow): void {
  assert(record !== undefined);
  const { dueRange } = flow;
  if (dueRange !== null) {
    assert(record.nextRunAtMs !== null);
    assert(record.nextRunAtMs >= dueRange[0] && record.nextRunAtMs <= dueRange[1]);
  }
  assertEquals(
    {
      id: record.id,
      partitionKey: record.partitionKey,
      type: record.type,
      state: record.state,
      runState: record.runState,
      version: record.version,
      attempts: record.attempts,
      attemptsTotal: record.attemptsTotal,
      reclaims: record.reclaims,
      fencing: record.fencingToken,
      priority: record.priority,
      createdAtMs: record.createdAtMs,
      updatedAtMs: record.updatedAtMs,
      dueMs: dueRange === null ? record.nextRunAtMs : null,
      ttlMs: record.retentionTtlMs,
      untilMs: record.terminalRetentionUntilMs,
      owner: record.leaseOwner,
      token: record.leaseToken,
      deadlineMs: record.leaseDeadlineMs,
      rewoundTo: record.rewoundToEventId,
      family: [record.parentFlowId, record.rootFlowId, record.correlationId],
      membership: [record.parentPartitionKey, record.parentGroupId],
      groups: Object.entries(record.childGroups).map(([name, group]) => showGroup(name, group)),
      refs: [record.payloadRef === null, record.resultRef === null, record.errorRef === null],
      versions: Object.entries(record.valueRefs).map(([name, { version }]) => [name, version]),
    },
    {
      id: flow.id,
      partitionKey: flow.partitionKey,
      type: flow.type,
      state: flow.owner === null ? flow.state : "running",
      runState: flow.owner === null ? null : flow.state,
      version: flow.version,
      attempts: flow.attempts,
      attemptsTotal: flow.attemptsTotal,
      reclaims: flow.reclaims,
      fencing: flow.fencing,
      priority: flow.priority as FlowRecord["priority"],
      createdAtMs: flow.createdAtMs,
      updatedAtMs: flow.updatedAtMs,
      dueMs: dueRange === null ? flow.dueMs : null,
      ttlMs: flow.ttlMs,
      untilMs: flow.untilMs,
      owner: flow.owner,
      token: flow.token,
      deadlineMs: flow.owner === null ? 0 : flow.dueMs!,
      rewoundTo: flow.rewoundTo,
      family: [flow.parent, flow.root ?? flow.id, flow.correlation],
      membership: [flow.membership?.partitionKey ?? null, flow.membership?.groupId ?? null],
      groups: flow.groups.map((group) => showGroup(group.groupId, { ...group, summary: group })),
      refs: [flow.payload === undefined, flow.result === undefined, flow.error === undefined],
      versions: Object.entries(flow.named)
        .filter(([, { value }]) => value !== undefined)
        .map(([name, { version, isLinked }]) => [name, isLinked ? null : version]),
    },
  );
}
