/**
 * What a command costs, from the call to the disk.
 *
 * Stores in memory show the engine's own work; stores on disk add one write and one sync a batch.
 * Compare within one run only: machines are noisy. `deno task bench`.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CompleteItem, type FlowRecord, openStore, type Store } from "../mod.ts";

/** Flows of one batch. */
const BATCH_COUNT = 100;

const PAYLOAD = { to: "user-1@example.org", subject: "Welcome", lines: ["Hello", "and goodbye"] };

for (const place of ["memory", "disk"] as const) {
  const dir = place === "memory" ? ":memory:" : mkdtempSync(join(tmpdir(), "flowcask-bench-"));
  const store = await openStore(dir === ":memory:" ? dir : { dir });
  globalThis.addEventListener("unload", () => {
    if (dir !== ":memory:") rmSync(dir, { recursive: true });
  });
  let nextId = 0;
  const id = (): string => `flow-${nextId++}`;
  const ids = (): string[] => Array.from({ length: BATCH_COUNT }, id);

  Deno.bench(`create() of one flow, ${place}`, { group: "one" }, async () => {
    await store.create(id(), { type: "single", payload: PAYLOAD });
  });

  Deno.bench(`create() of ${BATCH_COUNT} flows at once, ${place}`, { group: "batch" }, async () => {
    await Promise.all(ids().map((id) => store.create(id, { type: "single", payload: PAYLOAD })));
  });

  Deno.bench(`createMany() of ${BATCH_COUNT} flows, ${place}`, { group: "batch" }, async () => {
    await store.createMany(ids(), { type: "batch", payload: PAYLOAD });
  });

  Deno.bench(`claimDue() of ${BATCH_COUNT} flows, ${place}`, { group: "batch" }, async (bench) => {
    await store.createMany(ids(), { type: "claimed", payload: PAYLOAD });
    bench.start();
    await claim(store, "claimed");
    bench.end();
  });

  Deno.bench(`completeMany() of ${BATCH_COUNT}, ${place}`, { group: "batch" }, async (bench) => {
    await store.createMany(ids(), { type: "completed", payload: PAYLOAD });
    const flows = await claim(store, "completed");
    bench.start();
    await store.completeMany(flows.map(item), { result: "sent" });
    bench.end();
  });

  Deno.bench(`kv.set() of ${BATCH_COUNT} keys at once, ${place}`, { group: "keys" }, async () => {
    await Promise.all(ids().map((key) => store.kv.set(key, PAYLOAD)));
  });

  Deno.bench(`kv.get() of ${BATCH_COUNT} keys, ${place}`, { group: "keys" }, async (bench) => {
    const keys = ids();
    await Promise.all(keys.map((key) => store.kv.set(key, PAYLOAD)));
    bench.start();
    await Promise.all(keys.map((key) => store.kv.get(key)));
    bench.end();
  });

  Deno.bench(`atomic() of ${BATCH_COUNT} commands, ${place}`, { group: "keys" }, async () => {
    await store.atomic("p", (tx) => {
      for (const key of ids()) tx.kv.set(key, PAYLOAD);
    });
  });

  Deno.bench(
    `create → claim → complete of ${BATCH_COUNT}, ${place}`,
    { group: "cycle" },
    async () => {
      await store.createMany(ids(), { type: "cycle", payload: PAYLOAD });
      await store.completeMany((await claim(store, "cycle")).map(item), { result: "sent" });
    },
  );
}

async function claim(store: Store, type: string): Promise<FlowRecord[]> {
  return await store.claimDue(type, { worker: "bench", limit: BATCH_COUNT, leaseMs: 600_000 });
}

function item({ id, partitionKey, leaseToken, fencingToken }: FlowRecord): CompleteItem {
  return { id, partitionKey, leaseToken: leaseToken!, fencingToken };
}
