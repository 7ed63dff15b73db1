/**
 * Commands: what changes flows and policies.
 *
 * @module
 */

import { crc32 } from "../../src/codec/mod.ts";
import type { FlowStore, PolicySetOptions } from "../../src/flow/mod.ts";
import type { Model, ModelClaim, ModelCreate, ModelItem, ModelPolicy } from "../flow/model.ts";
import {
  type Dice,
  type EngineRequest,
  IDS,
  manyFlows,
  type ModelAnswer,
  oneFlow,
  PARTITIONS,
  STATES,
  TYPES,
} from "./engine_request.ts";
import { showModelPolicy } from "./flow_view.ts";

/** Options that are not typed here: the store checks them, and the model is told the same. */
type Raw = Record<string, unknown>;
type Methods = Record<string, (...given: unknown[]) => Promise<unknown>>;

/** Values that go inline, and values that go ahead in parts. */
const VALUES: readonly unknown[] = [null, 7, { a: [true] }, "x".repeat(90), new Uint8Array(9)];
const LARGE_VALUES: readonly unknown[] = [
  "y".repeat(150),
  "z".repeat(700),
  Uint8Array.from({ length: 300 }, (_, index) => index),
];
const DELAYS_MS: readonly number[] = [0, 5, 40, 1_500];
const WORKERS: readonly string[] = ["w1", "w2"];

/** Draws a command. `past` holds the requests that created flows, to be repeated. */
export function drawCommand(dice: Dice, model: Model, past: Raw[]): EngineRequest {
  const visible = model.visible();
  if (visible.length === 0 && dice.percent(60)) return drawCreate(dice, model, past);
  const isLeased = visible.some(({ owner }) => owner !== null);
  if (!isLeased && dice.percent(40)) return drawClaim(dice, model);
  const roll = dice.below(100);
  if (roll < 30) return drawCreate(dice, model, past);
  if (roll < 53) return drawClaim(dice, model);
  if (roll < 90) return drawSettle(dice, model);
  if (roll < 95) return drawExtend(dice, model);
  return drawPolicy(dice);
}

function request(
  name: string,
  given: readonly unknown[],
  perform: (model: Model) => ModelAnswer,
  rest: Partial<EngineRequest> = {},
): EngineRequest {
  return {
    name,
    given,
    itemCount: 1,
    send: (store: FlowStore) => (store as unknown as Methods)[name]!(...given),
    perform,
    ...rest,
  };
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
    leaseMs: dice.pick([1, 20, 2_000, 10_000]),
    priority: dice.maybe(10, [0, 1, 2]),
    partitionKeys: dice.maybe(15, [["p"], ["q"], ["q", "none"]]),
    state: several ?? state,
    payload: isFull || undefined,
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

function drawExtend(dice: Dice, model: Model): EngineRequest {
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

function drawSettle(dice: Dice, model: Model): EngineRequest {
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
  switch (kind) {
    case "complete":
      return same(given({ result: drawValue(dice), payload, ttlMs }));
    case "fail":
      return same(given({ error: drawValue(dice), payload, ttlMs }));
    case "cancel":
      return same(given({ reason: drawValue(dice), ttlMs }));
    case "transition": {
      const runAtMs = dice.percent(15) ? null : after(model, dice.maybe(40, DELAYS_MS));
      const flow = dice.pick(model.visible().toSorted((a) => a.owner === null ? 1 : -1));
      const state = flow?.owner === null ? flow.state : "running";
      const from = dice.percent(75) ? state : dice.pick(["running", ...STATES, "failed"]);
      const priority = dice.maybe(20, [0, 1, 2]);
      return same(given({ from, to: dice.pick(STATES), runAtMs, priority, payload }));
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

function drawPolicy(dice: Dice): EngineRequest {
  const type = dice.pick(TYPES);
  const levels: Record<string, ModelPolicy> = {};
  for (const name of dice.some(2, () => dice.pick(["", ...STATES]))) levels[name] = drawLevel(dice);
  const expected = dice.maybe(30, [0, 1, 2]);
  const states = Object.entries(levels).filter(([name]) => name !== "")
    .map(([name, level]) => [name, asPolicy(level)] as const);
  const options = given({
    ...levels[""] === undefined ? {} : asPolicy(levels[""]),
    states: Object.fromEntries(states),
    expectedGeneration: expected,
  });
  return request("policySet", [type, options], (model) => {
    model.policySet(type, levels, expected);
    return { show: () => showModelPolicy(model, type) };
  }, { itemCount: Infinity });
}

function drawLevel(dice: Dice): ModelPolicy {
  return given({
    maxRetries: dice.maybe(70, [0, 1, 2]),
    kind: dice.maybe(50, ["none", "fixed", "linear", "exponential"]),
    baseMs: dice.maybe(50, [0, 10, 100]),
    maxMs: dice.maybe(40, [0, 15, 1_000]),
    jitterPct: dice.maybe(30, [0, 20, 100]),
    exhaustedTo: dice.maybe(50, ["failed", "cancelled", "a", "b"]),
    ttlMs: dice.maybe(30, [10, 600]),
    maxReclaims: dice.maybe(60, [null, 0, 1, 2]),
  }) as ModelPolicy;
}

function asPolicy(level: ModelPolicy): PolicySetOptions & { readonly retry: Raw } {
  const { maxRetries, kind, baseMs, maxMs, jitterPct, exhaustedTo, ttlMs, maxReclaims } = level;
  return {
    retry: { maxRetries, backoff: { kind, baseMs, maxMs, jitterPct }, exhaustedTo },
    retention: { ttlMs },
    maxReclaims,
  } as PolicySetOptions & { readonly retry: Raw };
}

/** A flow that somebody names, mostly one that there is, with tokens that are mostly right. */
function drawItem(dice: Dice, model: Model, needsToken: boolean): ModelItem {
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

function drawValue(dice: Dice): unknown {
  if (dice.percent(40)) return undefined;
  return dice.pick(dice.percent(35) ? LARGE_VALUES : VALUES);
}

/** The caller's own time, rarely given. */
function drawTime(dice: Dice, model: Model): Raw {
  return dice.percent(4) ? { nowMs: model.nowMs + dice.pick([-5, 0, 3, 400]) } : {};
}

function batch(
  name: string,
  items: readonly unknown[],
  common: Raw,
  perform: (model: Model) => Parameters<typeof manyFlows>[1],
): EngineRequest {
  return request(name, [items, common], (model) => manyFlows(model, perform(model)), {
    itemCount: items.length,
  });
}

function after(model: Model, delayMs: number | undefined): number | undefined {
  return delayMs === undefined ? undefined : model.nowMs + delayMs;
}

function same(options: Raw): { readonly ofModel: Raw; readonly ofStore: Raw } {
  return { ofModel: options, ofStore: options };
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

/** Items of which no two name the same flow in the same words. */
function distinct<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => { readonly id: string; readonly partitionKey?: string | undefined },
): Item[] {
  const named = new Map(items.map((item) => {
    const { id, partitionKey } = nameOf(item);
    return [JSON.stringify([id, partitionKey]), item];
  }));
  return [...named.values()];
}

/** Without the members that are undefined: as callers write it. */
function given<Members extends object>(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Members;
}
