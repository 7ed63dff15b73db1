/**
 * What a spawn refuses because of children that belong to another shard.
 *
 * @module
 */

import { type FlowError, openStore } from "../../mod.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";

const SHARDS = 3;

const [HERE = "", THERE = ""] = partitionsOf(SHARDS);

const GROUP = { groupId: "g", waitState: "waiting", success: "done", failure: "broken", type: "c" };

test("spawnChildren() refuses a child that another parent has asked for, before it is born elsewhere", async () => {
  await using store = await openStore({ dir: ":memory:", shards: SHARDS, time: manualTime() });
  for (const id of ["one", "two"]) await store.create(id, { type: "t", partitionKey: HERE });
  const child = { id: "child", partitionKey: THERE };
  const spawned = ["one", "two"].map((id) =>
    store.spawnChildren({ id, partitionKey: HERE }, [child], { ...GROUP, fencingToken: 0 })
      .then(({ state }) => state, (error: FlowError) => error.code)
  );
  assertEquals(await Promise.all(spawned), ["waiting", "already_exists"]);
  assertEquals((await store.get({ id: "two", partitionKey: HERE }))?.state, "queued");
  assertEquals((await store.get(child))?.parentFlowId, "one");
});

test("spawnChildren() refuses a child for another shard that fills more than half a command", async () => {
  const limits = { commandBytesMax: 40_000 };
  await using store = await openStore({
    dir: ":memory:",
    shards: SHARDS,
    time: manualTime(),
    limits,
  });
  await store.create("parent", { type: "t", partitionKey: HERE });
  const spawn = (groupId: string, partitionKey: string, bytes: number): Promise<unknown> =>
    store.spawnChildren(
      { id: "parent", partitionKey: HERE },
      // Its quotes count as well.
      [{ id: `of ${groupId}`, partitionKey, payload: "x".repeat(bytes - 2) }],
      { ...GROUP, groupId, waitState: undefined, wait: "none", success: "queued", fencingToken: 0 },
    ).then(() => "ok", ({ code, details }: FlowError) => [code, details]);
  const details = { field: "children", id: "of a", value: 20_001, limit: 20_000 };
  assertEquals(await spawn("a", THERE, 20_001), ["too_large", details]);
  assertEquals(await spawn("b", THERE, 20_000), "ok");
  assertEquals(await spawn("c", HERE, 20_001), "ok");
});

test("a parent that its children send on keeps its attempts only if it stays where it waits", async () => {
  for (const [success, attempts] of [["waiting", 1], ["done", 0]] as const) {
    await using store = await openStore({ dir: ":memory:", time: manualTime() });
    await store.create("parent", { type: "t", partitionKey: HERE, state: "waiting" });
    for (const then of ["retry", "spawn"]) {
      const [job] = await store.claimDue("t", { worker: "w" });
      const proof = { leaseToken: job!.leaseToken!, fencingToken: job!.fencingToken };
      if (then === "retry") await store.retry(job!, { ...proof, runAtMs: 0 });
      else await store.spawnChildren(job!, ["child"], { ...GROUP, success, ...proof });
    }
    assertEquals((await store.get("parent"))?.attempts, 1);
    const [child] = await store.claimDue("c", { worker: "w" });
    await store.complete(child!, {
      ...{ leaseToken: child!.leaseToken!, fencingToken: child!.fencingToken },
    });
    const parent = await store.get("parent");
    assertEquals([parent?.state, parent?.attempts], [success, attempts]);
  }
});
