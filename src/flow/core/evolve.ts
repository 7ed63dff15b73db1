/**
 * How effects change the state.
 *
 * @module
 */
import type { ByteSpan } from "../../codec/mod.ts";
import { invariant } from "../../invariant.ts";
import type {
  BodyEffect,
  ClosingEffect,
  CtrlEffect,
  DelEffect,
  Effect,
  GroupEffect,
  KvDelEffect,
  KvEffect,
  OutboxEffect,
  PolicyEffect,
  SignalKeyEffect,
  ValuesEffect,
} from "./effect.ts";
import { bodyOf } from "./encoding/body.ts";
import { type Group, NO_GROUPS, withGroups } from "./families/group.ts";
import { type Control, type Flow, hasEnded, shownState } from "./flow.ts";
import { type FlowKey, packKey } from "./flow_key.ts";
import { pairName } from "./pair_name.ts";
import { rememberSignal } from "./signal_memory.ts";
import type { FlowState } from "./state.ts";
import type { Standing } from "./table/flow_table.ts";
import type { NascentFlow } from "./table/nascent_flows.ts";
import { type NamedValues, NO_VALUES } from "./values/named_values.ts";
import { linksOf } from "./values/request_values.ts";

/**
 * Applies one effect: the only way in which state changes, while commands run and when the log is
 * read again. An effect that the state has seen already, by its LSN, changes nothing.
 *
 * @param lsn The LSN of the effect's record.
 * @param record The record, if it is at hand: good until its command has taken effect.
 * @returns For a control block: the LSN of the flow's control block before it, 0 if it is the first
 *   one. For everything else 0.
 */
export function evolve(
  state: FlowState,
  effect: Effect,
  lsn: number,
  record?: ByteSpan,
): number {
  switch (effect.kind) {
    case "dict":
      state.dictionary.add(effect.id, effect.name);
      return 0;
    case "body":
      applyBody(state, effect, lsn, record);
      return 0;
    case "ctrl":
      return applyCtrl(state, effect, lsn);
    case "values":
      applyValues(state, effect, lsn);
      return 0;
    case "group":
      applyGroup(state, effect, lsn);
      return 0;
    case "closing":
      applyClosing(state, effect);
      return 0;
    case "outbox":
      applyOutbox(state, effect, lsn);
      return 0;
    case "inbox":
      state.mail.receive(effect.from, effect.lsn);
      return 0;
    case "signal_key":
      applySignalKey(state, effect, lsn);
      return 0;
    case "del":
      applyDel(state, effect, lsn);
      return 0;
    case "policy":
      applyPolicy(state, effect, lsn);
      return 0;
    case "kv":
      applyKv(state, effect, lsn);
      return 0;
    case "kv_del":
      applyKvDel(state, effect, lsn);
      return 0;
    case "value":
      // Values are read where they stand, when somebody asks.
      if (effect.key !== null) state.links.bring(effect.key, lsn);
      return 0;
    case "value_part":
      return 0;
  }
}

function applyBody(
  state: FlowState,
  { key, identity }: BodyEffect,
  bodyLsn: number,
  record: ByteSpan | undefined,
): void {
  const handle = state.table.handleOf(key);
  if (handle === undefined) {
    state.nascent.add({ key, identity, bodyLsn, body: record && bodyOf(record) });
    return;
  }
  const known = state.table.at(handle);
  if (known.bodyLsn >= bodyLsn) return;
  const flow = { ...known, identity, bodyLsn };
  const isCold = state.cold.seatOf(handle) !== undefined;
  invariant(!isCold, "Who is taken into a group has a parent, and so no seat");
  state.table.changes(handle);
  state.table.replace(handle, flow);
  placeInGroup(state, handle, flow);
  state.adoptedCount++;
}

function applyCtrl(state: FlowState, { key, control }: CtrlEffect, lsn: number): number {
  const { table } = state;
  const known = table.handleOf(key);
  const before = known === undefined ? undefined : table.at(known);
  if (before !== undefined && before.lsn >= lsn) return 0;
  const born = before === undefined ? takeNascent(state, key, lsn) : undefined;
  const { identity, bodyLsn } = before ?? born!;
  const { payloadLsn } = control;
  if (payloadLsn !== 0 && payloadLsn !== before?.control.payloadLsn) {
    state.links.refer(key, payloadLsn, before?.lsn ?? bodyLsn);
  }
  const values = valuesOf(state, key, control, before);
  const groups = groupsOf(state, key, before);
  const flow: Flow = { key, identity, bodyLsn, control, lsn, values, groups };
  const handle = known ?? table.add(flow, born?.body);
  if (known !== undefined) {
    table.changes(known);
    table.replace(known, flow);
  }
  place(state, handle, flow);
  state.markChanged(identity.type);
  return before?.lsn ?? 0;
}

function applyValues(state: FlowState, { key, values }: ValuesEffect, lsn: number): void {
  const flow = state.table.get(key);
  if (flow !== undefined && flow.lsn >= lsn) return;
  state.listed.set(packKey(key), { values, lsn });
  // What a flow has put under a name has a digest there; what was linked has none.
  for (const { lsn: number, digest } of values) {
    if (number !== 0 && digest === null) state.links.add(number);
  }
}

/** The list that a control block refers to: a new one, or the one that the flow has. */
function valuesOf(
  state: FlowState,
  key: FlowKey,
  { valuesLsn }: Control,
  before: Flow | undefined,
): NamedValues {
  const listed = takeListed(state, key);
  if (valuesLsn === 0) return NO_VALUES;
  if (before?.control.valuesLsn === valuesLsn) return before.values;
  invariant(listed?.lsn === valuesLsn, `no list of values with LSN ${valuesLsn} precedes its use`);
  return listed.values;
}

/** The list that waits for the control block of its command: also if that is gone, it waits no longer. */
function takeListed({ listed }: FlowState, key: FlowKey): ReturnType<FlowState["listed"]["get"]> {
  if (listed.size === 0) return undefined;
  const packed = packKey(key);
  const found = listed.get(packed);
  listed.delete(packed);
  return found;
}

function applyGroup(state: FlowState, { key, group }: GroupEffect, lsn: number): void {
  const flow = state.table.get(key);
  if (flow !== undefined && flow.lsn >= lsn) return;
  const packed = packKey(key);
  const groups = state.grouped.get(packed)?.groups ?? [];
  state.grouped.set(packed, { groups: [...groups, group], lsn });
}

/** The groups that a flow had, with those that its command has changed or made. */
function groupsOf(state: FlowState, key: FlowKey, before: Flow | undefined): readonly Group[] {
  const groups = before?.groups ?? NO_GROUPS;
  if (state.grouped.size === 0) return groups;
  const packed = packKey(key);
  const changed = state.grouped.get(packed);
  if (changed === undefined) return groups;
  state.grouped.delete(packed);
  return withGroups(groups, changed.groups);
}

function applyClosing(state: FlowState, { group, isDone }: ClosingEffect): void {
  if (isDone) state.closings.delete(group);
  else state.closings.add(group);
}

function applyOutbox({ mail, links }: FlowState, { to, message }: OutboxEffect, lsn: number): void {
  const born = message.kind === "birth" ? message.request : null;
  mail.send(to, { lsn, birth: born && pairName(born.partitionKey, born.id) });
  if (born !== null) { for (const number of linksOf(born)) links.add(number); }
}

function takeNascent(state: FlowState, key: FlowKey, lsn: number): NascentFlow {
  const born = state.nascent.take(key);
  // Not the message as an argument: it would be made every time.
  if (born === undefined) {
    invariant(false, `the control block with LSN ${lsn} has no body before it`);
  }
  return born;
}

/** Puts a flow where it belongs in every index. */
export function place(state: FlowState, handle: number, flow: Standing): void {
  const { identity, control } = flow;
  const { states } = state;
  const { type } = identity;
  const { updatedAtMs } = control;
  placeInTime(state, handle, flow);
  states.place(handle, { type, state: shownState(control), updatedAtMs });
  const { parentFlowId, rootFlowId, correlationId } = identity;
  if (parentFlowId !== null) state.byParent.place(handle, parentFlowId, updatedAtMs);
  if (rootFlowId !== null) state.byRoot.place(handle, rootFlowId, updatedAtMs);
  if (correlationId !== null) state.byCorrelation.place(handle, correlationId, updatedAtMs);
  placeInGroup(state, handle, flow);
}

/** Puts a flow where it belongs in the indexes by due time and by the end of its retention. */
export function placeInTime(state: FlowState, handle: number, flow: Standing): void {
  const { due, retention } = state;
  const { identity: { type }, control } = flow;
  const { state: logical, priority, nextRunAtMs, retentionUntilMs } = control;
  const leased = control.lease !== null;
  if (nextRunAtMs === null) due.remove(handle);
  else due.place(handle, { type, state: logical, leased, priority, dueMs: nextRunAtMs });
  if (retentionUntilMs === null) retention.remove(handle);
  else {
    const dueMs = retentionUntilMs;
    retention.place(handle, { type, state: logical, leased: false, priority: 0, dueMs });
  }
}

/** Keeps the flows of a group together that have not ended. */
function placeInGroup({ openChildren }: FlowState, handle: number, flow: Standing): void {
  const { membership } = flow.identity;
  if (membership === null) return;
  if (hasEnded(flow.control)) return removeFromGroup(openChildren, handle, membership.group);
  const handles = openChildren.get(membership.group);
  if (handles === undefined) openChildren.set(membership.group, new Set([handle]));
  else if (!handles.has(handle)) {
    openChildren.changes(membership.group);
    handles.add(handle);
  }
}

function removeFromGroup(
  openChildren: FlowState["openChildren"],
  handle: number,
  group: number,
): void {
  const handles = openChildren.get(group);
  if (handles?.has(handle) !== true) return;
  openChildren.changes(group);
  handles.delete(handle);
  if (handles.size === 0) openChildren.delete(group);
}

function applySignalKey(state: FlowState, effect: SignalKeyEffect, lsn: number): void {
  const flow = state.table.get(effect.key);
  // The control block of the same command comes after it, so it is older than what it belongs to.
  if (flow === undefined || flow.lsn >= lsn) return;
  state.signals.changes(packKey(effect.key));
  rememberSignal(state.signals, effect.key, effect);
}

function applyDel(state: FlowState, { key }: DelEffect, lsn: number): void {
  const { table, due, retention, states } = state;
  const handle = table.handleOf(key);
  if (handle === undefined) return;
  const flow = table.at(handle);
  if (flow.lsn >= lsn) return;
  // The indexes ask the table who the handle is, so they go first.
  due.remove(handle);
  retention.remove(handle);
  states.remove(handle);
  state.byParent.remove(handle);
  state.byRoot.remove(handle);
  state.byCorrelation.remove(handle);
  const { membership } = flow.identity;
  if (membership !== null) removeFromGroup(state.openChildren, handle, membership.group);
  table.changes(handle);
  table.delete(key);
  state.signals.delete(packKey(key));
}

function applyPolicy(state: FlowState, effect: PolicyEffect, lsn: number): void {
  const { type, policy, generation } = effect;
  if ((state.policies.get(type)?.lsn ?? 0) >= lsn) return;
  state.policies.set(type, { policy, generation, lsn });
}

function applyKv({ kv }: FlowState, effect: KvEffect, lsn: number): void {
  const { partitionKey, key, untilMs } = effect;
  kv.set({ partitionKey, key, lsn, untilMs });
}

function applyKvDel({ kv }: FlowState, { partitionKey, key }: KvDelEffect, lsn: number): void {
  if ((kv.find(partitionKey, key)?.lsn ?? lsn) >= lsn) return;
  kv.delete(partitionKey, key);
}
