import { type AtomicCommands, complete, openStore, type Store, type, workflow } from "../../mod.ts";
import { FlowError } from "../../src/errors.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";

/** Calls that are refused when they are decided. */
const refused: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  create: (store) => store.create("a", { type: "job" }),
  createMany: (store) => store.createMany(["b", "a"], { type: "job" }),
  cancel: (store) => store.cancel("nobody"),
  atomic: (store) => store.atomic("p", (tx) => void tx.kv.set("k", 1, { ifVersion: 7 })),
  kv: (store) => store.kv.set("k", 1, { ifVersion: 7 }),
  spawnChildren: (store) =>
    store.spawnChildren("nobody", ["c"], { groupId: "g", wait: "none" } as never),
  policySet: (store) => store.policySet("job", { expectedGeneration: 7 }),
  workflow: async (store) => {
    const job = workflow({
      type: "job",
      store,
      initialState: "queued",
      states: { queued: { payload: type<undefined>(), onOk: complete() } },
    });
    return await job.create({ id: "a" });
  },
};

/** Calls that a closed store refuses, and what is wrong with them before anybody asks a store. */
const calls: Readonly<Record<string, (store: Store, options?: object) => Promise<unknown>>> = {
  claimDue: (store, options) => store.claimDue("job", { worker: "w", ...options }),
  blocked: (store, options) => store.claimDue("job", { worker: "w", blockMs: 5, ...options }),
  reclaim: (store, options) => store.reclaim("job", { worker: "w", state: "running", ...options }),
  get: (store, options) => store.get("a", options),
  history: (store, options) => store.history("a", options),
  list: (store, options) => store.list("job", options),
  failures: (store, options) => store.failures("job", options),
  byRoot: (store, options) => store.byRoot("a", options),
  info: (store, options) => store.info("job", options),
  stuck: (store, options) => store.stuck("job", options),
  policyGet: (store, options) => store.policyGet("job", options),
  retentionCleanup: (store, options) => store.retentionCleanup(options),
  extendLease: (store, options) => store.extendLease("a", options as never),
  "kv.get": (store, options) => store.kv.get("k", options),
  "kv.list": (store, options) => store.kv.list("k", options),
  "kv.delete": (store, options) => store.kv.delete("k", options),
  compact: (store, options) => store.compact(options),
  verify: (store, options) => store.verify(options),
};

/** The places in a stack, without what the error says. */
async function stackOf(call: () => Promise<unknown>): Promise<string[]> {
  const { message, stack = "" } = await assertRejects(async () => void await call(), FlowError);
  return stack.replace(message, "").split("\n").filter((line) => line.includes("/"));
}

/** Nobody wants to see the engine at work: at most the door that the call has come through. */
function assertShowsCaller(places: readonly string[], name: string): void {
  const behind = places.filter((place) => !/src.engine.(embedded_\w+|kv_store)\.ts/.test(place));
  assertStringIncludes(behind[0] ?? "", "caller_test.ts", name);
  assertEquals(behind.filter((place) => /src.(engine|flow)/.test(place)), [], name);
}

for (const shards of [1, 3]) {
  test(`an error of a store of ${shards} shards shows who made the call`, async () => {
    await using store = await openStore({ dir: ":memory:", shards });
    await store.create("a", { type: "job" });
    for (const [name, call] of Object.entries(refused)) {
      const places = await stackOf(() => call(store));
      if (name === "workflow") assertStringIncludes(places.join(), "caller_test.ts");
      else assertShowsCaller(places, name);
    }
    for (const [name, call] of Object.entries(calls)) {
      assertShowsCaller(await stackOf(() => call(store, { parallel: 3 })), name);
    }
    await store.close();
    for (const [name, call] of Object.entries(calls)) {
      if (name === "extendLease") continue;
      assertShowsCaller(await stackOf(() => call(store)), name);
    }
  });
}

test("what an atomic() is refused for in its callback shows the line of the callback", async () => {
  await using store = await openStore(":memory:");
  const places = await stackOf(() => store.atomic("p", (tx) => void badCommand(tx)));
  assertStringIncludes(places.join(), "badCommand");
});

/** More than a call, so that no runtime leaves its frame out. */
function badCommand(tx: AtomicCommands): number {
  tx.create("a", { type: "" });
  return 1;
}
