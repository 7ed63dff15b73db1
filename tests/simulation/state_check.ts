/**
 * Whether what a shard has in memory is what the model has, and what the log would make again.
 *
 * @module
 */

import type { SipKey } from "../../src/codec/mod.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import { ShardState } from "../../src/engine/shard/shard_state.ts";
import { verifySteps, type VerifySubject } from "../../src/engine/verify/verify.ts";
import {
  answer,
  type FlowState,
  parseHistory,
  readHistory,
  type ReadValue,
  toRecord,
  valuePlace,
  wakeFlows,
  whole,
} from "../../src/flow/core/mod.ts";
import { DEFAULT_LIMITS, type FlowRecord } from "../../src/flow/mod.ts";
import type { Log } from "../../src/log/mod.ts";
import { assertEquals } from "../assert.ts";
import { assertIndexed } from "../flow/indexed.ts";
import { type Model, type ModelFlow, takeableMs } from "../flow/model/model.ts";
import { nameOf } from "./engine/journal.ts";
import { showAnswer, showFlow, showModelEvent, type Shown, showRecord } from "./flow_view.ts";
import { showIndex, showModelIndex, showModelStored, showStored } from "./key_check.ts";
import { Violation } from "./log_oracle.ts";

const PARSE = { limits: DEFAULT_LIMITS, manualClock: true };

/** Compares the flows, policies and indexes of a shard with the model. */
export function checkState({ flows: state }: ShardState, model: Model): void {
  const there = [...state.table].map(toRecord);
  requireEqual(
    "The flows",
    there.sort(byName).map(showRecord),
    model.flows.toSorted(byName).map((flow) => showFlow(flow)),
  );
  const generations = [...state.policies].map(([type, { generation }]) => [type, generation]);
  const rightGenerations = [...model.policies].map(([type, { generation }]) => [type, generation]);
  requireEqual("The policies", generations.sort(), rightGenerations.sort());
  requireEqual("The keys", showIndex(state, model), showModelIndex(model));
  if (state.nascent.size > 0) throw new Violation("A flow is half created");
  if (state.listed.size > 0) throw new Violation("Named values belong to nobody");
  if (state.grouped.size > 0) throw new Violation("Groups belong to nobody");
  const { closings } = model.family;
  if (state.closings.size !== closings.length) {
    throw new Violation(`${state.closings.size} groups are closing, not ${closings.length}`);
  }
  const takeable = new Map(model.flows.map((flow) => [nameOf(flow), flow]));
  assertIndexed(state, (flow) => takeableMs(takeable.get(nameOf(toRecord(flow)))!));
  for (const flow of model.flows) checkReachable(state, flow);
}

/** Asserts that the look at everything that `verify()` takes finds nothing wrong. */
export function checkWhole(subject: VerifySubject): void {
  const steps = verifySteps(subject);
  let next = steps.next();
  while (next.done !== true) next = steps.next();
  for (const { file, offset, message } of next.value.damage) {
    throw new Violation(`verify() finds damage in ${file} at ${offset}: ${message}`);
  }
}

/** Compares histories and values, which are read from the log, with the model. */
export function checkRecords(shard: Shard, model: Model): void {
  const { state: { flows: { table } }, records } = shard;
  for (const flow of model.flows) {
    const found = table.find(flow.partitionKey, flow.id)!;
    const target = { id: flow.id, partitionKey: flow.partitionKey };
    const query = parseHistory(target, { count: 1_000, values: true }, PARSE);
    const sight = { nowMs: 0, headLsn: Infinity };
    const read: ReadValue = (number, maxBytes) =>
      records.value(valuePlace(number).lsn, maxBytes, sight);
    const events = whole(readHistory(found, query, records, read));
    requireEqual(
      `The history of ${nameOf(flow)}`,
      events.map(showAnswer),
      model.history(flow, { count: 1_000 }).map((event) => showModelEvent(event, Infinity)),
    );
    const hydration = { maxBytes: Infinity, totalBytesMax: Infinity, values: "all" } as const;
    const record = answer({ kind: "flow", flow: found, hydration }, read) as FlowRecord;
    requireEqual(`The values of ${nameOf(flow)}`, showRecord(record), showFlow(flow, Infinity));
  }
  requireEqual(
    "The values of keys",
    showStored(shard.state.flows, records, model),
    showModelStored(model),
  );
}

/** Compares what is in memory with what the log would make again. Nothing may be ahead of the log. */
export function checkRebuilt(shard: Shard, log: Log, hashKey: SipKey): void {
  const rebuilt = ShardState.of(log, { hashKey });
  const { state } = shard;
  const everything = ({ flows }: ShardState): Shown => [
    [...flows.table].sort((a, b) => a.lsn - b.lsn),
    [...flows.policies].sort(([, a], [, b]) => a.lsn - b.lsn),
    [...flows.kv.over(Infinity)],
    flows.kv.size,
    [...flows.signals].sort(([a], [b]) => a < b ? -1 : 1),
    [...flows.closings],
    namesOf(flows),
  ];
  assertEquals(everything(rebuilt), everything(state), "The log would make another state");
  for (let lsn = 1; lsn <= log.end.lsn; lsn++) {
    const placeOf = ({ keydir }: ShardState): Shown => [
      keydir.has(lsn) && keydir.find(lsn),
      keydir.previous(lsn),
    ];
    requireEqual(`The place of LSN ${lsn}`, placeOf(rebuilt), placeOf(state));
  }
}

/** Whether a flow can be found by its id, and claimed when it is due. */
function checkReachable(state: FlowState, flow: ModelFlow): void {
  const { id, partitionKey } = flow;
  const isFound = [...state.table.findAll(id)].some(({ identity }) =>
    identity.partitionKey === partitionKey
  );
  if (!isFound) throw new Violation(`${nameOf(flow)} is not found by its id`);
  const isLeased = flow.owner !== null;
  // What every call does that comes then. A flow that could not be read is tried again some time.
  const untilMs = state.cold.failure === null ? takeableMs(flow) : Number.MAX_SAFE_INTEGER;
  wakeFlows(state, { untilMs, countMax: Infinity });
  const nextDueMs = state.nextDueMs({
    type: flow.type,
    states: [flow.state],
    partitionKeys: [partitionKey],
    priority: flow.priority as 0 | 1 | 2,
    waiting: !isLeased,
    expired: isLeased,
  });
  if (flow.dueMs !== null && nextDueMs > takeableMs(flow)) {
    throw new Violation(`${nameOf(flow)} is due at ${takeableMs(flow)}, but cannot be claimed`);
  }
  if (flow.untilMs !== null && flow.dueMs !== null) {
    throw new Violation(`${nameOf(flow)} has ended and is due`);
  }
}

function byName(a: FlowRecord | ModelFlow, b: FlowRecord | ModelFlow): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

function namesOf({ dictionary }: FlowState): (string | undefined)[] {
  return Array.from({ length: dictionary.nextId }, (_, index) => dictionary.nameOf(index));
}

function requireEqual(what: string, there: Shown, right: Shown): void {
  const [thereText, rightText] = [there, right].map((shown) => JSON.stringify(shown));
  if (thereText === rightText) return;
  throw new Violation(`${what} should be\n  ${rightText}, but are\n  ${thereText}`);
}
