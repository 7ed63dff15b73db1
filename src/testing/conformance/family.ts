/**
 * What cases about children begin with: parents, their children, and how these end.
 *
 * @module
 */
import type { FlowRecord, FlowStore, SpawnChildrenOptions, TerminalState } from "../../flow/mod.ts";
import { claimOne, create, JOB, owner } from "./leasing.ts";

/** A group that waits for all of its children. */
export const GROUP = {
  groupId: "g",
  type: JOB,
  waitState: "waiting",
  success: "joined",
  failure: "broken",
  fencingToken: 0,
} as const satisfies SpawnChildrenOptions;

/** Creates a flow in state `begun` and has it spawn children, each in the state of its own id. */
export async function family(
  store: FlowStore,
  parentId: string,
  childIds: readonly string[],
  options: Partial<SpawnChildrenOptions> = {},
): Promise<FlowRecord> {
  await create(store, parentId, { state: "begun" });
  return await spawn(store, parentId, childIds, options);
}

/** Has a flow that nobody leases spawn children, each in the state of its own id. */
export function spawn(
  store: FlowStore,
  parentId: string,
  childIds: readonly string[],
  options: Partial<SpawnChildrenOptions> = {},
): Promise<FlowRecord> {
  const children = childIds.map((id) => ({ id, state: id }));
  return store.spawnChildren(parentId, children, { ...GROUP, ...options });
}

/** Ends a flow that is in the state of its own id, or whose children were waited for. */
export async function end(
  store: FlowStore,
  id: string,
  how: TerminalState,
  state: string = id,
): Promise<FlowRecord> {
  if (how === "cancelled") return await store.cancel(id);
  const flow = await claimOne(store, { state });
  return how === "completed"
    ? await store.complete(flow, owner(flow))
    : await store.fail(flow, owner(flow));
}

/** The states of flows. */
export async function statesOf(
  store: FlowStore,
  ...ids: readonly string[]
): Promise<(string | undefined)[]> {
  const flows = await Promise.all(ids.map((id) => store.get(id)));
  return flows.map((flow) => flow?.state);
}
