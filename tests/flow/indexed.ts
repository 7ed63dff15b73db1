/**
 * Whether the indexes of a state say what a look at every flow says.
 *
 * @module
 */

import { seatOf } from "../../src/flow/core/cold/cold_lane.ts";
import { type Flow, type FlowState, indexFlaws } from "../../src/flow/core/mod.ts";
import { assert, assertEquals } from "../assert.ts";

/**
 * Asserts that every index equals a scan of the table, and that the store's own check finds nothing.
 *
 * @param dueMsOf When a flow with a due time is due. Default: when it says so itself.
 */
export function assertIndexed(
  state: FlowState,
  dueMsOf: (flow: Flow) => number = ({ control }) => control.nextRunAtMs!,
): void {
  assertEquals([...indexFlaws(state)].filter((flaw) => flaw !== undefined), []);
  // Cold flows are in no index; those that are brought back are in those by time.
  const handles = [...state.table.handles()];
  const timed = handles.filter((handle) => {
    const seat = state.cold.seatOf(handle);
    return seat === undefined || state.cold.isAwake(seat);
  }).map((handle) => state.table.at(handle));
  const flows = handles.filter((handle) => state.cold.seatOf(handle) === undefined)
    .map((handle) => state.table.at(handle));
  assertFound(state);
  const handleOf = (flow: Flow) => state.table.handleOf(flow.key)!;
  const byName = (a: Flow, b: Flow) =>
    compareBytes(a.identity.id, b.identity.id) ||
    compareBytes(a.identity.partitionKey, b.identity.partitionKey);
  assertLineage(
    state,
    flows.toSorted((a, b) => a.control.updatedAtMs - b.control.updatedAtMs || byName(a, b)),
  );
  const ended = timed.filter(({ control }) => control.retentionUntilMs !== null)
    .sort((a, b) => a.control.retentionUntilMs! - b.control.retentionUntilMs! || byName(a, b));
  assertEquals([...state.forgotten(Infinity)], ended.map(handleOf));
  const endedMs = ended[0]?.control.retentionUntilMs ?? Infinity;
  assertEquals(state.nextForgottenMs(), Math.min(endedMs, state.kv.nextOverMs()));
  for (const type of new Set(timed.map(({ identity }) => identity.type))) {
    const ofType = flows.filter(({ identity }) => identity.type === type);
    const timedOfType = timed.filter(({ identity }) => identity.type === type);
    const partitions = [null, ...new Set(timedOfType.map(({ identity }) => identity.partitionKey))];
    for (const partitionKey of partitions) {
      for (const leased of [false, true]) {
        const expected = timedOfType.filter(({ identity, control }) =>
          control.nextRunAtMs !== null && (control.lease !== null) === leased &&
          (partitionKey === null || identity.partitionKey === partitionKey)
        ).sort((a, b) =>
          b.control.priority - a.control.priority ||
          dueMsOf(a) - dueMsOf(b) || byName(a, b)
        );
        const selection = {
          type,
          states: null,
          partitionKeys: partitionKey === null ? null : [partitionKey],
          priority: null,
          waiting: !leased,
          leased,
        };
        assertEquals([...state.due.walk(selection, Infinity)], expected.map(handleOf));
        assertEquals(
          state.due.earliestMs(selection),
          Math.min(Infinity, ...expected.map(dueMsOf)),
        );
      }
    }
    const ended = timedOfType.filter(({ control }) => control.retentionUntilMs !== null);
    assertEquals(
      [...state.retention.walk({
        type,
        states: null,
        partitionKeys: null,
        priority: null,
        waiting: true,
        leased: false,
      }, Infinity)],
      ended.sort((a, b) =>
        a.control.retentionUntilMs! - b.control.retentionUntilMs! || byName(a, b)
      ).map(handleOf),
    );
    const byChange = ofType.toSorted((a, b) =>
      a.control.updatedAtMs - b.control.updatedAtMs || byName(a, b)
    );
    assertEquals([...state.states.walk(type)], byChange.map(handleOf));
    const counts = state.states.counts(type);
    assertEquals([...counts.values()].reduce((sum, count) => sum + count, 0), ofType.length);
    for (const [name, count] of counts) {
      const inState = byChange.filter(({ control }) =>
        (control.lease === null ? control.state : "running") === name
      );
      assertEquals([...state.states.walk(type, { states: [name] })], inState.map(handleOf));
      assertEquals(count, inState.length);
    }
  }
}

/** Asserts that cold flows are found by their keys and by their ids. */
function assertFound({ cold }: FlowState): void {
  for (const { at } of cold.seats()) {
    if (at.block.isWarm(at.place)) continue;
    const seat = seatOf(at);
    assert(cold.seatsByKey(at.block.keyHashOf(at.place)).includes(seat));
    assert([...cold.seatsById(at.block.idHashOf(at.place))].includes(seat));
  }
}

/** @param flows All flows in the order of their last change. */
function assertLineage(state: FlowState, flows: readonly Flow[]): void {
  const handleOf = (flow: Flow) => state.table.handleOf(flow.key)!;
  const relations = [
    [state.byParent, ({ parentFlowId }: Flow["identity"]) => parentFlowId],
    [state.byRoot, ({ rootFlowId }: Flow["identity"]) => rootFlowId],
    [state.byCorrelation, ({ correlationId }: Flow["identity"]) => correlationId],
  ] as const;
  for (const [index, nameOf] of relations) {
    for (const name of new Set(flows.map(({ identity }) => nameOf(identity)))) {
      if (name === null) continue;
      const related = flows.filter(({ identity }) => nameOf(identity) === name);
      assertEquals([...index.walk(name)], related.map(handleOf));
    }
  }
  const open = new Map<number, Set<number>>();
  for (const flow of flows) {
    const { membership } = flow.identity;
    if (membership === null || flow.control.retentionUntilMs !== null) continue;
    open.set(membership.group, (open.get(membership.group) ?? new Set()).add(handleOf(flow)));
  }
  const sorted = (groups: ReadonlyMap<number, ReadonlySet<number>>) =>
    [...groups].map(([group, handles]) => [group, [...handles].sort()] as const)
      .sort(([a], [b]) => a - b);
  assertEquals(sorted(state.openChildren), sorted(open));
}

function compareBytes(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => new TextEncoder().encode(text));
  for (let index = 0; index < Math.min(left!.length, right!.length); index++) {
    if (left![index] !== right![index]) return left![index]! - right![index]!;
  }
  return left!.length - right!.length;
}
