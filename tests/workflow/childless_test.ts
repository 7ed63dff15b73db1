/**
 * Fan-outs over an empty list.
 *
 * @module
 */

import { FlowError, isFlowError } from "../../src/errors.ts";
import { memoryStore, runUntilIdle } from "../../src/testing/mod.ts";
import { complete, fanout, noReply, startWorker, workflow } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";

const album = workflow({
  type: "album",
  initialState: "uploaded",
  states: { uploaded: {}, published: {}, spoiled: {} },
});
const targets = { onAllOk: "published", onAnyError: "spoiled" } as const;

test("a handler that fans out into no children goes on at once, with its payload and without a group", async () => {
  await using store = await memoryStore();
  const albums = album.on(store);
  const ways = {
    all: fanout([], { ...targets, priority: 2 }),
    none: fanout([], { ...targets, wait: "none" }),
  } as const;
  for (const wait of ["all", "none"] as const) {
    await albums.create({ id: wait, payload: [] });
    const [result] = await albums.runOnce("uploaded", { worker: "w", handler: () => ways[wait] });
    assertEquals([result?.outcome?.kind, result?.record?.state], ["fanout", "published"]);
    const flow = await albums.get(wait, { full: true });
    assertEquals([flow?.payload, flow?.childGroups, flow?.attempts], [[], {}, 0]);
    assertEquals((await albums.history(wait)).map(({ event }) => event), [
      ...["created", "claimed", "transitioned"],
    ]);
    assertEquals(await albums.children(wait, { groupId: "fanout" }), []);
  }
});

test("a fan-out into no children ends its flow where that is where it goes", async () => {
  await using store = await memoryStore();
  const albums = album.on(store);
  const ends = ["completed", "failed", "cancelled"] as const;
  const items = ends.flatMap((end) => [{ id: `${end}-1` }, { id: `${end}-2` }]);
  await albums.createMany(items);
  // Together, as a worker settles them.
  const settled = Promise.withResolvers<void>();
  let count = 0;
  const worker = startWorker(albums, {
    worker: "w",
    concurrency: items.length,
    onSettled: () => void (++count === items.length && settled.resolve()),
    handlers: {
      uploaded: ({ id }) =>
        fanout([], { onAllOk: ends.find((end) => id.startsWith(end))!, onAnyError: "spoiled" }),
    },
  });
  await settled.promise;
  await worker.drain();
  for (const { id } of items) assertEquals((await albums.get(id))?.state, id.slice(0, -2));
});

test("a fan-out into no children is refused where the flow waits for any of them", async () => {
  await using store = await memoryStore();
  const albums = album.on(store);
  await albums.create({ id: "a" });
  const [result] = await albums.runOnce("uploaded", {
    worker: "w",
    handler: () => fanout([], { ...targets, wait: "any" }),
  });
  assert(result?.outcome?.kind === "error" && isFlowError(result.outcome.reason));
  const { details, message } = result.outcome.reason;
  assertEquals(details.field, "children");
  assertStringIncludes(message, 'one at least with wait "any": of none, none will complete');
});

test("fanout() and spawnChildren() of a workflow go on at once with no children, as the outcome does", async () => {
  await using store = await memoryStore();
  const albums = album.on(store);
  await albums.createMany(["job", "record", "id"].map((id) => ({ id })));
  await albums.runOnce("uploaded", {
    worker: "w",
    handler: async (job) => {
      await albums.fanout(job, [], targets);
      return noReply;
    },
  });
  assertEquals((await albums.get("id"))?.state, "published");
  const record = await albums.spawnChildren((await albums.get("record"))!, [], targets);
  assertEquals(record.state, "published");
  const { fencingToken } = (await albums.get("job"))!;
  const here = { from: "uploaded", fencingToken };
  assertEquals((await albums.spawnChildren("job", [], { ...targets, ...here })).state, "published");
  const lost = await assertRejects(() => albums.fanout("job", [], targets), FlowError);
  assertEquals(lost.details.field, "from");
});

test("a flow whose list is sometimes empty gets to its end either way", async () => {
  await using store = await memoryStore();
  const albums = album.on(store);
  const photo = workflow({ type: "photo", store, initialState: "taken", states: { taken: {} } });
  await albums.createMany([{ id: "none", payload: [] }, { id: "two", payload: ["a", "b"] }]);
  await runUntilIdle([
    () =>
      albums.runOnce({
        worker: "w",
        handlers: {
          uploaded: ({ payload }) =>
            fanout((payload as string[]).map((id) => photo.child({ id })), targets),
          published: () => complete("out"),
          spoiled: () => complete("not out"),
        },
      }),
    () => photo.runOnce("taken", { worker: "w", handler: () => complete() }),
  ]);
  for (const id of ["none", "two"]) {
    assertEquals((await albums.get(id, { full: true }))?.result, "out");
  }
});
