/**
 * Hearing at once that a lease was taken away.
 *
 * @module
 */
import type { FlowRecord } from "../../flow/mod.ts";
import { fail, refused, same } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { claimOne, create, leased, owner } from "./leasing.ts";

/** Watches the lease of a flow; what was heard is added to the result. */
function watch({ store }: ConformanceContext, flow: FlowRecord): string[] {
  const heard: string[] = [];
  const { fencingToken } = flow;
  if (store.watchLease === undefined) return fail("The subject supports watchLease, but has none");
  store.watchLease(flow, { fencingToken, onLost: ({ code }) => heard.push(code) });
  return heard;
}

/** A case in which somebody takes the lease of flow "a" away. */
function tells(
  what: string,
  take: (context: ConformanceContext, flow: FlowRecord) => Promise<unknown>,
): ConformanceCase {
  return {
    name: `watchLease() tells the worker once, with stale_lease, that ${what}`,
    needs: ["watchLease", "manualClock"],
    async run(context) {
      const flow = await leased(context.store, "a");
      const heard = watch(context, flow);
      await context.advance(0);
      same(heard, []);
      await take(context, flow);
      await context.advance(0);
      same(heard, ["stale_lease"]);
      await context.advance(100_000);
      same(heard, ["stale_lease"]);
    },
  };
}

/** `watchLease()`. */
export const watchLeaseCases: readonly ConformanceCase[] = [
  tells("its flow was cancelled", ({ store }) => store.cancel("a")),
  tells(
    "a signal has sent its flow elsewhere",
    ({ store }) => store.signal("a", { signal: "go", ifState: "running", transitionTo: "s" }),
  ),
  tells("another worker has claimed its flow", async (context) => {
    await context.advance(30_000);
    await claimOne(context.store, { worker: "worker-2" });
  }),
  tells("it was too late to watch", async (context, flow) => {
    await context.store.cancel("a");
    const late = watch(context, flow);
    await context.advance(0);
    same(late, ["stale_lease"]);
  }),
  {
    name:
      "watchLease() tells nothing of what the worker does itself, nor of the end of a lease that nobody takes",
    needs: ["watchLease", "manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      const heard = watch(context, flow);
      await store.extendLease(flow, { ...owner(flow), leaseMs: 10 });
      await store.signal("a", { signal: "note" });
      await store.valuePut(1, { ownerFlowId: "a", name: "x" });
      await context.advance(20);
      await store.complete(flow, owner(flow));
      await context.advance(0);
      same(heard, []);
    },
  },
  {
    name: "what watchLease() returns ends the watch",
    needs: ["watchLease", "manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      const heard: string[] = [];
      const { fencingToken } = flow;
      const stop = store.watchLease?.(flow, {
        fencingToken,
        onLost: ({ code }) => heard.push(code),
      });
      stop?.();
      await store.cancel("a");
      await context.advance(0);
      same(heard, []);
      stop?.();
    },
  },
  {
    name: "watchLease() refuses what is no fencing number and nobody to tell",
    needs: ["watchLease"],
    async run({ store }) {
      await create(store, "a");
      const untyped = (options: unknown) => () =>
        new Promise((done) =>
          done((store.watchLease as unknown as (...args: readonly unknown[]) => unknown)
            .call(store, "a", options))
        );
      const onLost = () => {};
      await refused(untyped({ onLost }), "invalid_argument", { field: "fencingToken" });
      await refused(untyped({ onLost, fencingToken: -1 }), "invalid_argument", {
        field: "fencingToken",
      });
      await refused(untyped({ fencingToken: 1 }), "invalid_argument", { field: "onLost" });
      await refused(untyped({ fencingToken: 1, onLost, zebra: 1 }), "invalid_argument", {
        field: "zebra",
      });
    },
  },
];
