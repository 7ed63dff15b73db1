/**
 * Claims that wait for work.
 *
 * @module
 */
import type { ClaimOptions, FlowRecord } from "../../flow/mod.ts";
import { fail, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { claimedIds, claimOne, create, JOB, leased, owner } from "./leasing.ts";

/** A claim that waits, and what has become of it. */
interface Waiting {
  /** The ids that it has claimed; undefined while it waits. */
  ids: readonly string[] | undefined;
  /** Settles with the claim. */
  readonly ended: Promise<void>;
}

/** Begins a claim that waits without limit, unless `options` say otherwise. */
function wait({ store }: ConformanceContext, options: Partial<ClaimOptions> = {}): Waiting {
  const claim = store.claimDue(JOB, { worker: "waiting", blockMs: 0, ...options });
  const waiting: Waiting = {
    ids: undefined,
    ended: claim.then((flows) => {
      waiting.ids = flows.map(({ id }) => id);
    }),
  };
  return waiting;
}

/** A case in which something makes flow "a" due, which a claim is waiting for. */
function wakes(
  what: string,
  prepare: (context: ConformanceContext) => Promise<FlowRecord>,
  act: (context: ConformanceContext, flow: FlowRecord) => Promise<unknown>,
): ConformanceCase {
  return {
    name: `a waiting claim wakes on ${what}`,
    needs: ["manualClock", "blocking"],
    async run(context) {
      const flow = await prepare(context);
      const waiting = wait(context);
      await context.advance(1);
      same(waiting.ids, undefined);
      await act(context, flow);
      // Nothing else is needed: time does not move on.
      await waiting.ended;
      same(waiting.ids, ["a"]);
    },
  };
}

/** Flow "a", parked in state s. */
async function parked({ store }: ConformanceContext): Promise<FlowRecord> {
  await create(store, "a", { state: "s" });
  const park = { from: "s", to: "s", fencingToken: 0, runAtMs: null };
  return await store.transition("a", park);
}

/** Flow "a", leased by somebody else. */
function held({ store }: ConformanceContext): Promise<FlowRecord> {
  return leased(store, "a");
}

/** A store without flows; a record that stands for nothing. */
async function nothing({ store }: ConformanceContext): Promise<FlowRecord> {
  return await store.create("other", { type: "other" });
}

/** `claimDue()` with `blockMs`. */
export const blockingCases: readonly ConformanceCase[] = [
  wakes("create()", nothing, ({ store }) => create(store, "a")),
  wakes("createMany()", nothing, ({ store }) => store.createMany(["a"], { type: JOB })),
  wakes(
    "transition()",
    parked,
    ({ store }) => store.transition("a", { from: "s", to: "t", fencingToken: 0 }),
  ),
  wakes(
    "transitionMany()",
    held,
    ({ store }, flow) =>
      store.transitionMany([{ id: "a", ...owner(flow), from: "running", to: "t" }]),
  ),
  wakes("retry()", held, ({ store }, flow) => store.retry(flow, { ...owner(flow), runAtMs: 0 })),
  wakes(
    "retry() that sends a flow to another state",
    held,
    ({ store }, flow) =>
      store.retry(flow, { ...owner(flow), retry: { maxRetries: 0, exhaustedTo: "manual" } }),
  ),
  wakes(
    "signal()",
    parked,
    ({ store }) => store.signal("a", { signal: "go", ifState: "s", transitionTo: "t" }),
  ),
  wakes("rewind()", async (context) => {
    await parked(context);
    return await context.store.cancel("a");
  }, async ({ store }) => {
    const [created] = await store.history("a");
    await store.rewind("a", { toEvent: created!.eventId });
  }),
  {
    name: "a waiting claim wakes at the millisecond at which a flow becomes due",
    needs: ["manualClock", "blocking"],
    async run(context) {
      await create(context.store, "a", { runAtMs: context.nowMs + 5_000 });
      const waiting = wait(context);
      await context.advance(4_999);
      same(waiting.ids, undefined);
      await context.advance(1);
      same(waiting.ids, ["a"]);
      shows(await context.store.get("a"), { updatedAtMs: context.nowMs });
    },
  },
  {
    name:
      "a waiting claim wakes for a due time that was set while it waited, and for the end of a backoff",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const { store } = context;
      const waiting = wait(context);
      await context.advance(1);
      await create(store, "a", { runAtMs: context.nowMs + 5_000 });
      await context.advance(5_000);
      same(waiting.ids, ["a"]);
      const flow = await store.get("a");
      const next = wait(context);
      const backoff = { kind: "fixed", baseMs: 700, jitterPct: 0 } as const;
      await store.retry("a", { ...owner(flow!), retry: { backoff } });
      await context.advance(699);
      same(next.ids, undefined);
      await context.advance(1);
      same(next.ids, ["a"]);
    },
  },
  {
    name: "a waiting claim wakes when a lease ends, and takes the flow over",
    needs: ["manualClock", "blocking"],
    async run(context) {
      await create(context.store, "a");
      await claimOne(context.store, { leaseMs: 2_000 });
      const waiting = wait(context);
      await context.advance(1_999);
      same(waiting.ids, undefined);
      await context.advance(1);
      same(waiting.ids, ["a"]);
      shows(await context.store.get("a"), { leaseOwner: "waiting", reclaims: 1 });
    },
  },
  {
    name: "a claim that finds flows does not wait",
    needs: ["blocking"],
    async run({ store }) {
      await create(store, "a");
      const { signal } = new AbortController();
      same(await claimedIds(store, { blockMs: 0, signal }), ["a"]);
    },
  },
  {
    name: "a waiting claim that finds nothing in blockMs resolves to an empty array then",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const waiting = wait(context, { blockMs: 1_000 });
      await context.advance(999);
      same(waiting.ids, undefined);
      await context.advance(1);
      same(waiting.ids, []);
    },
  },
  {
    name: "a waiting claim does not wake for flows that its filters exclude",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const { store } = context;
      const wanted = { state: "s", partitionKey: "p", priority: 1 } as const;
      const waiting = wait(context, { ...wanted, blockMs: 1_000 });
      await context.advance(0);
      await create(store, "state", { ...wanted, state: "t" });
      await create(store, "partition", { ...wanted, partitionKey: "q" });
      await create(store, "priority", { ...wanted, priority: 2 });
      await store.create("type", { ...wanted, type: "other" });
      await context.advance(1_000);
      same(waiting.ids, []);
      same((await claimedIds(store)).length, 3);
    },
  },
  {
    name: "who has waited longest is served first, up to its limit",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const { store } = context;
      const claims: Waiting[] = [];
      for (const limit of [10, 2, 10]) {
        claims.push(wait(context, { limit }));
        await context.advance(1);
      }
      await store.createMany(["a", "b", "c"], { type: JOB });
      await context.advance(0);
      same(claims.map(({ ids }) => ids), [["a", "b", "c"], undefined, undefined]);
      await store.createMany(["d", "e", "f"], { type: JOB });
      await context.advance(0);
      same(claims.map(({ ids }) => ids), [["a", "b", "c"], ["d", "e"], ["f"]]);
    },
  },
  {
    name: "a claim that waits for something else does not hold up those behind it",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const first = wait(context, { state: "other" });
      await context.advance(1);
      const second = wait(context);
      await context.advance(1);
      await create(context.store, "a", { state: "s" });
      await second.ended;
      same([first.ids, second.ids], [undefined, ["a"]]);
      await create(context.store, "b", { state: "other" });
      await first.ended;
      same(first.ids, ["b"]);
    },
  },
  {
    name: "no two waiting claims get the same flow, and none is left lying",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const ids = Array.from({ length: 20 }, (_, n) => `${n}`.padStart(2, "0"));
      const claims = ids.map(() => wait(context));
      await context.advance(1);
      await Promise.all(ids.map((id) => create(context.store, id)));
      await Promise.all(claims.map(({ ended }) => ended));
      same(claims.flatMap((claim) => claim.ids ?? []).sort(), ids);
    },
  },
  {
    name: "a waiting claim brings payload and named values along, as it asked",
    needs: ["manualClock", "blocking"],
    async run(context) {
      const { store } = context;
      const claim = store.claimDue(JOB, { worker: "w", blockMs: 0, payload: true, values: "x" });
      await context.advance(1);
      await create(store, "a", { payload: "p", values: { x: 1, y: 2 } });
      shows((await claim)[0], { payload: "p", values: { x: 1 } });
    },
  },
  {
    name: "an aborted signal ends the wait with its reason, and the claim takes nothing any more",
    needs: ["blocking"],
    async run({ store }) {
      const controller = new AbortController();
      const options = { worker: "w", blockMs: 0, signal: controller.signal };
      const claims = [store.claimDue(JOB, options), store.claimDue(JOB, options)];
      controller.abort(new RangeError("enough"));
      const endings = await Promise.allSettled([...claims, store.claimDue(JOB, options)]);
      for (const ending of endings) {
        const isRange = ending.status === "rejected" && ending.reason instanceof RangeError;
        if (!isRange) fail(`Expected the reason of the signal, got ${JSON.stringify(ending)}`);
      }
      await create(store, "a");
      shows(await store.get("a"), { state: "queued" });
    },
  },
  {
    name: "more waiting claims than waitersMax are refused with too_many_waiters",
    needs: ["manualClock", "blocking", "limits"],
    settings: { limits: { waitersMax: 2 } },
    async run(context) {
      const { store } = context;
      const claims = [wait(context), wait(context)];
      await context.advance(1);
      const more = () => store.claimDue(JOB, { worker: "w", blockMs: 0 });
      await refused(more, "too_many_waiters", { limit: 2 });
      same(await claimedIds(store), []);
      await store.createMany(["a", "b"], { type: JOB });
      await Promise.all(claims.map(({ ended }) => ended));
      const third = wait(context);
      await context.advance(1);
      await create(store, "c");
      await third.ended;
    },
  },
];
