/**
 * Queries: what only looks.
 *
 * @module
 */

import type { FlowRecord } from "../../../src/flow/mod.ts";
import {
  compareIds,
  type Model,
  type ModelFlow,
  type ModelHistory,
  takeableMs,
} from "../../flow/model/model.ts";
import { Refusal } from "../../flow/model/refusal.ts";
import { showFlow, showModelEvent, showModelPolicy } from "../flow_view.ts";
import {
  type Dice,
  type EngineRequest,
  given,
  IDS,
  manyFlows,
  type ModelAnswer,
  oneFlow,
  PARTITIONS,
  request,
  STATES,
  TYPES,
} from "./request.ts";

/** Where a row stands in a listing. */
type Place = Pick<ModelFlow, "id" | "partitionKey" | "updatedAtMs">;

/** Names a flow. */
interface Target {
  readonly id: string;
  readonly partitionKey?: string;
}

/** Draws a query. */
export function drawQuery(dice: Dice, model: Model): EngineRequest {
  const roll = dice.below(100);
  if (roll < 40) return drawGet(dice, drawTarget(dice, model));
  if (roll < 60) return drawHistory(dice, drawTarget(dice, model), model);
  if (roll < 82) return drawRows(dice, model);
  if (roll < 90) return drawInfo(dice);
  if (roll < 95) return drawStuck(dice);
  return drawPolicyGet(dice);
}

function drawGet(dice: Dice, target: Target): EngineRequest {
  if (dice.percent(50)) {
    return request("get", [target], (model) => shownOrNull(found(model, target)));
  }
  const payloadMaxBytes = dice.pick([200, 10_000]);
  return request(
    "get",
    [target, { payload: true, payloadMaxBytes, values: true }],
    (model) => shownOrNull(found(model, target), payloadMaxBytes),
  );
}

function shownOrNull(flow: ModelFlow | undefined, maxBytes?: number): ModelAnswer {
  return flow === undefined ? { show: () => null } : oneFlow(flow, maxBytes);
}

function drawHistory(dice: Dice, target: Target, model: Model): EngineRequest {
  const versions = dice.percent(20) ? { fromVersion: dice.below(4), toVersion: 6 } : {};
  const times = dice.percent(20) ? { fromMs: model.nowMs - 100, toMs: model.nowMs + 5 } : {};
  const asked: ModelHistory = given({
    count: dice.pick([1, 3, 100]),
    rev: dice.maybe(30, [true]),
    event: dice.maybe(15, ["created", "claimed", "retry", "rewound"]),
    worker: dice.maybe(15, ["w1", "w2"]),
    ...versions,
    ...times,
  });
  const values = dice.percent(30);
  const maxBytes = values ? 10_000 : undefined;
  return request("history", [target, given({ ...asked, values: values || undefined })], (model) => {
    const flow = found(model, target);
    if (flow === undefined) return { show: () => [] };
    const events = model.history(flow, asked).map((event) => showModelEvent(event, maxBytes));
    return { flow, show: () => events };
  });
}

/** A query whose answer has rows, in the order of their last change. */
interface RowsQuery {
  readonly name: "list" | "terminals" | "failures";
  readonly type: string;
  readonly options: {
    readonly state?: string | undefined;
    readonly partitionKey?: string | undefined;
    readonly count: number;
    readonly rev?: boolean | undefined;
    readonly fromMs?: number | undefined;
    readonly toMs?: number | undefined;
  };
}

function drawRows(dice: Dice, model: Model): EngineRequest {
  const name = dice.pick(["list", "list", "terminals", "failures"] as const);
  const states = name === "list" ? [...STATES, "running", "completed"] : ["completed", "any"];
  const span = name === "list" ? {} : {
    rev: dice.maybe(30, [true]),
    fromMs: dice.maybe(20, [model.nowMs - 100]),
    toMs: dice.maybe(20, [model.nowMs]),
  };
  const asked: RowsQuery = {
    name,
    type: dice.pick(TYPES),
    options: given({
      state: name === "failures" ? undefined : dice.maybe(40, states),
      partitionKey: dice.maybe(25, PARTITIONS),
      count: dice.pick([1, 2, 100]),
      ...span,
    }),
  };
  if (dice.percent(40)) return pageOf(asked, null, undefined);
  return request(
    name,
    [asked.type, asked.options],
    (model) => manyFlows(model, rowsOf(model, asked).slice(0, asked.options.count)),
  );
}

/** A page, and all that follow it. */
function pageOf(
  asked: RowsQuery,
  cursor: string | null,
  last: FlowRecord | undefined,
): EngineRequest {
  const { name, type, options } = asked;
  return request(name, [type, { ...options, cursor }], (model) => {
    const rows = rowsOf(model, asked, last);
    const shown = rows.slice(0, options.count).map((flow) => showFlow(flow));
    return { show: () => ({ items: shown, isLast: rows.length <= options.count }) };
  }, {
    nextPage: ({ items, cursor }) =>
      cursor === null ? undefined : pageOf(asked, cursor, items.at(-1)),
  });
}

/** The rows that a query asks for, behind the last one that was shown. */
function rowsOf(model: Model, { name, type, options }: RowsQuery, last?: FlowRecord): ModelFlow[] {
  const { partitionKey, rev, fromMs = 0, toMs = Infinity } = options;
  const state = name === "failures" ? "failed" : options.state ?? "any";
  const order = (a: Place, b: Place) =>
    (rev ? -1 : 1) * (a.updatedAtMs - b.updatedAtMs || compareIds(a as ModelFlow, b as ModelFlow));
  return model.visible().filter((flow) =>
    flow.type === type && (name === "list" || flow.untilMs !== null) &&
    (state === "any" || shownState(flow) === state) &&
    (partitionKey === undefined || flow.partitionKey === partitionKey) &&
    flow.updatedAtMs >= fromMs && flow.updatedAtMs <= toMs &&
    (last === undefined || order(flow, last) > 0)
  ).sort(order);
}

function drawInfo(dice: Dice): EngineRequest {
  const type = dice.pick(TYPES);
  const partitionKey = dice.maybe(40, PARTITIONS);
  const options = partitionKey === undefined ? {} : { partitionKey };
  return request("info", [type, options], (model) => {
    const flows = model.visible().filter((flow) =>
      flow.type === type && (partitionKey === undefined || flow.partitionKey === partitionKey)
    );
    const states = new Map<string, number>();
    for (const flow of flows) {
      states.set(shownState(flow), (states.get(shownState(flow)) ?? 0) + 1);
    }
    const waiting = flows.filter(({ owner, dueMs }) => owner === null && dueMs !== null);
    const due = waiting.filter(({ dueMs }) => dueMs! <= model.nowMs);
    const count = (state: string): number => states.get(state) ?? 0;
    const shown = {
      counts: ["queued", "running", "completed", "failed", "cancelled"].map(count),
      inflight: count("running"),
      due: due.length,
      scheduled: waiting.length - due.length,
      oldestDueMs: due.length === 0 ? null : Math.min(...due.map(({ dueMs }) => dueMs!)),
      states: [...states].sort(([a], [b]) => a < b ? -1 : 1),
    };
    return { show: () => shown };
  });
}

function drawStuck(dice: Dice): EngineRequest {
  const type = dice.pick(TYPES);
  const olderThanMs = dice.pick([0, 0, 100]);
  const count = dice.pick([1, 100]);
  return request("stuck", [type, { olderThanMs, count }], (model) => {
    const rows = model.flows.filter((flow) =>
      flow.type === type && flow.owner !== null && takeableMs(flow) <= model.nowMs - olderThanMs
    ).sort((a, b) => takeableMs(a) - takeableMs(b) || compareIds(a, b));
    return manyFlows(model, rows.slice(0, count));
  });
}

function drawPolicyGet(dice: Dice): EngineRequest {
  const type = dice.pick(TYPES);
  const state = dice.maybe(40, STATES);
  const options = state === undefined ? {} : { state };
  return request(
    "policyGet",
    [type, options],
    (model) => ({ show: () => showModelPolicy(model, type, state) }),
  );
}

function drawTarget(dice: Dice, model: Model): Target {
  const flow = dice.percent(80) ? dice.pick(model.visible()) : undefined;
  const id = flow?.id ?? dice.pick(IDS);
  const partitionKey = flow?.partitionKey ?? dice.pick(PARTITIONS);
  return dice.percent(75) ? { id, partitionKey } : { id };
}

/** The flow that a target names, as everybody finds it. */
function found(model: Model, { id, partitionKey }: Target): ModelFlow | undefined {
  const flows = model.visible().filter((flow) =>
    flow.id === id && (partitionKey === undefined || flow.partitionKey === partitionKey)
  );
  if (flows.length > 1) throw new Refusal("invalid_argument");
  return flows[0] && model.family.look(flows[0]);
}

function shownState({ owner, state }: ModelFlow): string {
  return owner === null ? state : "running";
}
