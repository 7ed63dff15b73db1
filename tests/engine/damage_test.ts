import { FlowError, openStore } from "../../mod.ts";
import { ByteWriter } from "../../src/codec/mod.ts";
import { DEFAULT_STORE_LIMITS } from "../../src/engine/options.ts";
import { Shards } from "../../src/engine/shards.ts";
import { type Directory, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { type Command, parseClaimDue, parseCreate } from "../../src/flow/core/mod.ts";
import {
  beginRecord,
  type BodyPlace,
  type CommittedFrame,
  endRecord,
  type Frame,
  type Log,
  Manifest,
  openFileLog,
} from "../../src/log/mod.ts";
import { manualTime, seededRandom, systemTime, type Time } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";

function newDisk(): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(1) });
}

function logIn(directory: Directory): Log {
  const random = seededRandom(1);
  return openFileLog({ directory, random, manifest: Manifest.open({ directory, random }) });
}

function shardsOver(log: Log, time: Time = systemTime()): Shards {
  return new Shards({
    logs: [log],
    time,
    hashKey: [1, 2, 3, 4],
    limits: DEFAULT_STORE_LIMITS,
  });
}

function applied(shards: Shards, command: Command): Promise<unknown> {
  return shards.call(() => {
    const { first } = shards.router;
    const reply = shards.apply(command, first);
    return { standsOn: [first.footing()], read: () => reply };
  });
}

const parsing = { limits: DEFAULT_STORE_LIMITS, manualClock: false };

function createCommand(id: string, runAtMs = 0): Command {
  return parseCreate(id, { type: "job", runAtMs }, parsing);
}

/** A log that may tell a place which the keydir cannot keep, so that a change stops halfway. */
class LyingLog implements Log {
  offset: number | undefined;
  readonly #inner: Log;

  constructor(inner: Log) {
    this.#inner = inner;
  }

  get limits(): Log["limits"] {
    return this.#inner.limits;
  }

  get mode(): Log["mode"] {
    return this.#inner.mode;
  }

  get segments(): Log["segments"] {
    return this.#inner.segments;
  }

  get end(): Log["end"] {
    return this.#inner.end;
  }

  nextPlace(): BodyPlace {
    const { segment, offset } = this.#inner.nextPlace();
    return { segment, offset: this.offset ?? offset };
  }

  submit(frame: Frame): void {
    this.#inner.submit(frame);
  }

  onSettled(listener: Parameters<Log["onSettled"]>[0]): void {
    this.#inner.onSettled(listener);
  }

  onLost(listener: Parameters<Log["onLost"]>[0]): void {
    this.#inner.onLost(listener);
  }

  read(afterIndex: number): Iterable<CommittedFrame> {
    return this.#inner.read(afterIndex);
  }

  readBytes(...place: Parameters<Log["readBytes"]>): Uint8Array {
    return this.#inner.readBytes(...place);
  }

  mark(): void {
    this.#inner.mark();
  }

  close(): void | Promise<void> {
    return this.#inner.close();
  }
}

test("a state that cannot be built anew fails the store, and nobody waits for ever", async () => {
  const disk = newDisk();
  const store = await openStore({ files: disk.directory() });
  await store.create("before", { type: "job" });
  disk.arm({ call: "write", code: "ENOSPC" });
  disk.arm({ call: "read" });
  const waiting = store.claimDue("other", { worker: "w", blockMs: 0 });
  const ghost = store.create("ghost", { type: "job" });
  assertEquals((await assertRejects(() => ghost, FlowError)).code, "unknown_outcome");
  assertEquals((await assertRejects(() => waiting, FlowError)).code, "store_failed");
  assertEquals((await assertRejects(() => store.get("ghost"), FlowError)).code, "store_failed");
  await store.close();
  await using reopened = await openStore({ files: disk.directory() });
  assertEquals((await reopened.list("job")).map(({ id }) => id), ["before"]);
});

test("a full disk refuses what writes, and answers what only reads in the same turn", async () => {
  const disk = newDisk();
  await using store = await openStore({ files: disk.directory() });
  await store.create("before", { type: "job" });
  disk.arm({ call: "write", code: "ENOSPC" });
  const waiting = store.claimDue("other", { worker: "w", blockMs: 1 });
  const refused = assertRejects(() => store.create("full", { type: "job" }), FlowError);
  const listed = store.list("job");
  const missing = store.get("full");
  const exists = assertRejects(() => store.create("before", { type: "job" }), FlowError);
  assertEquals((await refused).details.reason, "disk_full");
  assertEquals((await listed).map(({ id }) => id), ["before"]);
  assertEquals(await missing, null);
  assertEquals((await exists).code, "already_exists");
  assertEquals(await waiting, []);
});

test("a throw in the middle of a change fails the shard, and nothing of the command is written", async () => {
  const directory = memoryDirectory();
  const log = new LyingLog(logIn(directory));
  const shards = shardsOver(log);
  await applied(shards, createCommand("before"));
  log.offset = 2 ** 32 - 50;
  const failing = applied(shards, createCommand("half"));
  assertEquals((await assertRejects(() => failing, FlowError)).code, "store_failed");
  log.offset = undefined;
  const after = await assertRejects(() => applied(shards, createCommand("after")), FlowError);
  assertEquals(after.code, "store_failed");
  await shards.close();
  const reopened = shardsOver(logIn(directory));
  assertEquals([...reopened.router.first.state.flows.table].map(({ identity: { id } }) => id), [
    "before",
  ]);
  await reopened.close();
});

test("a claim that waits fails with the shard when taking a flow throws", async () => {
  const log = new LyingLog(logIn(memoryDirectory()));
  const time = manualTime();
  const shards = shardsOver(log, time);
  const command = parseClaimDue("job", { worker: "w", blockMs: 0 }, parsing);
  const claimed = shards.claim(command, (reply, on) => ({
    standsOn: on.map((shard) => shard.footing()),
    read: () => reply,
  }));
  const created = applied(shards, createCommand("a", shards.now() + 20));
  await time.advance(0);
  await created;
  log.offset = 2 ** 32;
  const refused = assertRejects(() => claimed, FlowError);
  await time.advance(20);
  assertEquals((await refused).code, "store_failed");
  const closed = shards.close();
  await time.advance(0);
  await closed;
});

test("openStore() that fails leaves no file open", async () => {
  const disk = newDisk();
  const files = countingDirectory(disk.directory());
  {
    await using store = await openStore({ files });
    await store.create("a", { type: "job" });
  }
  let failedCount = 0;
  for (let after = 0; after < 20; after++) {
    disk.arm({ call: "read", after });
    try {
      await (await openStore({ files })).close();
    } catch {
      failedCount++;
    }
    assertEquals(files.openHandleCount, 0, `read ${after} fails`);
    disk.disarm();
  }
  assert(failedCount > 5, "reads have failed");
});

test("openStore() reads past records of a later version that may be left out", async () => {
  const files = memoryDirectory();
  {
    await using store = await openStore({ files });
    await store.create("before", { type: "job" });
  }
  const log = logIn(files);
  const writer = new ByteWriter();
  const start = beginRecord(writer);
  endRecord(writer, start, {
    type: 200,
    lsn: log.end.lsn + 1,
    fixedLength: 0,
    isSkippable: true,
  });
  log.submit({ base: log.end, timeMs: 0, count: 1, body: writer.bytes() });
  log.close();
  {
    await using store = await openStore({ files });
    await store.create("after", { type: "job", payload: "x" });
  }
  await using store = await openStore({ files });
  assertEquals((await store.get("after", { payload: true }))?.payload, "x");
  assertEquals((await store.history("before")).map(({ event }) => event), ["created"]);
});
