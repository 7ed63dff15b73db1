/**
 * What an answer shows and what the model would show, as the same plain data.
 *
 * @module
 */

import type {
  BatchOutcome,
  FlowInfo,
  FlowRecord,
  HistoryEvent,
  KvRecord,
  Page,
  ResolvedPolicy,
  ResolvedStatePolicy,
} from "../../src/flow/mod.ts";
import { showGroup } from "../flow/group_view.ts";
import { type Model, type ModelEvent, type ModelFlow, plainError } from "../flow/model/model.ts";
import { showRecordOfKey } from "./key_view.ts";

/** Plain data: what both sides say in the same words is equal as JSON. */
export type Shown = unknown;

const VALUES = ["payload", "result", "error"] as const;

/** Any answer of a store. */
export function showAnswer(answer: unknown): Shown {
  if (answer === null || typeof answer !== "object") return answer;
  if (Array.isArray(answer)) return answer.map(showAnswer);
  if ("key" in answer) return showRecordOfKey(answer as KvRecord);
  if ("ok" in answer) return showOutcome(answer as BatchOutcome);
  if ("items" in answer) return showPage(answer as Page<unknown>);
  if ("generation" in answer) return showPolicy(answer as ResolvedPolicy);
  if ("oldestDueMs" in answer) return showInfo(answer as FlowInfo);
  if ("eventId" in answer) return showEvent(answer as HistoryEvent);
  if ("flows" in answer) return answer;
  return showRecord(answer as FlowRecord);
}

/** A flow of the store. */
export function showRecord(record: FlowRecord): Shown {
  return {
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
    nextRunAtMs: record.nextRunAtMs,
    ttlMs: record.retentionTtlMs,
    untilMs: record.terminalRetentionUntilMs,
    owner: record.leaseOwner,
    token: record.leaseToken,
    deadlineMs: record.leaseDeadlineMs,
    has: [record.payloadRef !== null, record.resultRef !== null, record.errorRef !== null],
    rewoundTo: record.rewoundToEventId,
    family: [record.parentFlowId, record.rootFlowId, record.correlationId],
    membership: [record.parentPartitionKey, record.parentGroupId],
    groups: Object.entries(record.childGroups).map(([name, group]) => showGroup(name, group)),
    names: Object.entries(record.valueRefs).map(([name, { version }]) => [name, version]),
    named: record.values ?? null,
    values: valuesOf(record),
  };
}

/** A flow of the model. `maxBytes`: with its values, but for larger ones. */
export function showFlow(flow: ModelFlow, maxBytes?: number): Shown {
  const isLeased = flow.owner !== null;
  const held = Object.entries(flow.named).filter(([, { value }]) => value !== undefined);
  return {
    id: flow.id,
    partitionKey: flow.partitionKey,
    type: flow.type,
    state: isLeased ? "running" : flow.state,
    runState: isLeased ? flow.state : null,
    version: flow.version,
    attempts: flow.attempts,
    attemptsTotal: flow.attemptsTotal,
    reclaims: flow.reclaims,
    fencing: flow.fencing,
    priority: flow.priority,
    createdAtMs: flow.createdAtMs,
    updatedAtMs: flow.updatedAtMs,
    nextRunAtMs: flow.dueMs,
    ttlMs: flow.ttlMs,
    untilMs: flow.untilMs,
    owner: flow.owner,
    token: flow.token,
    deadlineMs: isLeased ? flow.dueMs : 0,
    has: [flow.payload !== undefined, flow.result !== undefined, flow.error !== undefined],
    rewoundTo: flow.rewoundTo,
    family: [flow.parent, flow.root ?? flow.id, flow.correlation],
    membership: [flow.membership?.partitionKey ?? null, flow.membership?.groupId ?? null],
    groups: flow.groups.map((group) => showGroup(group.groupId, { ...group, summary: group })),
    names: held.map(([name, { version }]) => [name, version]),
    named: maxBytes === undefined || held.length === 0
      ? null
      : Object.fromEntries(held.map(([name, { value }]) => [name, value])),
    values: modelValuesOf(flow, maxBytes),
  };
}

/** An event of the model. `maxBytes`: with its values, but for larger ones. */
export function showModelEvent(event: ModelEvent, maxBytes?: number): Shown {
  return {
    event: event.event,
    version: event.version,
    atMs: event.atMs,
    state: event.state,
    fencing: event.fencing,
    attempts: event.attempts,
    priority: event.priority,
    owner: event.owner,
    nextRunAtMs: event.event === "retry" ? null : event.dueMs,
    rewoundTo: event.rewoundTo,
    retry: event.retry,
    signal: event.signal,
    children: [event.groupId, event.childId],
    values: modelValuesOf(event, maxBytes),
  };
}

/** What the model says about the policy of a type; of one state, if one is named. */
export function showModelPolicy(model: Model, type: string, state?: string): Shown {
  const { generation, levels } = model.policies.get(type) ?? { generation: 0, levels: {} };
  const names = state === undefined ? Object.keys(levels).filter((name) => name !== "") : [state];
  const levelOf = (name: string): Shown => {
    const policy = model.policy(type, name);
    return [
      [policy.maxRetries, policy.kind, policy.baseMs, policy.maxMs, policy.jitterPct],
      [policy.exhaustedTo, policy.ttlMs, policy.maxReclaims],
    ];
  };
  return {
    generation,
    own: levelOf(""),
    states: names.sort().map((name) => [name, levelOf(name)]),
  };
}

function showOutcome(outcome: BatchOutcome): Shown {
  return outcome.ok ? showRecord(outcome.record) : outcome.error.code;
}

function showPage({ items, cursor }: Page<unknown>): Shown {
  return { items: items.map(showAnswer), isLast: cursor === null };
}

function showPolicy({ generation, states, ...own }: ResolvedPolicy): Shown {
  const levelOf = ({ retry, retention, maxReclaims }: ResolvedStatePolicy): Shown => {
    const { kind, baseMs, maxMs, jitterPct } = retry.backoff;
    return [
      [retry.maxRetries, kind, baseMs, maxMs, jitterPct],
      [retry.exhaustedTo, retention.ttlMs, maxReclaims],
    ];
  };
  return {
    generation,
    own: levelOf(own),
    states: Object.keys(states).sort().map((name) => [name, levelOf(states[name]!)]),
  };
}

function showInfo(info: FlowInfo): Shown {
  return {
    counts: [info.queued, info.running, info.completed, info.failed, info.cancelled],
    inflight: info.inflight,
    due: info.due,
    scheduled: info.scheduled,
    oldestDueMs: info.oldestDueMs,
    states: Object.entries(info.states).sort(([a], [b]) => a < b ? -1 : 1),
  };
}

function showEvent(event: HistoryEvent): Shown {
  const { retry } = event;
  return {
    event: event.event,
    version: event.version,
    atMs: event.atMs,
    state: event.state,
    fencing: event.fencingToken,
    attempts: event.attempts,
    priority: event.priority,
    owner: event.leaseOwner,
    // Of a flow that ends with its parent in the same command the model does not know it.
    nextRunAtMs: event.event === "retry" ? null : event.nextRunAtMs,
    rewoundTo: event.rewoundToEventId,
    retry: retry === undefined ? null : { decision: retry.decision, attempt: retry.attempt },
    signal: event.signal ?? null,
    children: [event.groupId ?? null, event.childId ?? null],
    values: valuesOf(event),
  };
}

function valuesOf(shown: FlowRecord | HistoryEvent): Shown {
  const values: Record<string, unknown> = {};
  for (const name of VALUES) {
    if (shown[`${name}Size`] === undefined) continue;
    values[name] = shown[`${name}Omitted`] === true ? "omitted" : plainError(shown[name]);
  }
  return values;
}

function modelValuesOf(shown: ModelFlow | ModelEvent, maxBytes: number | undefined): Shown {
  const values: Record<string, unknown> = {};
  for (const name of VALUES) {
    if (maxBytes === undefined || shown[name] === undefined) continue;
    values[name] = bytesOf(shown[name]) > maxBytes ? "omitted" : shown[name];
  }
  return values;
}

function bytesOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
