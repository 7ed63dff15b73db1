import { openStore, type Store } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const SHARDS = 4;

/** More partitions than shards, so that most of them are in other shards than the first. */
const PARTITIONS = Array.from({ length: 12 }, (_, number) => `p${number}`);

test("compact() keeps a value while a flow of any shard links it, and no longer", async () => {
  const [files, time] = [memoryDirectory(), manualTime({ startMs: 1_700_000_000_000 })];
  const open = (): Promise<Store> =>
    openStore({ files, time, shards: SHARDS, merge: { auto: false }, retention: { sweep: false } });
  let store = await open();
  const forget = async (): Promise<void> => {
    await time.advance(1_000);
    while ((await store.retentionCleanup()).flows > 0);
  };
  const payload = "x".repeat(50_000);
  const { payloadRef } = await store.create("owner", {
    type: "t",
    payload,
    values: { v: payload },
  });
  const { valueRefs: { v } } = (await store.get("owner"))!;
  const links = PARTITIONS.map((partitionKey) => ({ id: "link", partitionKey }));
  for (const { id, partitionKey } of links) {
    const linked = { payloadRef: payloadRef!, valueRefs: { v: v! } };
    await store.create(id, { type: "u", partitionKey, ...linked });
  }
  await store.cancel("owner", { ttlMs: 1 });
  await forget();
  const read = () =>
    Promise.all(links.map(async (target) => {
      const record = await store.get(target, { payload: true, values: true });
      return record?.payload === payload && record.values?.["v"] === payload;
    }));
  for (let opening = 0; opening < 2; opening++) {
    const { bytesAfter } = await store.compact();
    assert(bytesAfter > 100_000);
    assertEquals(await read(), links.map(() => true));
    await store.close();
    store = await open();
    assertEquals(await read(), links.map(() => true));
  }
  assertEquals(await store.get("owner"), null);
  for (const target of links) await store.cancel(target, { ttlMs: 1 });
  await forget();
  await store.compact();
  // What was a link once counts until the store is opened again.
  assertEquals(await store.valueMget([payloadRef!, v!.ref]), [payload, payload]);
  await store.close();
  store = await open();
  // Something new in the shard of the values: what was merged alone is left alone.
  await store.create("owner", { type: "t" });
  const { bytesAfter } = await store.compact();
  assert(bytesAfter < 50_000, `${bytesAfter} bytes are left`);
  assertEquals(await store.valueMget([payloadRef!, v!.ref]), [null, null]);
  await store.close();
});
