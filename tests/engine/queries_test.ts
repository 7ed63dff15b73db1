import { openStore, type Store } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { manualTime, type Time } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { wrappedDirectory } from "../simulation/wrapped_directory.ts";

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

/** A store, and how many bytes were read in each macrotask, and between two of them. */
async function storeThatCountsReads(): Promise<
  { readonly store: Store; readonly reads: number[] }
> {
  let bytes = 0;
  const reads: number[] = [];
  const note = (): void => {
    reads.push(bytes);
    bytes = 0;
  };
  const files = wrappedDirectory(memoryDirectory(), () => ({
    read(file, buffer, position) {
      const count = file.read(buffer, position);
      bytes += count;
      return count;
    },
  }));
  const inner = manualTime();
  const time: Time = {
    ...{ manual: true, clock: inner.clock, random: inner.random },
    alarm: (ring) => inner.alarm(ring),
    defer: (task) =>
      inner.defer(() => {
        note();
        task();
        note();
      }),
  };
  const store = await openStore({ files, time, limits: { claimBytesMax: 64 << 20 } });
  return { store, reads };
}

/** Values of which each is read by itself, and 17 or 18 in a macrotask. */
const LARGE_BYTES = 60_000;
const TASK_BYTES_MAX = 1.5 * 1_048_576;

test("kv.list() reads a page of large values over several macrotasks, and misses none", async () => {
  const { store, reads } = await storeThatCountsReads();
  const keys = Array.from({ length: 100 }, (_, index) => `k${100 + index}`);
  for (const key of keys) await store.kv.set(key, new Uint8Array(LARGE_BYTES).fill(7));
  reads.length = 0;
  const page = store.kv.list("k", { count: 100 });
  // What others do meanwhile is not shown, and takes nothing away.
  await store.kv.set(keys[99]!, "new");
  await store.kv.delete(keys[98]!);
  await store.create("next", { type: "job" });
  const { items, cursor } = await page;
  assertEquals([items.map(({ key }) => key), cursor], [keys, null]);
  assert(items.every(({ value }) => value instanceof Uint8Array && value.length === LARGE_BYTES));
  assert(Math.max(...reads) < TASK_BYTES_MAX, `${Math.max(...reads)} bytes in a macrotask`);
  assert(reads.reduce((sum, bytes) => sum + bytes, 0) >= 100 * LARGE_BYTES);
  await store.close();
});

test("history() reads large values, or many events, over several macrotasks", async () => {
  const { store, reads } = await storeThatCountsReads();
  const payload = new Uint8Array(LARGE_BYTES).fill(7);
  await store.create("a", { type: "job", payload, historyMaxEvents: 1_000 });
  for (let index = 0; index < 400; index++) await store.signal("a", { signal: `s${index}` });
  reads.length = 0;
  const events = store.history("a", { values: true, count: 100, rev: true });
  await store.signal("a", { signal: "later" });
  assertEquals((await events).map(({ version }) => version), versionsFrom(401, 302));
  assert((await events).every(({ payload }) => (payload as Uint8Array).length === LARGE_BYTES));
  assert(Math.max(...reads) < TASK_BYTES_MAX, `${Math.max(...reads)} bytes in a macrotask`);
  reads.length = 0;
  const all = await store.history("a", { count: 1_000 });
  assertEquals(all.map(({ version }) => version), versionsFrom(402, 1).reverse());
  // Without values it is their number that ends a macrotask.
  assertEquals(reads.filter((bytes) => bytes > 0).length, 2);
  await store.close();
});

/** All versions, the newest first. */
function versionsFrom(newest: number, oldest: number): number[] {
  return Array.from({ length: newest - oldest + 1 }, (_, index) => newest - index);
}

test("list() gives others their turn among flows that are over and not yet swept", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time, retention: { sweep: false } });
  for (let number = 0; number < 5; number++) {
    const flows = Array.from({ length: 1_000 }, (_, index) => ({ id: `${number}-${index}` }));
    await store.createMany(flows, { type: "job", retentionTtlMs: 1_000 });
    await store.cancelMany(flows);
    await time.advance(1);
  }
  await time.advance(1_000);
  await store.create("last", { type: "job" });
  const { defer } = time;
  let turns = 0;
  time.defer = (task) => {
    turns++;
    defer.call(time, task);
  };
  assertEquals((await store.list("job")).map(({ id }) => id), ["last"]);
  assert(turns >= 2, `${turns} turns`);
});
