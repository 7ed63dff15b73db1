import { complete, openStore, type Store, type, workflow } from "../../mod.ts";
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

for (const shards of [1, 3]) {
  test(`an error of a store of ${shards} shards shows who made the call`, async () => {
    await using store = await openStore({ dir: ":memory:", shards });
    await store.create("a", { type: "job" });
    for (const [name, call] of Object.entries(refused)) {
      const { stack } = await assertRejects(async () => void await call(store), FlowError);
      assertStringIncludes(stack!, "caller_test.ts", name);
      // Nobody wants to see the engine at work.
      assertEquals(stack!.includes("/decide/"), false, name);
    }
  });
}
