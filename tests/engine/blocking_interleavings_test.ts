/**
 * Claims that wait, under every order of events that a scheduler can find: those who create flows,
 * those who claim and settle them, the turns of the host, the answers of the log, frames that the
 * log does not take, waits that are given up, and time.
 *
 * @module
 */
import fc from "fast-check";
import type { FlowRecord } from "../../src/flow/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertAsyncProperty } from "../property.ts";
import { ScriptedStore, type ScriptOptions } from "./scripted_log.ts";

const TYPE = "job";
const PARTITIONS = ["p0", "p1"] as const;
const LEASE_MS = 50;

/** What a worker waits for. */
interface Wish {
  readonly state: "queued" | "next";
  readonly partitionKey: string | undefined;
  readonly limit: number;
  /** What it does with its flows, one after the other. */
  readonly ways: readonly ("complete" | "retry" | "advance" | "vanish")[];
  /** Whether somebody ends its wait. */
  readonly isAborted: boolean;
}

/** What somebody creates. */
interface Made {
  readonly partitionKey: string;
  readonly inMs: number;
}

/** What happens to the store besides. */
type Turmoil = "silent" | "answer" | "moved" | "no_space" | "tick" | "leap";

interface Plan {
  readonly wishes: readonly Wish[];
  readonly made: readonly (readonly Made[])[];
  readonly turmoil: readonly Turmoil[];
}

const partitionKey = fc.constantFrom(...PARTITIONS);

const wish: fc.Arbitrary<Wish> = fc.record({
  state: fc.constantFrom("queued", "queued", "next"),
  partitionKey: fc.option(partitionKey, { nil: undefined }),
  limit: fc.constantFrom(1, 1, 2),
  ways: fc.array(fc.constantFrom("complete", "retry", "advance", "vanish"), {
    minLength: 1,
    maxLength: 3,
  }),
  isAborted: fc.boolean(),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  wishes: fc.array(wish, { minLength: 1, maxLength: 4 }),
  made: fc.array(
    fc.array(fc.record({ partitionKey, inMs: fc.constantFrom(0, 0, 20) }), { maxLength: 4 }),
    { minLength: 1, maxLength: 2 },
  ),
  turmoil: fc.array(
    fc.constantFrom<Turmoil>("silent", "answer", "moved", "no_space", "tick", "leap"),
    { maxLength: 8 },
  ),
});

/** One store, everybody who uses it, and who waits for what. */
class Scene {
  readonly scripted: ScriptedStore;
  /** The wishes that are not answered, the one that has waited longest first. */
  readonly waiting = new Set<Wish>();
  readonly #scheduler: fc.Scheduler;
  readonly #claims = new Set<string>();
  readonly #aborts = new Map<Wish, AbortController>();
  readonly #ids: { id: string; partitionKey: string }[] = [];
  /** What went wrong while nobody was awaited. */
  readonly #failures: unknown[] = [];
  #isOver = false;

  constructor(scheduler: fc.Scheduler, options: ScriptOptions = {}) {
    this.#scheduler = scheduler;
    this.scripted = new ScriptedStore(options);
  }

  /** Plays a plan to its end, in the order that the scheduler chooses. */
  async play({ wishes, made, turmoil }: Plan): Promise<void> {
    for (const wish of wishes) this.#step("wait", () => this.#wait(wish, 0));
    for (const wish of wishes) {
      if (wish.isAborted) this.#step("abort", () => this.#aborts.get(wish)?.abort());
    }
    made.forEach((flows, maker) => {
      this.#steps("create", flows.map((flow, index) => () => this.#create(maker, index, flow)));
    });
    this.#steps("turmoil", turmoil.map((kind) => () => this.#disturb(kind)));
    this.#steps("turn", Array.from({ length: 8 }, () => () => this.scripted.turn()));
    await this.#scheduler.waitIdle();
    this.#isOver = true;
    await this.rest();
  }

  /** All that can happen without anybody doing something has happened. */
  async rest(): Promise<void> {
    const { scripted } = this;
    scripted.answer();
    for (const fates of scripted.fatesOf) fates.length = 0;
    do await scripted.turn(); while (scripted.time.deferredCount > 0);
  }

  /** Nobody waits for a flow that is there to be claimed. */
  async assertNobodyForgotten(): Promise<void> {
    const nowMs = this.scripted.time.clock.wallMs();
    const flows: FlowRecord[] = [];
    for (const { id, partitionKey } of this.#ids) {
      const asked = this.scripted.store.get({ id, partitionKey });
      await this.rest();
      const flow = await asked;
      if (flow !== null) flows.push(flow);
    }
    for (const wish of this.waiting) {
      const forgotten = flows.filter((flow) => isDue(flow, wish, nowMs)).map(({ id }) => id);
      assertEquals(forgotten, [], `Waits for ${JSON.stringify(wish)} while these are due`);
    }
  }

  async close(): Promise<void> {
    await this.rest();
    await this.scripted.store.close();
    for (const failure of this.#failures) throw failure;
  }

  #step(label: string, run: () => unknown): void {
    this.#steps(label, [run]);
  }

  #steps(label: string, runs: readonly (() => unknown)[]): void {
    this.#scheduler.scheduleSequence(runs.map((run) => ({
      label,
      builder: async () => {
        await run();
        for (let count = 0; count < 12; count++) await undefined;
      },
    })));
  }

  #create(maker: number, index: number, { partitionKey, inMs }: Made): void {
    const id = `${maker}-${index}`;
    this.#ids.push({ id, partitionKey });
    const runAtMs = this.scripted.time.clock.wallMs() + inMs;
    this.scripted.store.create(id, { type: TYPE, partitionKey, runAtMs }).catch((error) => {
      // A full disk is the only reason to refuse a flow here.
      if (error.code !== "overloaded") this.#failures.push(error);
    });
  }

  #wait(wish: Wish, round: number): void {
    const { state, partitionKey, limit } = wish;
    const abort = new AbortController();
    this.#aborts.set(wish, abort);
    this.waiting.add(wish);
    this.scripted.store.claimDue(TYPE, {
      worker: "w",
      state,
      partitionKey,
      limit,
      leaseMs: LEASE_MS,
      blockMs: 0,
      signal: abort.signal,
    }).then((flows) => {
      this.waiting.delete(wish);
      assert(flows.length > 0, "A claim that waits without end has found nothing");
      for (const flow of flows) this.#claimed(flow);
      if (this.#isOver) return;
      const way = wish.ways[round];
      if (way === undefined) return;
      for (const flow of flows) this.#step(way, () => this.#settle(flow, way));
      this.#step("wait again", () => this.#wait(wish, round + 1));
    }, () => this.waiting.delete(wish)).catch((error) => this.#failures.push(error));
  }

  #claimed({ id, partitionKey, fencingToken }: FlowRecord): void {
    const claim = JSON.stringify([partitionKey, id, fencingToken]);
    assert(!this.#claims.has(claim), `${claim} was claimed twice`);
    this.#claims.add(claim);
  }

  #settle(flow: FlowRecord, way: Wish["ways"][number]): void {
    const { store } = this.scripted;
    const { leaseToken, fencingToken } = flow;
    const lease = { leaseToken: leaseToken!, fencingToken };
    const done = {
      complete: () => store.complete(flow, lease),
      retry: () => store.retry(flow, { ...lease, runAtMs: flow.updatedAtMs + 10 }),
      advance: () => store.transition(flow, { ...lease, from: "running", to: "next" }),
      vanish: () => undefined,
    }[way]();
    // The lease may be over, and the log may not take it.
    done?.catch(() => {});
  }

  #disturb(kind: Turmoil): void {
    const { scripted } = this;
    switch (kind) {
      case "silent":
        scripted.isSilent = true;
        break;
      case "answer":
        scripted.answer();
        break;
      case "tick":
        scripted.time.tick(15);
        break;
      case "leap":
        scripted.time.tick(2 * LEASE_MS);
        break;
      default:
        scripted.fates.push(kind);
    }
  }
}

function isDue(flow: FlowRecord, wish: Wish, nowMs: number): boolean {
  if (wish.partitionKey !== undefined && flow.partitionKey !== wish.partitionKey) return false;
  if (flow.state === "running") {
    return flow.runState === wish.state && flow.leaseDeadlineMs <= nowMs;
  }
  return flow.state === wish.state && flow.nextRunAtMs !== null && flow.nextRunAtMs <= nowMs;
}

test("no wake is lost and no flow is claimed twice, in whatever order things happen", async () => {
  await assertAsyncProperty(
    fc.asyncProperty(fc.scheduler(), plan, async (scheduler, plan) => {
      const scene = new Scene(scheduler);
      try {
        await scene.play(plan);
        await scene.assertNobodyForgotten();
        // Also what is due only later, and what somebody left behind, finds who waits for it.
        for (let count = 0; count < 4; count++) {
          scene.scripted.time.tick(LEASE_MS);
          await scene.rest();
        }
        await scene.assertNobodyForgotten();
      } finally {
        await scene.close();
      }
    }),
    { file: import.meta.url, runs: 300 },
  );
});
