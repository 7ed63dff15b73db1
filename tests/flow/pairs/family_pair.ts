/**
 * Parents and children of the store and of the model, side by side.
 *
 * @module
 */

import type { FlowRecord, Page } from "../../../src/flow/mod.ts";
import { assert, assertEquals } from "../../assert.ts";
import type { CoreStore } from "../core_store.ts";
import type { ModelChild, ModelSpawn } from "../model/family.ts";
import { type Model, type ModelFlow, TERMINAL } from "../model/model.ts";
import {
  CHILD_IDS,
  type Chosen,
  type FamilyOp,
  type LineageAsked,
  type NewChild,
  type Quotes,
} from "./family_operations.ts";

/** Runs one command on both and compares what they say. */
export type Compare = (store: () => unknown, model: () => ModelFlow) => void;

/** A child as it is asked for. */
type Asked = Omit<ModelChild, "type"> & { readonly type: string | undefined };

/** A spawn, but for what is quoted about the parent. */
interface Wish {
  readonly group: ModelSpawn["group"];
  readonly common: Omit<Asked, "id" | "type"> & { readonly type?: string | undefined };
  readonly own: readonly Asked[];
}

/** Names a flow. */
type Named = Pick<ModelFlow, "id" | "partitionKey">;

/** Runs commands about families on both and compares what they say. */
export class FamilyPair {
  readonly #store: CoreStore;
  readonly #model: Model;
  readonly #compare: Compare;
  /** What was asked for, to be asked for again. */
  readonly #past: (Named & { readonly wish: Wish })[] = [];
  /** Flows that were created as children, but in no group; each as it was asked for. */
  readonly #foundlings: (Asked & Named & { readonly parent: string })[] = [];

  constructor(store: CoreStore, model: Model, compare: Compare) {
    this.#store = store;
    this.#model = model;
    this.#compare = compare;
  }

  run(op: FamilyOp): void {
    switch (op.op) {
      case "spawn": {
        const flow = this.#flowAt(op.parent);
        if (flow === undefined) return;
        const wish = this.#wishOf(op, flow);
        this.#past.push({ id: flow.id, partitionKey: flow.partitionKey, wish });
        return this.#spawn(flow, op.quotes, wish);
      }
      case "spawn_again": {
        const past = this.#past[op.which % this.#past.length];
        if (past === undefined) return;
        const { wish } = past;
        const own = op.isSame ? wish.own.toReversed() : wish.own.slice(1);
        return own.length === 0 ? undefined : this.#spawn(past, op.quotes, { ...wish, own });
      }
      case "move":
        return this.#move(op.which);
      case "foundling":
        return this.#leave(op.parent, op.child);
      case "lineage":
        return this.#ask(op.asked, op.count);
    }
  }

  /** Compares what all flows have in common with others. */
  compareAll(): void {
    const all = { count: 1_000 };
    for (const id of new Set(this.#model.flows.map(({ parent }) => parent))) {
      if (id === null) continue;
      const children = this.#model.family.lineage({ relation: "parent", id });
      assertEquals(namesOf(this.#store.byParent(id, all)), namesOf(children));
      const descendants = this.#model.family.lineage({ relation: "root", id });
      assertEquals(namesOf(this.#store.byRoot(id, all)), namesOf(descendants));
    }
  }

  #wishOf(
    { group, common, children, adopts }: Extract<FamilyOp, { op: "spawn" }>,
    flow: Named,
  ): Wish {
    const taken = new Set<string | undefined>(children.map(({ id }) => id));
    const own = children.map((child) => {
      const id = child.id ?? this.#freeId(taken);
      taken.add(id);
      return { ...this.#asked(child), id };
    });
    const foundling = this.#foundlings.findLast(({ parent }) => parent === flow.id);
    if (!adopts || foundling === undefined) {
      return { group, common: this.#asked(common), own };
    }
    // The request that made it said everything itself.
    const { parent: _, ...asked } = foundling;
    return {
      group,
      common: {},
      own: [{ ...asked, idempotent: true }, ...own.map((child) => ({ ...child, type: "t" }))],
    };
  }

  #spawn({ id, partitionKey }: Named, quotes: Quotes, { group, common, own }: Wish): void {
    const { waitState, failure, ...rest } = group;
    const flow = this.#model.visible().find((flow) =>
      flow.id === id && flow.partitionKey === partitionKey
    );
    const fencingToken = (flow?.fencing ?? 0) + (quotes.isCurrent ? 0 : 1);
    const leaseToken = flow?.token ?? undefined;
    const from = fromOf(quotes, flow);
    const guards = { leaseToken, fencingToken, from };
    const options = {
      ...common,
      ...rest,
      waitState: waitState ?? undefined,
      failure: failure ?? undefined,
      ...guards,
    };
    const children = own.map((child): ModelChild => ({
      ...common,
      ...Object.fromEntries(Object.entries(child).filter(([, value]) => value !== undefined)),
    } as ModelChild));
    this.#compare(
      () => this.#store.spawnChildren({ id, partitionKey }, own, options),
      () => this.#model.family.spawn({ id, partitionKey, group, children, ...guards }),
    );
  }

  #move(which: number): void {
    const waits = this.#model.visible().flatMap((flow) =>
      flow.groups
        .filter(({ resolved, isUnheeded }) => resolved === null || isUnheeded)
        .map(({ waitState }) => ({ flow, waitState: waitState! }))
    );
    const wait = waits[which % waits.length];
    if (wait === undefined) return;
    const { flow: { id, partitionKey, state, owner }, waitState } = wait;
    const ifState = owner === null ? state : "running";
    const way = ifState === waitState
      ? { transitionTo: "elsewhere" }
      : { transitionTo: waitState, runAtMs: null };
    const options = { signal: "move", ifState, ...way };
    this.#compare(
      () => this.#store.signal({ id, partitionKey }, options),
      () => this.#model.signal({ id, partitionKey, ...options }),
    );
  }

  /** Creates a child by hand, in no group. */
  #leave(parent: Chosen, { id: given, partitionKey, payload }: NewChild): void {
    const flow = this.#flowAt(parent);
    if (flow === undefined) return;
    const id = given ?? this.#freeId(new Set());
    const asked = { type: "t", partitionKey: partitionKey ?? flow.partitionKey, payload };
    const lineage = { parentFlowId: flow.id, rootFlowId: flow.root ?? flow.id };
    this.#foundlings.push({ id, ...asked, parent: flow.id });
    this.#compare(
      () => this.#store.create(id, { ...asked, ...lineage }),
      () => this.#model.create({ id, ...asked, ...lineage }),
    );
  }

  /** Asks for what flows have in common, all at once and page by page. */
  #ask({ of, relation, ...filter }: LineageAsked, count: number): void {
    const flow = this.#flowAt(of);
    if (flow === undefined) return;
    const id = relation === "correlation" ? flow.correlation ?? "x" : flow.parent ?? flow.id;
    const query = { parent: "byParent", root: "byRoot", correlation: "byCorrelation" } as const;
    const ask = (options: object): unknown => this.#store[query[relation]](id, options);
    // Ends that count already are written before anybody sees all flows.
    this.#model.closeAll();
    const expected = namesOf(this.#model.family.lineage({ relation, id, ...filter }));
    assertEquals(namesOf(ask({ ...filter, count }) as FlowRecord[]), expected.slice(0, count));
    const paged: FlowRecord[] = [];
    let cursor: string | null = null;
    do {
      const page = ask({ ...filter, count, cursor }) as Page<FlowRecord>;
      assert(page.items.length === count || page.cursor === null);
      paged.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== null);
    assertEquals(namesOf(paged), expected);
  }

  #asked<Child extends Partial<NewChild>>(
    { delayMs, ...child }: Child,
  ): Omit<Child, "delayMs"> & { readonly runAtMs: number | undefined } {
    const runAtMs = delayMs === undefined ? undefined : this.#model.nowMs + delayMs;
    return { ...child, runAtMs };
  }

  #flowAt({ isFresh, number }: Chosen): ModelFlow | undefined {
    const visible = this.#model.visible();
    const fresh = visible.filter(({ state, groups }) =>
      groups.length === 0 && !TERMINAL.includes(state)
    );
    const among = isFresh && fresh.length > 0 ? fresh : visible;
    return among[number % among.length];
  }

  /** An id that no flow has, if there is one. */
  #freeId(taken: ReadonlySet<string | undefined>): string {
    const flows = this.#model.visible();
    const isFree = (id: string) => !taken.has(id) && !flows.some((flow) => flow.id === id);
    return CHILD_IDS.find(isFree) ?? CHILD_IDS[0]!;
  }
}

/** The state that a caller expects the parent to be in. */
function fromOf({ from }: Quotes, flow: ModelFlow | undefined): string | undefined {
  if (from === "any" || flow === undefined) return undefined;
  if (from === "other") return "elsewhere";
  return from === "logical" || flow.owner === null ? flow.state : "running";
}

function namesOf(flows: readonly Named[]): string[] {
  return flows.map(({ id, partitionKey }) => `${partitionKey} ${id}`);
}
