/**
 * Requests to a store of several shards: which of them a model can answer that knows nothing of
 * shards, since all that they set off is the same whatever comes first.
 *
 * @module
 */

import {
  type Model,
  type ModelClaim,
  type ModelFlow,
  takeableMs,
  TERMINAL,
} from "../../flow/model/model.ts";
import { drawCommand } from "../engine/commands.ts";
import { drawFamily, type Nurseries } from "../engine/families.ts";
import { drawKeys } from "../engine/keys.ts";
import { drawQuery } from "../engine/queries.ts";
import type { Dice, EngineRequest, Raw } from "../engine/request.ts";

/** One partition of every shard. */
const NURSERIES: Nurseries = { percent: 75, partitions: ["p", "q", "t"] };

/** So often somebody thinks of something else to ask for. */
const DRAWS_MAX = 8;

/** Who calls a store of several shards, over all its openings. */
export class ShardsCaller {
  readonly #familyPercent: number;
  /** Requests that created flows, to be made again. */
  readonly #past: Raw[] = [];
  /** Requests that spawned children, to be made again. */
  readonly #spawned: EngineRequest[] = [];

  /** @param familyPercent Of a hundred calls, how many are about parents and children. */
  constructor(familyPercent: number) {
    this.#familyPercent = familyPercent;
  }

  /** Draws a request of which the model can know what comes; undefined: none comes to mind. */
  draw(
    dice: Dice,
    model: Model,
    isWanted: (request: EngineRequest) => boolean = () => true,
  ): EngineRequest | undefined {
    for (let count = 0; count < DRAWS_MAX; count++) {
      const request = dice.percent(this.#familyPercent)
        ? drawFamily(dice, model, this.#spawned, NURSERIES)
        : dice.percent(20)
        ? drawKeys(dice, model)
        : dice.percent(70)
        ? drawCommand(dice, model, this.#past)
        : drawQuery(dice, model);
      if (isKnown(request, model) && isWanted(request)) return request;
    }
    return undefined;
  }
}

/** Whether the model can know what comes of a request. */
function isKnown(
  { name, given: [items, options], abort, claim }: EngineRequest,
  model: Model,
): boolean {
  if (abort !== undefined) return false;
  if (name === "retentionCleanup") {
    // It has one order of keys.
    return model.kv.keys.every(({ untilMs }) => untilMs === null || untilMs > model.nowMs);
  }
  // A child that is given up reaches its siblings in the middle of the claim, or a moment later.
  if (claim !== undefined) return !model.flows.some((flow) => isGivenUp(flow, claim, model));
  // The same between two commands of one frame.
  if (name === "atomic") return !model.flows.some(({ membership }) => membership !== null);
  // The parent hears in the same command that a child had ended before, or a moment later.
  if (name === "spawnChildren") return !(options as Raw[]).some((child) => hasEnded(child, model));
  if (!name.endsWith("Many")) return true;
  if (name !== "createMany" && !isOneWay(items as Raw[], model)) return false;
  if ((options as Raw)["independent"]) return true;
  // It has batches without groups.
  const partitions = (items as Raw[]).map(({ partitionKey }) => partitionKey as string);
  const isNew = name === "createMany" &&
    (items as Raw[]).every(({ id }) => model.flows.every((flow) => flow.id !== id));
  return isNew || new Set(partitions).size === 1 && partitions[0] !== undefined;
}

/** Requests that one shard decides in one frame. */
const OF_ONE_SHARD: readonly string[] = [
  ...["create", "complete", "fail", "cancel", "transition", "retry", "extendLease", "rewind"],
  ...["signal", "spawnChildren", "policySet", "kv.set", "kv.delete"],
];

/** Whether a request has happened as a whole or not at all, also if power goes in the middle of it. */
export function isWhole({ name }: EngineRequest): boolean {
  return OF_ONE_SHARD.includes(name);
}

/** Whether there is a child already that has ended. */
function hasEnded({ id }: Raw, model: Model): boolean {
  return model.visible().some((flow) => flow.id === id && TERMINAL.includes(flow.state));
}

/** Whether a claim would end a lease that was lost too often, and tell others of it. */
function isGivenUp(flow: ModelFlow, { lostLeases }: ModelClaim, model: Model): boolean {
  const { maxReclaims } = model.policy(flow.type, flow.state, lostLeases[flow.state]);
  return flow.membership !== null && flow.owner !== null && takeableMs(flow) <= model.nowMs &&
    flow.reclaims >= (maxReclaims ?? Infinity);
}

/** Whether what becomes of the flows that are named reaches others on one way only. */
function isOneWay(items: readonly Raw[], model: Model): boolean {
  const related = model.flows.filter(({ id, membership, groups }) =>
    (membership !== null || groups.length > 0) && items.some((item) => item["id"] === id)
  );
  const [first] = related;
  if (first === undefined || related.length === 1) return true;
  const { partitionKey, membership } = first;
  return membership !== null &&
    related.every((flow) =>
      flow.partitionKey === partitionKey && flow.membership?.number === membership.number &&
      flow.groups.length === 0
    );
}
