/**
 * Parents and children: commands, and questions about what flows have in common.
 *
 * @module
 */

import type {
  ModelChild,
  ModelGroupAsked,
  ModelLineage,
  ModelSpawn,
} from "../../flow/model/family.ts";
import { type Model, type ModelFlow, TERMINAL } from "../../flow/model/model.ts";
import { showFlow } from "../flow_view.ts";
import {
  after,
  DELAYS_MS,
  type Dice,
  distinct,
  drawTime,
  drawValue,
  type EngineRequest,
  given,
  IDS,
  manyFlows,
  oneFlow,
  PARTITIONS,
  request,
  STATES,
  TYPES,
} from "./request.ts";

/** Ids that children are given, and nobody else. */
const CHILD_IDS: readonly string[] = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];

/** Few enough for a command to fit into a frame with all that it sets off. */
const GROUPS_MAX = 2;

/** Where children are kept. */
export interface Nurseries {
  /** Of a hundred children, how many are not simply where their parent is. */
  readonly percent: number;
  /** Where those may be. */
  readonly partitions: readonly string[];
}

const NEAR: Nurseries = { percent: 25, partitions: PARTITIONS };

/** Draws a command or a question. `past` holds the commands, to be given again. */
export function drawFamily(
  dice: Dice,
  model: Model,
  past: EngineRequest[],
  nurseries: Nurseries = NEAR,
): EngineRequest {
  if (dice.percent(20)) return drawLineage(dice, model);
  const ended = dice.percent(20) ? undefined : drawEnd(dice, model);
  if (ended !== undefined && dice.percent(45)) return ended;
  if (past.length > 0 && dice.percent(12)) return dice.pick(past);
  if (dice.percent(15)) return drawFoundling(dice, model, nurseries);
  const spawned = drawSpawn(dice, model, nurseries);
  if (spawned.name === "spawnChildren") past.push(spawned);
  return spawned;
}

/** Somebody has no use for a flow any more that has spawned others. */
function drawEnd(dice: Dice, model: Model): EngineRequest | undefined {
  const parents = model.visible().filter(({ groups, untilMs }) =>
    groups.length > 0 && untilMs === null
  );
  if (parents.length === 0) return undefined;
  const { id, partitionKey } = dice.pick(parents);
  const target = { id, partitionKey };
  const options = given({ ttlMs: dice.maybe(30, [1, 50, 5_000]) });
  return request(
    "cancel",
    [target, { ...options, ...drawTime(dice, model) }],
    (model) => oneFlow(model.cancel({ ...target, ...options })),
    ENDS,
  );
}

/** So much may come of it that it is too much for a frame. */
const ENDS = { itemCount: Infinity };

/** Somebody creates a child by hand. It is in no group, until one takes it in. */
function drawFoundling(dice: Dice, model: Model, nurseries: Nurseries): EngineRequest {
  const parent = drawParent(dice, model);
  if (parent === undefined) return drawSpawn(dice, model, nurseries);
  const id = freeId(new Set(model.visible().map(({ id }) => id))) ?? dice.pick(CHILD_IDS);
  const options = {
    type: "t",
    partitionKey: dice.maybe(nurseries.percent, nurseries.partitions) ?? parent.partitionKey,
    parentFlowId: parent.id,
    rootFlowId: parent.root ?? parent.id,
  };
  return request(
    "create",
    [id, options],
    (model) => oneFlow(model.create({ id, ...options })),
  );
}

/** Mostly a flow that may still spawn something. */
function drawParent(dice: Dice, model: Model): ModelFlow | undefined {
  const visible = model.visible();
  const free = visible.filter(({ groups, state }) =>
    groups.length < GROUPS_MAX && !TERMINAL.includes(state)
  );
  return dice.pick(dice.percent(90) && free.length > 0 ? free : visible);
}

/** Whether a flow was created by hand as somebody's child, and is nobody's yet. */
function isFoundling({ membership, root }: ModelFlow): boolean {
  return membership === null && root !== null;
}

function freeId(taken: ReadonlySet<string>): string | undefined {
  return CHILD_IDS.find((id) => !taken.has(id));
}

function drawSpawn(dice: Dice, model: Model, nurseries: Nurseries): EngineRequest {
  const visible = model.visible();
  const lone = dice.maybe(60, visible.filter(isFoundling));
  const parent = visible.find(({ id }) => id === lone?.parent) ?? drawParent(dice, model);
  const target = {
    id: parent?.id ?? dice.pick(IDS),
    partitionKey: parent?.partitionKey ?? dice.pick(PARTITIONS),
  };
  const group = drawGroup(dice);
  const guards = given({
    leaseToken: parent?.token ?? undefined,
    fencingToken: (parent?.fencing ?? 0) + (dice.percent(93) ? 0 : 1),
    from: dice.maybe(20, [parent?.owner ? "running" : parent?.state ?? "queued", "a"]),
  });
  const foundling = dice.maybe(
    80,
    visible.filter((flow) => isFoundling(flow) && flow.parent === parent?.id),
  );
  // Who was created by hand was asked for in these words and no others.
  const common = foundling !== undefined ? { type: "t" } : given({
    type: dice.pick(TYPES),
    retentionTtlMs: dice.maybe(30, [1, 50, 5_000]),
    correlationId: dice.maybe(40, ["x", "y"]),
  });
  const taken = new Set(visible.map(({ id }) => id));
  const born = dice.some(3, () => drawChild(dice, model, { taken, nurseries }));
  const drawn = foundling === undefined ? born : [...born, {
    id: foundling.id,
    partitionKey: foundling.partitionKey,
    idempotent: true,
  }];
  // Twins are refused before anybody looks at flows, and so is a child with the id of its parent.
  const children = distinct(drawn, ({ id }) => ({ id })).filter(({ id }) => id !== target.id);
  if (children.length === 0) return drawLineage(dice, model);
  const { waitState, failure, ...rest } = group;
  const options = given({
    ...common,
    ...rest,
    waitState: waitState ?? undefined,
    failure: failure ?? undefined,
    ...guards,
  });
  const spawn: ModelSpawn = {
    ...target,
    ...guards,
    group,
    children: children.map((child): ModelChild => ({ ...common, ...child })),
  };
  return request(
    "spawnChildren",
    [target, children, options],
    (model) => oneFlow(model.family.spawn(spawn)),
    ENDS,
  );
}

function drawGroup(dice: Dice): ModelGroupAsked {
  const wait = dice.pick(["all", "all", "any", "none"] as const);
  const success = dice.pick([...STATES, "completed", "completed", "failed"]);
  const endsAtOnce = wait === "none" && TERMINAL.includes(success);
  return {
    groupId: dice.pick(["g", "g", "k"]),
    wait,
    waitState: wait === "none" ? null : dice.pick(["waiting", ...STATES]),
    success,
    failure: dice.pick([...STATES, "failed", "failed", "cancelled"]),
    onChildFailed: dice.pick(["fail_parent", "fail_parent", "ignore"] as const),
    onParentClosed: endsAtOnce || dice.percent(20) ? "abandon_children" : "cancel_children",
  };
}

function drawChild(
  dice: Dice,
  model: Model,
  { taken, nurseries }: { readonly taken: Set<string>; readonly nurseries: Nurseries },
): Omit<ModelChild, "type"> {
  const free = freeId(taken);
  const id = free !== undefined && dice.percent(92) ? free : dice.pick([...CHILD_IDS, ...IDS]);
  taken.add(id);
  return given({
    id,
    partitionKey: dice.maybe(nurseries.percent, nurseries.partitions),
    state: dice.maybe(20, STATES),
    runAtMs: after(model, dice.maybe(20, DELAYS_MS)),
    payload: dice.percent(20) ? drawValue(dice) : undefined,
  });
}

const QUESTIONS = { parent: "byParent", root: "byRoot", correlation: "byCorrelation" } as const;

function drawLineage(dice: Dice, model: Model): EngineRequest {
  const related = model.visible().filter(({ parent }) => parent !== null);
  const flow = dice.pick(related);
  const relation = dice.pick(["parent", "parent", "root", "correlation"] as const);
  const id = relation === "correlation" ? "x" : flow?.parent ?? dice.pick(IDS);
  const only = dice.maybe(40, [{ terminalOnly: true }, { activeOnly: true }]);
  const filter = given({
    partitionKey: dice.maybe(20, PARTITIONS),
    state: dice.maybe(20, [...STATES, "running", "cancelled"]),
    rev: dice.maybe(30, [true]),
    ...relation === "parent" ? { groupId: dice.maybe(20, ["g", "k"]) } : {},
    ...only,
  });
  const count = dice.pick([1, 2, 100]);
  const asked: ModelLineage = { relation, id, ...filter };
  const name = QUESTIONS[relation];
  if (dice.percent(60)) {
    return request(
      name,
      [id, { ...filter, count }],
      (model) => manyFlows(model, model.family.lineage(asked).slice(0, count)),
    );
  }
  return request(name, [id, { ...filter, count, cursor: null }], (model) => {
    const rows: ModelFlow[] = model.family.lineage(asked);
    const items = rows.slice(0, count).map((flow) => showFlow(flow));
    return { show: () => ({ items, isLast: rows.length <= count }) };
  });
}
