import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { openStore } from "../../mod.ts";
import { manualTime } from "../../src/time/mod.ts";

test("terminals() and failures() of a store list and page what has ended", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  for (const id of ["a", "b", "c"]) {
    await time.advance(10);
    await store.create(id, { type: "job" });
    const [flow] = await store.claimDue("job", { worker: "w" });
    const { leaseToken, fencingToken } = flow!;
    const proof = { leaseToken: leaseToken!, fencingToken };
    if (id === "b") await store.complete(id, proof);
    else await store.fail(id, proof);
  }
  await store.create("live", { type: "job" });
  const ids = (flows: readonly { readonly id: string }[]) => flows.map(({ id }) => id).join("");
  assertEquals(ids(await store.terminals("job")), "abc");
  assertEquals(ids(await store.terminals("job", { state: "completed" })), "b");
  assertEquals(ids(await store.failures("job", { rev: true })), "ca");
  const first = await store.terminals("job", { count: 2, cursor: null });
  const second = await store.terminals("job", { count: 2, cursor: first.cursor });
  assertEquals([ids(first.items), ids(second.items), second.cursor], ["ab", "c", null]);
  const failed = await store.failures("job", { count: 1, cursor: null, rev: true });
  assertEquals(ids(failed.items), "c");
});

test("history() of a store shows what the commands before it in the same turn have done", async () => {
  await using store = await openStore(":memory:");
  const [, , events] = await Promise.all([
    store.create("a", { type: "job", payload: { n: 1 } }),
    store.cancel("a", { reason: "no" }),
    store.history("a", { values: true, rev: true }),
  ]);
  assertEquals(
    events.map(({ event, payload, error }) => [event, payload, error]),
    [["cancelled", { n: 1 }, "no"], ["created", { n: 1 }, undefined]],
  );
});

test("history() of a store begins at the version that it was asked for", async () => {
  await using store = await openStore(":memory:");
  await store.create("a", { type: "job" });
  await store.claimDue("job", { worker: "w" });
  await store.cancel("a");
  const versions = async (options: { readonly fromVersion?: number; readonly toVersion: number }) =>
    (await store.history("a", options)).map(({ version }) => version);
  assertEquals(await versions({ toVersion: 2 }), [1, 2]);
  assertEquals(await versions({ fromVersion: 1, toVersion: 1 }), [1]);
});

test("an answer that is read over several turns is whole, also if the store is closed meanwhile", async () => {
  const store = await openStore({ dir: ":memory:", time: manualTime() });
  const ids = Array.from({ length: 1_000 }, (_, n) => `c${n}`);
  await store.createMany(ids, { type: "c", parentFlowId: "p" });
  const flows = await store.claimDue("c", { worker: "w", limit: 1_000 });
  const items = flows.map(({ id, leaseToken, fencingToken }) => ({
    ...{ id, leaseToken: leaseToken!, fencingToken, result: id },
  }));
  await store.completeMany(items);
  const answered: string[] = [];
  const children = store.byParent("p", { full: true, count: 1_000 }).finally(() =>
    answered.push("children")
  );
  const closed = store.close().then(() => answered.push("closed"));
  // Decided before the store was closed, and read to its end before the files are.
  for (const { id, result } of await children) assertEquals(result, id);
  assertEquals((await children).map(({ id }) => id).sort(), [...ids].sort());
  await closed;
  assertEquals(answered, ["children", "closed"]);
});
