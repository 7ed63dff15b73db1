import { type Damage, type FlowRecord, openStore, type Store } from "../../mod.ts";
import { ByteWriter } from "../../src/codec/mod.ts";
import { DEFAULT_STORE_LIMITS } from "../../src/engine/options.ts";
import { Shards } from "../../src/engine/shards.ts";
import { verifyStore } from "../../src/engine/verify/verify.ts";
import { FlowError } from "../../src/errors.ts";
import { type Directory, memoryDirectory, SimulatedDisk, withFile } from "../../src/files/mod.ts";
import { ShardMap } from "../../src/flow/core/mod.ts";
import { beginRecord, endRecord, type Log, Manifest, openFileLogs } from "../../src/log/mod.ts";
import { seededRandom, systemTime } from "../../src/time/mod.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";

const GROUP = { groupId: "g", waitState: "waiting", success: "done", failure: "broken", type: "c" };
// Spread evenly, in 2 shards as well as in 3.
const PARTITIONS = partitionsOf(6);
const [FIRST = ""] = PARTITIONS;

function proof({ leaseToken, fencingToken }: FlowRecord) {
  return { leaseToken: leaseToken!, fencingToken };
}

/** Brings something of everything into a store: about 40 KB for every round. */
async function live(store: Store, rounds: number): Promise<void> {
  await store.policySet("t", { retention: { historyMaxEvents: 5 } });
  for (let round = 0; round < rounds; round++) {
    const items = PARTITIONS.map((partitionKey) => (
      { id: `f${round}`, partitionKey, payload: "x".repeat(300) }
    ));
    await store.createMany(items, { type: "t" });
    const parent = await store.create(`parent${round}`, { type: "p", partitionKey: FIRST });
    const children = PARTITIONS.map((partitionKey) => (
      { id: `${parent.id}.${partitionKey}`, partitionKey, payload: round }
    ));
    await store.spawnChildren(parent, children, { ...GROUP, fencingToken: 0 });
    for (const flow of await store.claimDue("t", { worker: "w", limit: 5 })) {
      await store.complete(flow, { ...proof(flow), result: { round } });
    }
    await store.valuePut("y".repeat(30_000), {
      ...{ ownerFlowId: parent.id, partitionKey: FIRST, name: "big", override: true },
    });
    await store.signal(parent, { signal: "go", idempotencyKey: `k${round}` });
    await store.kv.set(`k${round}`, "z".repeat(40_000), { ttlMs: 60_000 });
    await store.kv.set("again", round, { partitionKey: PARTITIONS[round % 6]! });
  }
}

async function lived(files: Directory, shards = 1, rounds = 6): Promise<Store> {
  const limits = { segmentBytesMax: 65_536, valueInlineBytesMax: 4_096 };
  const store = await openStore({ files, shards, limits });
  await live(store, rounds);
  return store;
}

function change(files: Directory, name: string, at: number): void {
  withFile(files, name, (file) => {
    const byte = new Uint8Array(1);
    file.read(byte, { at });
    byte[0]! ^= 0x40;
    file.write(byte, { at });
  });
}

function sizeOf(files: Directory, name: string): number {
  return withFile(files, name, (file) => file.getSize());
}

function segmentsOf(files: Directory): string[] {
  return files.list().filter((name) => name.endsWith(".seg")).sort();
}

for (const shards of [1, 3]) {
  test(`verify() finds nothing wrong with a store of ${shards} shards that is used`, async () => {
    const files = memoryDirectory();
    const store = await lived(files, shards);
    const seen = await store.verify();
    assertEquals(seen.damage, []);
    assertEquals(seen.damageCount, 0);
    assertEquals(seen.flows, 6 * 13);
    assertEquals(seen.keys, 12);
    assertGreater(seen.segments, 3);
    assertGreater(seen.frames, 50);
    assertGreater(seen.records, 400);
    assertGreater(seen.bytes, 200_000);
    await store.close();
    await using again = await openStore({ files });
    assertEquals((await again.verify()).damage, []);
  });

  test(`verify() finds nothing wrong while ${shards} shards go on writing`, async () => {
    await using store = await lived(memoryDirectory(), shards, 40);
    let isDone = false;
    let turns = 0;
    const writing = (async () => {
      for (let round = 100; !isDone; round++) {
        await store.create(`late${round}`, { type: "t", payload: round, retentionTtlMs: 1 });
        await store.kv.set(`late${round}`, round, { ttlMs: 1 });
        for (const flow of await store.claimDue("t", { worker: "w", limit: 9 })) {
          await store.complete(flow, proof(flow));
        }
        await store.retentionCleanup();
        turns++;
      }
    })();
    try {
      while (turns < 5) assertEquals((await store.verify()).damage, []);
    } finally {
      isDone = true;
      await writing;
    }
  });
}

test("verify() finds every byte that is changed in a file, and says where", async () => {
  const files = memoryDirectory();
  await using store = await lived(files, 2, 3);
  await store.close();
  await using again = await openStore({ files });
  let count = 0;
  for (const name of segmentsOf(files)) {
    // Every byte of what stands at the beginning of a segment, and some of the rest.
    const step = (at: number): number => at < 128 || (at > 500 && at < 580) ? 1 : 1_009;
    for (let at = 0; at < sizeOf(files, name); at += step(at)) {
      change(files, name, at);
      const { damage } = await again.verify();
      change(files, name, at);
      const found = damage.find(({ file }) => file === name);
      assert(found !== undefined, `${name} at ${at}`);
      assert(found.offset !== null && found.offset <= at, `${name} at ${at}: ${found.offset}`);
      count++;
    }
  }
  assertEquals((await again.verify()).damage, []);
  assertGreater(count, 500);
});

/** What verify() says about a store with one thing wrong in its files. */
async function damageOf(
  harm: (files: Directory, disk: SimulatedDisk) => void,
  shards = 1,
): Promise<{ readonly damage: readonly Damage[]; readonly frames: number }> {
  const disk = new SimulatedDisk({ random: seededRandom(7) });
  const files = disk.directory();
  await using store = await lived(files, shards);
  harm(files, disk);
  const seen = await store.verify();
  disk.disarm();
  for (const { message, advice } of seen.damage) assert(message !== "" && advice !== "");
  return seen;
}

test("verify() goes on behind a frame that is damaged, and tells whom it concerns", async () => {
  const { frames } = await damageOf(() => {});
  const harmed = await damageOf((files) => {
    change(files, "log-1.seg", 9_000);
    change(files, "log-2.seg", 40_000);
  });
  assertEquals(harmed.frames, frames - 2);
  const messages = harmed.damage.map(({ file, message }) => `${file}: ${message}`);
  assertEquals(messages.filter((message) => message.includes("body is damaged")), [
    "log-1.seg: The frame's body is damaged",
    "log-2.seg: The frame's body is damaged",
  ]);
  assert(messages.some((message) => message.includes(" of flow ")), messages.join("\n"));
});

test("verify() goes on behind a frame whose header is damaged", async () => {
  const { frames } = await damageOf(() => {});
  const { damage, frames: left } = await damageOf((files) => change(files, "log-1.seg", 4_100));
  assertEquals(damage[0]?.message, "There is no whole frame header");
  assertEquals([damage[0]?.file, damage[0]?.offset], ["log-1.seg", 4_096]);
  assertEquals(left, frames - 1);
});

test("verify() says which segment is missing, which is cut short and which is another one", async () => {
  const missing = await damageOf((files) => files.remove("log-2.seg"));
  assertEquals([missing.damage[0]?.file, missing.damage[0]?.offset], ["log-2.seg", 0]);
  assert(missing.damage[0]?.message.includes("missing"));
  const cut = await damageOf((files) =>
    withFile(files, "log-2.seg", (file) => file.truncate(50_000))
  );
  assertEquals([cut.damage[0]?.file, cut.damage[0]?.offset], ["log-2.seg", 50_000]);
  const swapped = await damageOf((files) => {
    files.remove("log-2.seg");
    withFile(files, "log-1.seg", (from) => {
      const bytes = new Uint8Array(from.getSize());
      from.read(bytes, { at: 0 });
      withFile(files, "log-2.seg", (to) => void to.write(bytes, { at: 0 }), { create: true });
    });
  });
  assert(swapped.damage[0]?.message.includes("not the one the manifest expects"));
  assert(swapped.damage.some(({ message }) => message === "The frame belongs to another segment"));
});

test("verify() finds damage that the disk does to data at rest", async () => {
  for (const harm of ["flipBit", "loseSector", "misdirect"] as const) {
    const { damage } = await damageOf((_, disk) => {
      // By chance both pieces that are exchanged are alike: the values here are long.
      for (let tries = 0; disk[harm]({ name: "log-1.seg", at: 30_000 }) === undefined; tries++) {
        assert(tries < 50, harm);
      }
    }, 2);
    assert(damage.some(({ file }) => file === "log-1.seg"), harm);
  }
});

test("verify() lists a read that fails, and neither rejects nor ends the store", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(7) });
  await using store = await lived(disk.directory());
  let listed = 0;
  for (let after = 0; after < 40; after++) {
    // Nor can less be read instead.
    for (let count = 0; count < 2; count++) disk.arm({ call: "read", after });
    const { damage } = await store.verify();
    disk.disarm();
    listed += damage.length;
  }
  assertGreater(listed, 30);
  assertEquals((await store.verify()).damage, []);
  assertEquals((await store.get({ id: "f0", partitionKey: FIRST }))?.id, "f0");
});

test("verify() looks at the newest generation of the manifest", async () => {
  for (const at of [0, 20, 70]) {
    const { damage } = await damageOf((files) => {
      for (const name of ["MANIFEST.0", "MANIFEST.1"]) change(files, name, at);
    });
    assertEquals(damage.length, 1);
    assert(damage[0]?.file?.startsWith("MANIFEST"));
    assertEquals(damage[0]?.offset, at);
    assert(damage[0]?.advice.includes("backup now"));
  }
  const { damage } = await damageOf((files) => files.remove("MANIFEST.0"));
  assert(damage.every(({ file, offset }) => file === "MANIFEST.0" && offset === 0));
});

test("verify() counts what it does not list", async () => {
  const files = memoryDirectory();
  await using store = await openStore({ files });
  for (let batch = 0; batch < 3; batch++) {
    const items = Array.from({ length: 500 }, (_, place) => `f${batch}-${place}`);
    await store.createMany(items, { type: "t" });
  }
  withFile(files, "log-1.seg", (file) => file.truncate(4_096));
  const { damage, damageCount } = await store.verify();
  assertEquals(damage.length, 1_000);
  assertGreater(damageCount, 3_000);
});

/** Appends a record that this version does not know and may leave out. */
function leaveOut(log: Log): void {
  const writer = new ByteWriter();
  const start = beginRecord(writer);
  const lsn = log.end.lsn + 1;
  endRecord(writer, start, { type: 200, lsn, fixedLength: 0, isSkippable: true });
  log.submit({ base: log.end, timeMs: 0, count: 1, body: writer.bytes() });
}

/** What verify() says about a store with one thing wrong in its memory. */
async function memoryDamageOf(harm: (shards: Shards) => void): Promise<readonly Damage[]> {
  const files = memoryDirectory();
  await (await lived(files, 2)).close();
  const random = seededRandom(3);
  const time = systemTime();
  const manifest = Manifest.open({ directory: files, random });
  const logs = openFileLogs({ directory: files, manifest, random });
  const map = new ShardMap(manifest.state.slots);
  // As openStore() makes it.
  const [hi, lo] = [0, 8].map((at) => Number.parseInt(manifest.state.hashId.slice(at, at + 8), 16));
  const hashKey = [hi!, lo!, ~hi! >>> 0, ~lo! >>> 0] as const;
  leaveOut(logs[0]!);
  const shards = new Shards({ logs, time, hashKey, limits: DEFAULT_STORE_LIMITS, map });
  try {
    harm(shards);
    return (await verifyStore({ directory: files, manifest, logs, shards, time })).damage;
  } finally {
    await shards.close();
  }
}

test("verify() compares the indexes with the flows, both ways", async () => {
  const wrongs: Readonly<Record<string, (shards: Shards) => void>> = {
    "by due time": ({ all }) => {
      const { due, table } = all[0]!.state.flows;
      const flow = [...table].find(({ control }) => control.nextRunAtMs !== null)!;
      due.remove(table.handleOf(flow.key)!);
    },
    "in the index by due time": ({ all }) => {
      const { due, table } = all[0]!.state.flows;
      const flow = [...table].find(({ control }) => control.nextRunAtMs !== null)!;
      const handle = table.handleOf(flow.key)!;
      due.place(handle, { ...due.placeOf(handle)!, priority: 2 });
    },
    "by retention has handle": ({ all }) => {
      const { table } = all[0]!.state.flows;
      const ended = [...table].find(({ control }) => control.retentionUntilMs !== null)!;
      table.delete(ended.key);
    },
    "by state": ({ all }) => {
      const { states, table } = all[1]!.state.flows;
      const [flow] = table;
      states.remove(table.handleOf(flow!.key)!);
    },
    "by parent": ({ all }) => {
      const { byParent, table } = all[1]!.state.flows;
      const child = [...table].find(({ identity }) => identity.parentFlowId !== null)!;
      byParent.place(table.handleOf(child.key)!, "another", child.control.updatedAtMs);
    },
    "by group": ({ all }) => {
      const { openChildren } = all[0]!.state.flows;
      for (const handles of openChildren.values()) handles.clear();
    },
    "index by group is not in order": ({ all }) => {
      const { openChildren } = all[0]!.state.flows;
      const [handles] = openChildren.values();
      openChildren.set(99_999, new Set(handles));
    },
    "The key": ({ all }) => {
      for (const { state: { flows: { kv } } } of all) {
        for (const { key } of [...kv.members()]) {
          kv.delete(key.partitionKey, key.key);
          kv.set({ ...key, lsn: 1 });
        }
      }
    },
  };
  assertEquals(await memoryDamageOf(() => {}), []);
  for (const [expected, harm] of Object.entries(wrongs)) {
    const damage = await memoryDamageOf(harm);
    assert(damage.some(({ message }) => message.includes(expected)), expected);
  }
});

test("verify() compares flows, keydir and messages with the records", async () => {
  const wrongs: Readonly<Record<string, (shards: Shards) => void>> = {
    "control block": ({ all }) => {
      const { table } = all[0]!.state.flows;
      const [flow] = table;
      const control = { ...flow!.control, attempts: 7 };
      table.replace(table.handleOf(flow!.key)!, { ...flow!, control });
    },
    "identity": ({ all }) => {
      const { table } = all[0]!.state.flows;
      const [flow] = table;
      table.replace(table.handleOf(flow!.key)!, { ...flow!, bodyLsn: flow!.lsn });
    },
    "list of values": ({ all }) => {
      const { table } = all[0]!.state.flows;
      const flow = [...table, ...all[1]!.state.flows.table]
        .find(({ values }) => values.length > 0)!;
      const of = table.get(flow.key) === undefined ? all[1]!.state.flows.table : table;
      of.replace(of.handleOf(flow.key)!, { ...flow, values: [] });
    },
    "event of version": ({ all }) => {
      const { state: { flows: { table }, keydir } } = all[0]!;
      const flow = [...table].find(({ control }) => control.version > 2)!;
      const lsnBefore = keydir.previous(keydir.previous(flow.lsn));
      const { previous } = keydir;
      keydir.previous = (lsn) => lsn === flow.lsn ? lsnBefore : previous.call(keydir, lsn);
    },
    "which brought 1 values": ({ all }) => {
      const { state: { flows: { table } } } = all[0]!;
      const flow = [...table].find(({ control }) => control.version === 1)!;
      const control = { ...flow.control, payloadLsn: flow.bodyLsn };
      table.replace(table.handleOf(flow.key)!, { ...flow, control });
    },
    "payload of flow": ({ all }) => {
      const { headLsn, state: { flows: { table }, keydir } } = all[0]!;
      keydir.append(headLsn, 1, 1 << 30);
      const [flow] = table;
      const control = { ...flow!.control, payloadLsn: headLsn };
      table.replace(table.handleOf(flow!.key)!, { ...flow!, control });
    },
    "no file has it": ({ all }) => {
      const { headLsn, state: { keydir } } = all[0]!;
      assert(!keydir.has(headLsn), "that record was left out");
      keydir.append(headLsn, 1, 1 << 30);
    },
    "A message to shard": ({ all }) => {
      all[0]!.state.flows.mail.send(1, { lsn: 5, birth: null });
    },
    "The policy of type": ({ all }) => {
      const { policies } = all[0]!.state.flows;
      policies.set("t", { ...policies.get("t")!, lsn: 5 });
    },
  };
  for (const [expected, harm] of Object.entries(wrongs)) {
    const damage = await memoryDamageOf(harm);
    assert(damage.some(({ message }) => message.includes(expected)), expected);
  }
});

test("verify() tells how far it has come, and ends when its signal is aborted", async () => {
  await using store = await lived(memoryDirectory(), 1, 40);
  const progress: { bytes: number; flows: number; totalFlows: number }[] = [];
  await store.verify({ onProgress: (step) => progress.push(step) });
  assertGreater(progress.length, 2);
  assertEquals(progress.at(-1)?.flows, progress.at(-1)?.totalFlows);
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error("enough"));
  const error = await assertRejects(
    () => store.verify({ onProgress, signal: controller.signal }),
    Error,
  );
  assertEquals(error.message, "enough");
});

test("verify() refuses options that it does not know, and ends with the store", async () => {
  const store = await lived(memoryDirectory(), 1, 40);
  for (const options of [{ repair: true }, { signal: 1 }, { onProgress: 1 }, null]) {
    const error = await assertRejects(() => store.verify(options as never), FlowError);
    assertEquals(error.code, "invalid_argument");
  }
  const looking = assertRejects(() => store.verify(), FlowError);
  await store.close();
  assertEquals((await looking).code, "store_closed");
  assertEquals((await assertRejects(() => store.verify(), FlowError)).code, "store_closed");
});

test("verify() finds nothing wrong while segments are merged under it", async () => {
  await using store = await lived(memoryDirectory(), 2, 30);
  let isDone = false;
  let merges = 0;
  const merging = (async () => {
    for (let round = 100; !isDone; round++) {
      await store.create(`more${round}`, { type: "t", payload: round });
      await store.compact();
      merges++;
    }
  })();
  try {
    while (merges < 5) assertEquals((await store.verify()).damage, []);
  } finally {
    isDone = true;
    await merging;
  }
});

test("verify() goes on behind damage in a merged segment, and tells whom it concerns", async () => {
  const files = memoryDirectory();
  await using store = await lived(files, 1, 30);
  await store.compact();
  const { frames } = await store.verify();
  const merged = Manifest.open({ directory: files, random: seededRandom(1) }).state.segments
    .find((entry) => entry.merged === true)!;
  const name = `log-${merged.id}.seg`;
  for (const at of [0, 513, 4_100, 4_165, 8_000, sizeOf(files, name) - 100]) {
    change(files, name, at);
    const { damage, frames: left } = await store.verify();
    change(files, name, at);
    assert(damage.some(({ file, offset }) => file === name && offset! <= at), `${at}`);
    assert(left >= frames - 1, `${left} frames of ${frames} are left with damage at ${at}`);
  }
  assertEquals((await store.verify()).damage, []);
});
