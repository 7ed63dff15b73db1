/**
 * Commands: what changes flows and policies.
 *
 * @module
 */

import { crc32 } from "../../../src/codec/mod.ts";
import {
  type Model,
  type ModelClaim,
  type ModelCreate,
  takeableMs,
} from "../../flow/model/model.ts";
import { cleanup } from "../../flow/model/whole.ts";
import { drawAtomic } from "./atomic.ts";
import { drawNamed } from "./named_changes.ts";
import { drawLostLeases, drawPolicy } from "./policies.ts";
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
  manyFlows,
  type ModelAnswer,
  oneFlow,
  PARTITIONS,
  type Raw,
  request,
  STATES,
  TYPES,
} from "./request.ts";
import { drawExtend, drawRewind, drawSettle } from "./settles.ts";
import { drawSignal } from "./signals.ts";

const WORKERS: readonly string[] = ["w1", "w2"];

/** Draws a command. `past` holds the requests that created flows, to be repeated. */
export function drawCommand(dice: Dice, model: Model, past: Raw[]): EngineRequest {
  if (dice.percent(9)) {
    return drawAtomic(dice, model, (dice, model) => drawFlowChange(dice, model, past));
  }
  const visible = model.visible();
  if (visible.length === 0 && dice.percent(60)) return drawCreate(dice, model, past);
  if (model.policies.size === 0 && dice.percent(10)) return drawPolicy(dice);
  const leased = visible.filter(({ owner }) => owner !== null);
  const isExpired = leased.some((flow) => takeableMs(flow) <= model.nowMs);
  if ((isExpired || leased.length === 0) && dice.percent(40)) return drawClaim(dice, model);
  const roll = dice.below(100);
  if (roll < 27) return drawCreate(dice, model, past);
  if (roll < 49) return drawClaim(dice, model);
  if (roll < 75) return drawSettle(dice, model);
  if (roll < 82) return drawSignal(dice, model);
  if (roll < 85) return drawExtend(dice, model);
  if (roll < 90) return drawRewind(dice, model);
  if (roll < 93) return drawCleanup(dice, model);
  return drawPolicy(dice);
}

/** Draws a command about flows that could stand among others. */
function drawFlowChange(dice: Dice, model: Model, past: Raw[]): EngineRequest {
  const roll = dice.below(100);
  if (roll < 40) return drawCreate(dice, model, past);
  if (roll < 75) return drawSettle(dice, model);
  return roll < 85 ? drawExtend(dice, model) : drawSignal(dice, model);
}

function drawCreate(dice: Dice, model: Model, past: Raw[]): EngineRequest {
  const drawItem = (): Raw => {
    if (past.length > 0 && dice.percent(20)) return { ...dice.pick(past), idempotent: true };
    const item = given({
      id: dice.pick(IDS),
      partitionKey: dice.maybe(90, PARTITIONS),
      type: dice.pick(TYPES),
      state: dice.maybe(50, STATES),
      runAtMs: after(model, dice.maybe(40, DELAYS_MS)),
      priority: dice.maybe(30, [0, 1, 2]),
      payload: drawValue(dice),
      retentionTtlMs: dice.maybe(20, [1, 50, 5_000]),
      idempotent: dice.maybe(20, [true]),
      historyMaxEvents: dice.maybe(10, [1, 3]),
      parentFlowId: dice.maybe(5, ["parent"]),
      values: dice.percent(20) ? drawNamed(dice) : undefined,
    });
    past.push(item);
    return item;
  };
  const time = drawTime(dice, model);
  if (dice.percent(55)) {
    const { id, ...options } = drawItem();
    const item = asModelCreate({ id, ...options });
    return request(
      "create",
      [id, { ...options, ...time }],
      (model) => oneFlow(model.create(item)),
    );
  }
  const independent = dice.percent(40);
  const drawn = dice.some(4, drawItem);
  const items = independent ? drawn : distinct(drawn, asModelCreate);
  return batch("createMany", items, { ...time, independent }, (model) => {
    const one = (item: ModelCreate) => model.create(item);
    const creates = items.map(asModelCreate);
    return independent ? model.each(creates, one) : model.all(creates, one);
  });
}

function drawClaim(dice: Dice, model: Model): EngineRequest {
  const reclaims = dice.percent(15);
  const state = dice.maybe(20, [...STATES, "running"]);
  const several = !reclaims && dice.percent(15) ? ["a", "queued"] : undefined;
  // Mostly a type of which there are flows.
  const type = dice.percent(80) ? dice.pick(model.visible())?.type : undefined;
  const blockMs = reclaims ? undefined : dice.maybe(45, [0, 30, 1_500]);
  const abort = blockMs === undefined ? undefined : new AbortController();
  const isFull = dice.percent(30);
  const options = given({
    worker: dice.pick(WORKERS),
    limit: 1 + dice.below(4),
    leaseMs: dice.pick([1, 1, 20, 2_000, 10_000]),
    priority: dice.maybe(10, [0, 1, 2]),
    partitionKeys: dice.maybe(15, [["p"], ["q"], ["q", "none"]]),
    state: several ?? state,
    payload: isFull || undefined,
    values: isFull || undefined,
    lostLeases: dice.percent(10) ? { [dice.pick(STATES)]: drawLostLeases(dice) } : undefined,
    ...reclaims ? {} : {
      reclaimExpired: dice.maybe(30, [true, false]),
      reclaimRatio: dice.maybe(30, [0, 50, 100]),
    },
  });
  const runningOnly = reclaims || options["state"] === "running";
  const { limit, leaseMs, worker } = options as { limit: number; leaseMs: number; worker: string };
  const claim: ModelClaim = {
    type: type ?? dice.pick(TYPES),
    states: several ?? (state === undefined || state === "running" ? null : [state]),
    partitionKeys: (options["partitionKeys"] ?? null) as ModelClaim["partitionKeys"],
    priority: (options["priority"] ?? null) as number | null,
    waiting: !runningOnly,
    expired: runningOnly || options["reclaimExpired"] !== false,
    ratio: (options["reclaimRatio"] ?? 25) as number,
    lostLeases: (options["lostLeases"] ?? {}) as ModelClaim["lostLeases"],
    limit,
    leaseMs,
    worker,
  };
  const time = blockMs === undefined ? drawTime(dice, model) : { blockMs, signal: abort!.signal };
  return request(
    reclaims ? "reclaim" : "claimDue",
    [claim.type, { ...options, ...time }],
    (model) => manyFlows(model, model.claim(claim), isFull ? Infinity : undefined),
    { claim, itemCount: Infinity, ...abort === undefined ? {} : { abort } },
  );
}

function drawCleanup(dice: Dice, model: Model): EngineRequest {
  const limit = dice.maybe(60, [1, 2]);
  return request(
    "retentionCleanup",
    [given({ limit, ...drawTime(dice, model) })],
    (model) => cleanupOf(model, limit ?? 2),
  );
}

/** What the store does by itself, one slice at a time. */
export function sweepRequest(sliceFlowsMax: number): EngineRequest {
  return request("sweep", [], (model) => cleanupOf(model, sliceFlowsMax));
}

/** The store goes on with ends that count already. */
export function closeRequest(): EngineRequest {
  return request("close", [], (model) => {
    model.family.close();
    return { show: () => null };
  });
}

function cleanupOf(model: Model, limit: number): ModelAnswer {
  const removed = cleanup(model, limit);
  return { show: () => removed };
}

function asModelCreate(item: Raw): ModelCreate {
  return {
    ...item,
    partitionKey: item["partitionKey"] ?? automaticPartition(item["id"] as string),
  } as ModelCreate;
}

function automaticPartition(id: string): string {
  return `__flow_auto__:${crc32(new TextEncoder().encode(id)) % 256}`;
}
