/**
 * Whether the indexes say what the flows say.
 *
 * @module
 */
import type { IndexedMember, LineageIndex } from "../../../index/mod.ts";
import { coldFlaws } from "../cold/cold_flaws.ts";
import { type Flow, hasEnded, shownState } from "../flow.ts";
import type { FlowState } from "../state.ts";

/** An index as it is looked through: what it holds, and what it says about a flow. */
interface CheckedIndex {
  readonly name: string;
  /** Whether flows stand in it that something happens to by itself. Default false. */
  readonly isOfTimes?: boolean;
  readonly members: () => Iterable<IndexedMember>;
  /** What is wrong with where a flow stands in it; undefined: nothing. */
  readonly flawOf: (handle: number, flow: Flow) => string | undefined;
  readonly holds: (handle: number) => boolean;
}

/**
 * Compares every index with the flows, both ways: each flow stands where it says, and whatever stands
 * in an index is a flow. Yields what is wrong, and undefined after every small piece of work that has
 * found nothing; between two pieces the state may change.
 */
export function* indexFlaws(state: FlowState): Generator<string | undefined> {
  const indexes = indexesOf(state);
  for (const handle of state.table.handles()) {
    const flaws = flawsOf(state, indexes, handle);
    if (flaws.length === 0) yield;
    else yield* flaws;
  }
  yield* coldFlaws(state);
  for (const index of indexes) yield* strangers(state, index);
  for (const { key, isInOrder } of state.kv.members()) {
    yield isInOrder ? undefined : `The key "${key.key}" is not where its name and its end say`;
  }
}

/** What is wrong with where a flow stands: all of it at once, for the flow may change after that. */
function flawsOf(
  state: FlowState,
  indexes: readonly CheckedIndex[],
  handle: number,
): readonly string[] {
  const { table, cold } = state;
  const flow = table.at(handle);
  const seat = cold.seatOf(handle);
  const wrong = indexes.flatMap(({ name, isOfTimes = false, flawOf, holds }) => {
    // A flow that has a seat is listed there, and is not due as long as it sleeps.
    const isCold = seat !== undefined && (!isOfTimes || !cold.isAwake(seat));
    const flaw = isCold ? compared(holds(handle), false) : flawOf(handle, flow);
    return flaw === undefined ? [] : [`${nameOf(flow)} ${flaw} in the index by ${name}`];
  });
  const lookup = lookupFlaw(state, flow, handle);
  return lookup === undefined ? wrong : [lookup, ...wrong];
}

/** What an index holds that is no flow, or not in its order. */
function* strangers(
  { table }: FlowState,
  { name, members, holds }: CheckedIndex,
): Generator<string | undefined> {
  for (const { handle, isInOrder } of members()) {
    if (!isInOrder) yield `The index by ${name} is not in order at handle ${handle}`;
    // It may have left since the walk came to it.
    const isStranger = !table.has(handle) && holds(handle);
    yield isStranger ? `The index by ${name} has handle ${handle}, and no flow has it` : undefined;
  }
}

function lookupFlaw({ table }: FlowState, flow: Flow, handle: number): string | undefined {
  const { key, identity: { partitionKey, id }, bodyLsn } = flow;
  if (table.handleOf(key) !== handle) return `No flow is found by the key of "${id}"`;
  // There may be very many with one id, so they are not all looked at for each of them.
  const isFound = table.find(partitionKey, id)?.bodyLsn === bodyLsn && table.isFoundById(handle);
  return isFound ? undefined : `${nameOf(flow)} is not found by its id`;
}

function nameOf({ identity: { partitionKey, id } }: Flow): string {
  return `Flow "${id}" in partition "${partitionKey}"`;
}

function indexesOf(state: FlowState): readonly CheckedIndex[] {
  const { due, retention, states, byParent, byRoot, byCorrelation, openChildren } = state;
  return [
    {
      name: "due time",
      isOfTimes: true,
      members: () => due.members(),
      flawOf: (handle, flow) => dueFlaw(state, handle, flow),
      holds: (handle) => due.placeOf(handle) !== undefined,
    },
    {
      name: "retention",
      isOfTimes: true,
      members: () => retention.members(),
      flawOf: (handle, { control: { retentionUntilMs } }) =>
        compared(retention.placeOf(handle)?.dueMs ?? null, retentionUntilMs),
      holds: (handle) => retention.placeOf(handle) !== undefined,
    },
    {
      name: "state",
      members: () => states.members(),
      flawOf: (handle, { identity: { type }, control }) => {
        const place = states.placeOf(handle);
        return compared(place?.type, type) ?? compared(place?.state, shownState(control)) ??
          compared(place?.updatedAtMs, control.updatedAtMs);
      },
      holds: (handle) => states.placeOf(handle) !== undefined,
    },
    lineage("parent", byParent, ({ identity }) => identity.parentFlowId),
    lineage("root", byRoot, ({ identity }) => identity.rootFlowId),
    lineage("correlation", byCorrelation, ({ identity }) => identity.correlationId),
    {
      name: "group",
      members: () => openMembers(state),
      flawOf: (handle, { identity: { membership }, control }) => {
        if (membership === null) return undefined;
        const isOpen = openChildren.get(membership.group)?.has(handle) === true;
        return compared(isOpen, !hasEnded(control));
      },
      holds: (handle) => [...openChildren.values()].some((handles) => handles.has(handle)),
    },
  ];
}

function lineage(
  name: string,
  index: LineageIndex,
  nameIn: (flow: Flow) => string | null,
): CheckedIndex {
  return {
    name,
    members: () => index.members(),
    flawOf: (handle, flow) => {
      const expected = nameIn(flow);
      const place = index.placeOf(handle);
      if (expected === null) return compared(place?.name ?? null, null);
      return compared(place?.name, expected) ??
        compared(place?.updatedAtMs, flow.control.updatedAtMs);
    },
    holds: (handle) => index.placeOf(handle) !== undefined,
  };
}

function dueFlaw({ due }: FlowState, handle: number, { identity, control }: Flow) {
  const place = due.placeOf(handle);
  const { nextRunAtMs, lease, priority, state } = control;
  if (place === undefined || nextRunAtMs === null) {
    return compared(place?.dueMs ?? null, nextRunAtMs);
  }
  // After an opening owners of leases have a little longer than their leases say.
  const isGrace = lease !== null && place.dueMs > nextRunAtMs;
  return (isGrace ? undefined : compared(place.dueMs, nextRunAtMs)) ??
    compared(place.type, identity.type) ?? compared(place.state, state) ??
    compared(place.leased, lease !== null) ?? compared(place.priority, priority);
}

function* openMembers({ openChildren, table }: FlowState): Generator<IndexedMember> {
  for (const [group, handles] of openChildren) {
    for (const handle of handles) {
      const flow = table.has(handle) ? table.at(handle) : undefined;
      const isInOrder = flow === undefined || flow.identity.membership?.group === group;
      yield { handle, isInOrder };
    }
  }
}

function compared<Fact>(found: Fact, expected: Fact): string | undefined {
  return found === expected ? undefined : `is at ${found} and not at ${expected}`;
}
