/**
 * Live flows in states that a definition does not declare.
 *
 * @module
 */
import { checkObject, invalid } from "../argument.ts";
import { FlowError, isFlowError } from "../errors.ts";
import {
  type BatchOutcome,
  DEFAULT_LIMITS,
  type FlowRecord,
  type FlowStore,
  isTerminalState,
  RUNNING,
  type TransitionItem,
} from "../flow/mod.ts";
import { checkMembers } from "../unknown_option.ts";
import { membersOf } from "./argument.ts";
import type { CheckedDefinition } from "./definition/definition.ts";
import { StoreLimit } from "./store_limit.ts";

/** Flows that are read at a time. */
const PAGE_COUNT = DEFAULT_LIMITS.batchItemsMax;

/** Ids that a report names of each state. */
const IDS_MAX = 10;

/** Options of `checkStates()`. */
export interface CheckStatesOptions {
  /**
   * What becomes of live flows in states that are not declared. `"report"`: nothing. `"refuse"`: the
   * call rejects with `definition_conflict`, and the report is in the details. `"park"`: they stay in
   * their state, but are not due any more until a transition or a signal gives them a time; whatever
   * a worker holds is left to it. Default `"report"`.
   */
  readonly onUnserved?: "report" | "refuse" | "park" | undefined;
}

const MEMBERS = membersOf<CheckStatesOptions>({ onUnserved: true });

/** What `checkStates()` has found. Flows that change meanwhile may be missing, or counted twice. */
export interface StateReport {
  /** The workflow type. */
  readonly type: string;
  /** The states that live flows are in and the definition does not declare, by name. Empty: none. */
  readonly unserved: readonly UnservedState[];
}

/** A state that is not declared, and the live flows in it. */
export interface UnservedState {
  /** The state. */
  readonly state: string;
  /** Flows that are in it, or were claimed from it and are leased. */
  readonly count: number;
  /** Those of them that are leased: somebody else still works on them. */
  readonly leasedCount: number;
  /** Those of them that are not due, now or later, until something gives them a time. */
  readonly parkedCount: number;
  /** The ids of up to ten of them. */
  readonly ids: readonly string[];
}

/** Looks for live flows in states that are not declared, and does with them what the options say. */
export async function checkedStates(
  definition: CheckedDefinition,
  store: FlowStore,
  options: CheckStatesOptions,
): Promise<StateReport> {
  checkMembers("", checkObject("options", options), MEMBERS);
  const { onUnserved = "report" } = options;
  if (onUnserved !== "report" && onUnserved !== "refuse" && onUnserved !== "park") {
    throw invalid("onUnserved", onUnserved, `"report", "refuse" or "park"`);
  }
  const { type } = definition;
  const found = new Map<string, UnservedState>();
  const batchLimit = new StoreLimit("items.length", DEFAULT_LIMITS.batchItemsMax);
  for await (const page of unservedFlows(definition, store)) {
    const parked = onUnserved === "park" ? await parkedOf(store, page, batchLimit) : new Set();
    for (const flow of page) count(found, flow, parked.has(flow));
  }
  const unserved = [...found.values()].sort((a, b) => a.state < b.state ? -1 : 1);
  if (onUnserved === "refuse" && unserved.length > 0) throw conflict({ type, unserved });
  return { type, unserved };
}

/**
 * The live flows in states that are not declared, in pages. Reads no more flows than there were when
 * it began: what is changed meanwhile goes to the end of the order, also by parking it.
 */
async function* unservedFlows(
  definition: CheckedDefinition,
  store: FlowStore,
): AsyncGenerator<readonly FlowRecord[]> {
  const { type, states } = definition;
  const isUnserved = (name: string): boolean => !states.has(name) && !isTerminalState(name);
  const pageLimit = new StoreLimit("count", PAGE_COUNT);
  const counts = Object.entries((await store.info(type)).states);
  for (const [state, flowCount] of counts.filter(([name]) => isUnserved(name))) {
    let cursor: string | null = null;
    for (let left = flowCount; left > 0; left -= pageLimit.countMax) {
      const from: { readonly cursor: string | null } = { cursor };
      const page = await pageLimit.within(
        left,
        (count) => store.list(type, { state, count, ...from }),
      );
      const flows = page.items.filter((flow) =>
        isUnserved(flow.runState ?? flow.state) && !isWaiting(flow)
      );
      if (flows.length > 0) yield flows;
      cursor = page.cursor;
      if (cursor === null) break;
    }
  }
}

/** Whether a flow waits for children, which it may do in any state: it goes on by itself. */
function isWaiting({ state, childGroups }: FlowRecord): boolean {
  return Object.values(childGroups)
    .some(({ resolved, waitState }) => resolved === null && waitState === state);
}

/** Parks those that can become due, where they are, and returns those that it has parked. */
async function parkedOf(
  store: FlowStore,
  flows: readonly FlowRecord[],
  batchLimit: StoreLimit,
): Promise<ReadonlySet<FlowRecord>> {
  const waiting = flows.filter((flow) => flow.state !== RUNNING && flow.nextRunAtMs !== null);
  if (waiting.length === 0) return new Set();
  const items = waiting.map(({ id, partitionKey, state, fencingToken }): TransitionItem => ({
    ...{ id, partitionKey, from: state, to: state, fencingToken, runAtMs: null },
  }));
  const outcomes: BatchOutcome[] = [];
  while (outcomes.length < items.length) {
    const rest = items.slice(outcomes.length);
    const some = await batchLimit.within(
      rest.length,
      (count) => store.transitionMany(rest.slice(0, count), { independent: true }),
    );
    outcomes.push(...some);
  }
  const failure = outcomes.find((outcome) => !outcome.ok && !isGone(outcome.error));
  if (failure?.ok === false) throw failure.error;
  return new Set(waiting.filter((_, index) => outcomes[index]?.ok));
}

/** Whether a flow was no longer where it was read, so that there is nothing left to park. */
function isGone(error: unknown): boolean {
  return isFlowError(error, "wrong_state") || isFlowError(error, "stale_lease") ||
    isFlowError(error, "flow_terminal") || isFlowError(error, "not_found");
}

function count(found: Map<string, UnservedState>, flow: FlowRecord, isParkedNow: boolean): void {
  const state = flow.runState ?? flow.state;
  const known = found.get(state) ?? { state, count: 0, leasedCount: 0, parkedCount: 0, ids: [] };
  const isLeased = flow.state === RUNNING;
  const isParked = isParkedNow || flow.nextRunAtMs === null;
  found.set(state, {
    state,
    count: known.count + 1,
    leasedCount: known.leasedCount + Number(isLeased),
    parkedCount: known.parkedCount + Number(isParked),
    ids: known.ids.length < IDS_MAX ? [...known.ids, flow.id] : known.ids,
  });
}

function conflict(report: StateReport): FlowError {
  const names = report.unserved.map(({ state, count }) => `"${state}" (${count})`).join(", ");
  return new FlowError(
    "definition_conflict",
    `Live flows of type "${report.type}" are in states that the definition does not declare: ${names}`,
    { details: { ...report } },
  );
}
