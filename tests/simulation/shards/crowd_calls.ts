/**
 * What the callers of a crowd ask for.
 *
 * @module
 */

import type { Store } from "../../../src/engine/mod.ts";
import type { FlowRecord } from "../../../src/flow/mod.ts";
import type { Dice } from "../engine/request.ts";
import { CrowdFamilies } from "./crowd_families.ts";
import { drawKeyCall } from "./crowd_keys.ts";

/** Two partitions of every shard. */
const PARTITIONS: readonly string[] = ["p", "q", "r", "s", "t", "u", "v", "w"];
const IDS: readonly string[] = ["a", "b", "c", "d"];

/** What a claim looks for. */
export interface ClaimFilter {
  readonly partitionKey?: string;
}

/** A call of a crowd. */
export interface CrowdCall {
  readonly name: string;
  send(store: Store): Promise<unknown>;
  /** What a claim takes, if it waits. */
  readonly claim?: ClaimFilter | undefined;
}

/** Those who call, over all openings of the store. */
export class CrowdCalls {
  readonly #families = new CrowdFamilies(PARTITIONS);
  readonly #familyPercent: number;
  /** Flows that somebody has claimed and not settled. */
  jobs: FlowRecord[] = [];

  /** @param familyPercent Of a hundred calls, how many are about parents and children. */
  constructor(familyPercent: number) {
    this.#familyPercent = familyPercent;
  }

  /** Draws a call. `told` are flows that somebody knows. */
  draw(dice: Dice, told: readonly FlowRecord[]): CrowdCall {
    const target = { id: dice.pick(IDS), partitionKey: dice.pick(PARTITIONS) };
    if (dice.percent(this.#familyPercent)) {
      const parent = dice.pick([...told, ...this.jobs]);
      if (parent !== undefined) return this.#families.draw(dice, parent);
    }
    const roll = dice.below(100);
    const job = this.jobs.splice(dice.below(this.jobs.length + 1), 1)[0];
    if (job !== undefined && roll < 45) return drawSettle(dice, job);
    if (job !== undefined) this.jobs.push(job);
    if (roll < 17) {
      return { name: "create", send: (store) => store.create(target.id, { ...target, type: "t" }) };
    }
    if (roll < 34) return drawCreateMany(dice, target.id);
    if (roll < 44) return drawKeyCall(dice, PARTITIONS);
    if (roll < 75) return drawClaim(dice);
    if (roll < 79) return { name: "cancel", send: (store) => store.cancel(target) };
    if (roll < 82) return { name: "cancel by id", send: (store) => store.cancel(target.id) };
    if (roll < 86) return drawSignal(dice, target);
    if (roll < 90) return { name: "list", send: (store) => store.list("t", { count: 100 }) };
    if (roll < 94) return { name: "get", send: (store) => store.get(target) };
    if (roll < 98) return { name: "compact", send: (store) => store.compact() };
    const policy = { retry: { maxRetries: dice.below(3) }, maxReclaims: dice.below(3) };
    return { name: "policySet", send: (store) => store.policySet("t", policy) };
  }
}

function drawCreateMany(dice: Dice, id: string): CrowdCall {
  const items = PARTITIONS.slice(dice.below(4), 4 + dice.below(5)).map((partitionKey) => (
    { id, partitionKey, priority: dice.pick([0, 0, 1] as const) }
  ));
  const independent = dice.percent(50);
  return {
    name: "createMany",
    send: (store) => store.createMany(items, { type: "t", independent }),
  };
}

function drawClaim(dice: Dice): CrowdCall {
  const filter = dice.percent(30) ? { partitionKey: dice.pick(PARTITIONS) } : {};
  const limit = 1 + dice.below(4);
  const leaseMs = dice.pick([20, 5_000]);
  const isBlocked = dice.percent(40);
  const options = { worker: "w", limit, leaseMs, ...filter, ...isBlocked ? { blockMs: 0 } : {} };
  return {
    name: "claimDue",
    send: (store) => store.claimDue("t", options),
    claim: isBlocked ? filter : undefined,
  };
}

function drawSettle(dice: Dice, job: FlowRecord): CrowdCall {
  const proof = { leaseToken: job.leaseToken!, fencingToken: job.fencingToken };
  const roll = dice.below(4);
  if (roll === 0) return { name: "complete", send: (store) => store.complete(job, proof) };
  if (roll === 3) return { name: "fail", send: (store) => store.fail(job, proof) };
  if (roll === 1) {
    return { name: "retry", send: (store) => store.retry(job, { ...proof, runAtMs: 0 }) };
  }
  const move = { ...proof, from: "running", to: dice.pick(["queued", "next"]) };
  return { name: "transition", send: (store) => store.transition(job, move) };
}

function drawSignal(
  dice: Dice,
  target: { readonly id: string; readonly partitionKey: string },
): CrowdCall {
  const idempotencyKey = dice.maybe(60, ["once", "and again"]);
  const move = dice.percent(30) ? { ifState: ["queued", "running"], transitionTo: "next" } : {};
  const options = { signal: "s", idempotencyKey, ...move };
  return { name: "signal", send: (store) => store.signal(target, options) };
}
