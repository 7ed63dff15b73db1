/**
 * Families that many callers make of each other's flows.
 *
 * @module
 */

import type { FlowRecord, FlowStore } from "../../../src/flow/mod.ts";
import type { Dice } from "../engine/request.ts";

/** Enough for most children to be new. */
const CHILD_IDS: readonly string[] = Array.from({ length: 30 }, (_, number) => `c${number}`);

/** A flow that was created for a parent, but is in no group of it. */
interface Foundling {
  readonly parent: FlowRecord;
  readonly id: string;
  readonly partitionKey: string;
}

/** What somebody does to a family. */
export interface FamilyCall {
  readonly name: string;
  send(store: FlowStore): Promise<unknown>;
}

/** Those who make families. */
export class CrowdFamilies {
  readonly #partitions: readonly string[];
  readonly #foundlings: Foundling[] = [];

  /** @param partitions Where children are kept. */
  constructor(partitions: readonly string[]) {
    this.#partitions = partitions;
  }

  /** Draws what somebody does to a flow. It may have gone on meanwhile. */
  draw(dice: Dice, parent: FlowRecord): FamilyCall {
    const roll = dice.below(100);
    if (roll < 15) return this.#leave(dice, parent);
    if (roll < 35) {
      const { id, partitionKey } = parent;
      return { name: "cancel", send: (store) => store.cancel({ id, partitionKey }) };
    }
    if (roll < 40) {
      return { name: "byParent", send: (store) => store.byParent(parent.id, { count: 100 }) };
    }
    return this.#spawn(dice, parent);
  }

  #leave(dice: Dice, parent: FlowRecord): FamilyCall {
    const foundling = {
      parent,
      id: dice.pick(CHILD_IDS),
      partitionKey: dice.pick(this.#partitions),
    };
    this.#foundlings.push(foundling);
    const { id, partitionKey } = foundling;
    const lineage = { parentFlowId: parent.id, rootFlowId: rootOf(parent) };
    return {
      name: "create",
      send: (store) => store.create(id, { type: "t", partitionKey, ...lineage }),
    };
  }

  #spawn(dice: Dice, parent: FlowRecord): FamilyCall {
    const own = dice.some(4, () => ({
      id: dice.pick(CHILD_IDS),
      partitionKey: dice.pick(this.#partitions),
    }));
    const left = this.#foundlings.filter((foundling) => foundling.parent.id === parent.id);
    const foundling = dice.percent(60) ? dice.pick(left) : undefined;
    const adopted = foundling === undefined
      ? []
      : [{ id: foundling.id, partitionKey: foundling.partitionKey, idempotent: true }];
    const children = [...new Map([...own, ...adopted].map((child) => [child.id, child])).values()]
      .filter(({ id }) => id !== parent.id);
    const wait = dice.pick(["all", "all", "any", "none"] as const);
    const success = dice.pick(["next", "completed"]);
    const endsAtOnce = wait === "none" && success === "completed";
    const onParentClosed = endsAtOnce || dice.percent(20)
      ? "abandon_children" as const
      : "cancel_children" as const;
    const waiting = wait === "none" ? {} : {
      waitState: "waiting",
      failure: dice.pick(["next", "failed"]),
    };
    const options = {
      ...{ type: "t", groupId: dice.pick(["g", "k"]), wait, success, onParentClosed, ...waiting },
      onChildFailed: dice.pick(["fail_parent", "ignore"] as const),
      fencingToken: parent.fencingToken,
      ...parent.leaseToken === null ? {} : { leaseToken: parent.leaseToken },
    };
    return {
      name: "spawnChildren",
      send: (store) => store.spawnChildren(parent, children, options),
    };
  }
}

/** The first ancestor of what a flow spawns. */
function rootOf({ id, rootFlowId }: FlowRecord): string {
  return rootFlowId ?? id;
}
