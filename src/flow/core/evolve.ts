/**
 * How effects change the state.
 *
 * @module
 */
import { invariant } from "../../invariant.ts";
import type {
  BodyEffect,
  CtrlEffect,
  DelEffect,
  Effect,
  KvDelEffect,
  KvEffect,
  PolicyEffect,
  SignalKeyEffect,
  ValuesEffect,
} from "./effect.ts";
import { type Control, type Flow, shownState } from "./flow.ts";
import { type FlowKey, packKey } from "./flow_key.ts";
import { type NamedValues, NO_VALUES } from "./named_values.ts";
import { rememberSignal } from "./signal_memory.ts";
import type { FlowState, NascentFlow } from "./state.ts";

/**
 * Applies one effect: the only way in which state changes, while commands run and when the log is
 * read again. An effect that the state has seen already, by its LSN, changes nothing.
 *
 * @param lsn The LSN of the effect's record.
 * @returns For a control block: the LSN of the flow's control block before it, 0 if it is the first
 *   one. For everything else 0.
 */
export function evolve(state: FlowState, effect: Effect, lsn: number): number {
  switch (effect.kind) {
    case "dict":
      state.dictionary.add(effect.id, effect.name);
      return 0;
    case "body":
      applyBody(state, effect, lsn);
      return 0;
    case "ctrl":
      return applyCtrl(state, effect, lsn);
    case "values":
      applyValues(state, effect, lsn);
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
    case "value_part":
      // Values are read where they stand, when somebody asks.
      return 0;
  }
}

function applyBody(state: FlowState, { key, identity }: BodyEffect, bodyLsn: number): void {
  const known = state.table.get(key);
  if (known !== undefined && known.bodyLsn >= bodyLsn) return;
  state.nascent.set(packKey(key), { identity, bodyLsn });
}

function applyCtrl(state: FlowState, { key, control }: CtrlEffect, lsn: number): number {
  const { table } = state;
  const known = table.handleOf(key);
  const before = known === undefined ? undefined : table.at(known);
  if (before !== undefined && before.lsn >= lsn) return 0;
  const { identity, bodyLsn } = before ?? takeNascent(state, key, lsn);
  const values = valuesOf(state, key, control, before);
  const flow: Flow = { key, identity, bodyLsn, control, lsn, values };
  const handle = known ?? table.add(flow);
  if (known !== undefined) table.replace(known, flow);
  place(state, handle, flow);
  state.markChanged(identity.type);
  return before?.lsn ?? 0;
}

function applyValues(state: FlowState, { key, values }: ValuesEffect, lsn: number): void {
  const flow = state.table.get(key);
  if (flow === undefined || flow.lsn < lsn) state.listed.set(packKey(key), { values, lsn });
}

/** The list that a control block refers to: a new one, or the one that the flow has. */
function valuesOf(
  state: FlowState,
  key: FlowKey,
  { valuesLsn }: Control,
  before: Flow | undefined,
): NamedValues {
  if (valuesLsn === 0) return NO_VALUES;
  if (before?.control.valuesLsn === valuesLsn) return before.values;
  const packed = packKey(key);
  const listed = state.listed.get(packed);
  state.listed.delete(packed);
  invariant(listed?.lsn === valuesLsn, `no list of values with LSN ${valuesLsn} precedes its use`);
  return listed.values;
}

function takeNascent(state: FlowState, key: FlowKey, lsn: number): NascentFlow {
  const packed = packKey(key);
  const born = state.nascent.get(packed);
  // Not the message as an argument: it would be made every time.
  if (born === undefined) {
    invariant(false, `the control block with LSN ${lsn} has no body before it`);
  }
  state.nascent.delete(packed);
  return born;
}

/** Puts a flow where it belongs in every index. */
function place(state: FlowState, handle: number, { identity, control }: Flow): void {
  const { due, retention, states } = state;
  const { type } = identity;
  const { state: logical, priority, nextRunAtMs, retentionUntilMs, updatedAtMs } = control;
  const leased = control.lease !== null;
  if (nextRunAtMs === null) due.remove(handle);
  else due.place(handle, { type, state: logical, leased, priority, dueMs: nextRunAtMs });
  if (retentionUntilMs === null) retention.remove(handle);
  else {
    const dueMs = retentionUntilMs;
    retention.place(handle, { type, state: logical, leased: false, priority: 0, dueMs });
  }
  states.place(handle, { type, state: shownState(control), updatedAtMs });
}

function applySignalKey(state: FlowState, effect: SignalKeyEffect, lsn: number): void {
  const flow = state.table.get(effect.key);
  // The control block of the same command comes after it, so it is older than what it belongs to.
  if (flow === undefined || flow.lsn >= lsn) return;
  rememberSignal(state.signals, effect.key, effect);
}

function applyDel(state: FlowState, { key }: DelEffect, lsn: number): void {
  const { table, due, retention, states } = state;
  const flow = table.get(key);
  const handle = table.handleOf(key);
  if (flow === undefined || handle === undefined || flow.lsn >= lsn) return;
  // The indexes ask the table who the handle is, so they go first.
  due.remove(handle);
  retention.remove(handle);
  states.remove(handle);
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
  if ((kv.find(partitionKey, key)?.lsn ?? 0) >= lsn) return;
  kv.set({ partitionKey, key, lsn, untilMs });
}

function applyKvDel({ kv }: FlowState, { partitionKey, key }: KvDelEffect, lsn: number): void {
  if ((kv.find(partitionKey, key)?.lsn ?? lsn) >= lsn) return;
  kv.delete(partitionKey, key);
}
