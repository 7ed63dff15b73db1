/**
 * What a store refuses that has more to do than it can hold.
 *
 * @module
 */
import { isFlowError } from "../../errors.ts";
import { fail, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { GROUP } from "./family.ts";
import { claimOne, create, JOB, leased, owner } from "./leasing.ts";

/** A store in which a single byte on its way to the disk is as much as it takes. */
const BUSY = { needs: ["admission"], settings: { limits: { inFlightBytesMax: 1 } } } as const;

/** Makes the store busy, does something in the same turn, and waits for both. */
async function whileBusy<T>({ store }: ConformanceContext, act: () => Promise<T>): Promise<T> {
  const [, result] = await Promise.all([create(store, "busy"), act()]);
  return result;
}

/** Calls that bring new work. */
const NEW_WORK: Readonly<Record<string, (context: ConformanceContext) => Promise<unknown>>> = {
  "create()": ({ store }) => create(store, "new"),
  "createMany()": ({ store }) => store.createMany(["new", "newer"], { type: JOB }),
  "spawnChildren()": ({ store }) => store.spawnChildren("there", ["new"], GROUP),
  "valuePut() of a value of no flow": ({ store }) => store.valuePut(1),
};

/** Admission. */
export const admissionCases: readonly ConformanceCase[] = [
  ...Object.entries(NEW_WORK).map(([what, call]): ConformanceCase => ({
    name:
      `${what} is refused with overloaded while the store is busy, with a reason and a time to wait`,
    ...BUSY,
    async run(context) {
      const { store } = context;
      const before = await create(store, "there");
      const error = await whileBusy(
        context,
        () => refused(() => call(context), "overloaded", { reason: "in_flight" }),
      );
      const { retryAfterMs } = error.details;
      if (typeof retryAfterMs !== "number" || retryAfterMs < 1) {
        fail(`retryAfterMs is ${retryAfterMs}, but should be a time to wait`);
      }
      same([await store.get("there"), await store.get("new")], [before, null]);
      await call(context);
    },
  })),
  {
    name: "a busy store refuses kv.set() with overloaded, and does kv.delete()",
    needs: ["admission", "kv"],
    settings: BUSY.settings,
    async run(context) {
      const { kv } = context;
      await kv.set("a", 1);
      const [, deleted] = await whileBusy(
        context,
        () => Promise.all([refused(() => kv.set("b", 1), "overloaded"), kv.delete("a")]),
      );
      same(deleted, true);
      await kv.set("b", 1);
    },
  },
  {
    name: "a busy store goes on with what it has taken on: claims, ends, retries, signals, reads",
    ...BUSY,
    async run(context) {
      const { store } = context;
      const ids = ["complete", "fail", "retry", "move", "extend"];
      await store.createMany(ids, { type: JOB, partitionKey: "p" });
      const flows = await store.claimDue(JOB, { worker: "w", limit: 5 });
      const guard = (id: string) => owner(flows.find((flow) => flow.id === id)!);
      for (const id of ["cancel", "signal", "value"]) {
        await create(store, id, { runAtMs: 8_000_000_000_000_000 });
      }
      await create(store, "due", { priority: 2 });
      const [claimed, ...records] = await whileBusy(context, () =>
        Promise.all([
          claimOne(store, { priority: 2 }),
          store.complete("complete", { ...guard("complete"), result: "out" }),
          store.fail("fail", { ...guard("fail"), error: "bad" }),
          store.retry("retry", guard("retry")),
          store.transition("move", { ...guard("move"), from: "running", to: "s", payload: 1 }),
          store.extendLease("extend", guard("extend")),
          store.cancel("cancel"),
          store.signal("signal", { signal: "x", values: { x: 1 } }),
        ]));
      same(claimed.id, "due");
      same(records.map(({ state }) => state), [
        "completed",
        "failed",
        "queued",
        "s",
        "running",
        "cancelled",
        "queued",
      ]);
      const put = await store.valuePut(1, { ownerFlowId: "value", name: "x" });
      shows(put, { created: true }, "The value");
    },
  },
  {
    name: "a busy store answers a create of what is there as ever: already_exists, or the flow",
    ...BUSY,
    async run(context) {
      const { store } = context;
      const flow = await create(store, "a", { idempotent: true });
      await whileBusy(context, () => refused(() => create(store, "a"), "already_exists"));
      const [, again] = await Promise.all([
        create(store, "busier"),
        create(store, "a", { idempotent: true }),
      ]);
      same(again, flow);
    },
  },
  {
    name: "a store that takes more memory than memoryBytesMax refuses new work, and finishes old",
    needs: ["admission"],
    settings: { limits: { memoryBytesMax: 2_000_000 } },
    async run({ store }) {
      const flow = await leased(store, "a");
      let refusals = 0;
      for (let n = 0; n < 100 && refusals === 0; n++) {
        const ids = Array.from({ length: 1_000 }, (_, index) => `${n}-${index}`);
        await store.createMany(ids, { type: JOB, partitionKey: `p${n}` }).catch((error) => {
          if (!isFlowError(error, "overloaded")) throw error;
          same(error.details["reason"], "memory");
          refusals++;
        });
      }
      same(refusals, 1);
      await refused(() => create(store, "b"), "overloaded", { reason: "memory" });
      shows(await store.complete(flow, owner(flow)), { state: "completed" });
    },
  },
];
