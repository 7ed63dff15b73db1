/**
 * Commands about flows that somebody holds, or has held.
 *
 * @module
 */

import type { Model, ModelItem } from "../../flow/model/model.ts";
import { drawChanges } from "./named_changes.ts";
import { asPolicy, drawLevel } from "./policies.ts";
import {
  after,
  batch,
  DELAYS_MS,
  type Dice,
  distinct,
  drawTime,
  drawValue,
  type EngineRequest,
  given,
  IDS,
  oneFlow,
  PARTITIONS,
  type Raw,
  request,
  STATES,
} from "./request.ts";

/** Draws an extension of a lease. */
export function drawExtend(dice: Dice, model: Model): EngineRequest {
  const item = drawItem(dice, model, true);
  const { id, partitionKey, ...tokens } = item;
  const leaseMs = dice.pick([1, 20, 3_000]);
  return request(
    "extendLease",
    [given({ id, partitionKey }), { ...tokens, leaseMs }],
    (model) => oneFlow(model.extend(item, leaseMs)),
  );
}

const SETTLES = ["complete", "fail", "cancel", "transition", "retry"] as const;

/** Draws a command by which an owner gives a flow up. */
export function drawSettle(dice: Dice, model: Model): EngineRequest {
  const kind = dice.pick(SETTLES);
  const { ofModel, ofStore } = drawSettling(dice, model, kind);
  const needsToken = kind !== "transition" && kind !== "cancel";
  const time = drawTime(dice, model);
  const drawSettled = (): ModelItem => {
    const { leaseToken, fencingToken, ...target } = drawItem(dice, model, needsToken);
    // An operator's cancel quotes nothing.
    return kind === "cancel" && dice.percent(40) ? target : { ...target, leaseToken, fencingToken };
  };
  const one = (model: Model, item: ModelItem) => model[kind]({ ...ofModel, ...item } as never);
  if (dice.percent(60)) {
    const item = drawSettled();
    const { id, partitionKey, ...tokens } = item;
    const ref = partitionKey === undefined && dice.percent(50) ? id : given({ id, partitionKey });
    return request(
      kind,
      [ref, given({ ...ofStore, ...tokens, ...time })],
      (model) => oneFlow(one(model, item)),
    );
  }
  const independent = dice.percent(50);
  const drawn = dice.some(4, drawSettled);
  const items = independent ? drawn : distinct(drawn, (item) => item);
  return batch(
    `${kind}Many`,
    items.map((item) => given({ ...item })),
    given({ ...ofStore, ...time, independent }),
    (model) => {
      const each = (item: ModelItem) => one(model, item);
      return independent ? model.each(items, each) : model.all(items, each);
    },
  );
}

/** What a command that settles a flow says besides which flow. */
function drawSettling(
  dice: Dice,
  model: Model,
  kind: typeof SETTLES[number],
): { readonly ofModel: Raw; readonly ofStore: Raw } {
  const payload = dice.percent(25) ? drawValue(dice) : undefined;
  const ttlMs = dice.maybe(30, [1, 50, 5_000]);
  const changes = drawChanges(dice);
  switch (kind) {
    case "complete":
      return same(given({ result: drawValue(dice), payload, ttlMs, ...changes }));
    case "fail":
      return same(given({ error: drawValue(dice), payload, ttlMs, ...changes }));
    case "cancel":
      return same(given({ reason: drawValue(dice), ttlMs, ...changes }));
    case "transition": {
      const runAtMs = dice.percent(15) ? null : after(model, dice.maybe(40, DELAYS_MS));
      const isLeased = model.visible().some(({ owner }) => owner !== null);
      const state = isLeased ? "running" : dice.pick(model.visible())?.state ?? "queued";
      const from = dice.percent(75) ? state : dice.pick(["running", ...STATES, "failed"]);
      const priority = dice.maybe(20, [0, 1, 2]);
      return same(given({ from, to: dice.pick(STATES), runAtMs, priority, payload, ...changes }));
    }
    case "retry": {
      const both = given({
        error: drawValue(dice),
        payload,
        runAtMs: after(model, dice.maybe(30, DELAYS_MS)),
      });
      if (!dice.percent(30)) return same(both);
      const { ttlMs: _, maxReclaims: __, ...level } = drawLevel(dice);
      return {
        ofModel: { ...both, retry: level },
        ofStore: { ...both, retry: asPolicy(level).retry },
      };
    }
  }
}

/** Draws a way back: to an event that there was, mostly. */
export function drawRewind(dice: Dice, model: Model): EngineRequest {
  const free = model.visible().filter(({ owner }) => owner === null);
  const flow = dice.percent(85) && free.length > 0 ? dice.pick(free) : dice.pick(model.flows);
  const event = dice.percent(90) ? dice.pick(flow?.history ?? []) : undefined;
  const target = {
    id: flow?.id ?? dice.pick(IDS),
    partitionKey: flow?.partitionKey ?? dice.pick(PARTITIONS),
  };
  const options = given({
    toEvent: event === undefined ? "1-1" : `${event.atMs}-${event.version}`,
    expectState: dice.maybe(20, [...STATES, "failed"]),
    runAtMs: after(model, dice.maybe(20, DELAYS_MS)),
  });
  return request(
    "rewind",
    [target, { ...options, ...drawTime(dice, model) }],
    (model) => oneFlow(model.rewind({ ...target, ...options })),
  );
}

/** A flow that somebody names, mostly one that there is, with tokens that are mostly right. */
export function drawItem(dice: Dice, model: Model, needsToken: boolean): ModelItem {
  const visible = model.visible();
  const leased = visible.filter(({ owner }) => owner !== null);
  const among = leased.length > 0 && dice.percent(70) ? leased : visible;
  const flow = among.length > 0 && dice.percent(90) ? dice.pick(among) : undefined;
  const id = flow?.id ?? dice.pick(IDS);
  const partitionKey = dice.percent(80) ? flow?.partitionKey ?? dice.pick(PARTITIONS) : undefined;
  const fencingToken = flow?.fencing ?? 0;
  const leaseToken = flow?.token ?? (needsToken ? "0-0" : undefined);
  const roll = dice.below(100);
  if (roll < 85) return { id, partitionKey, leaseToken, fencingToken };
  if (roll < 90) {
    return { id, partitionKey, leaseToken: "1-0", fencingToken: Math.max(0, fencingToken - 1) };
  }
  return { id, partitionKey, leaseToken: needsToken ? "2-0" : undefined, fencingToken };
}

function same(options: Raw): { readonly ofModel: Raw; readonly ofStore: Raw } {
  return { ofModel: options, ofStore: options };
}
