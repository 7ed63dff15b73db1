import {
  type AtomicCommands,
  complete,
  openStore,
  restoreStore,
  type Store,
  type,
  workflow,
} from "../../mod.ts";
import { located } from "../../src/engine/calls/caller.ts";
import { FlowError } from "../../src/errors.ts";
import { type Directory, memoryDirectory, nodeDirectory } from "../../src/files/mod.ts";
import { explainedLoad } from "../../src/open_store.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

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

/**
 * The places in a stack, without what the error says, and without the runtime's own: now and then one
 * shows which of its queues had the turn.
 */
async function stackOf(call: () => Promise<unknown>): Promise<string[]> {
  const { message, stack = "" } = await assertRejects(async () => void await call(), FlowError);
  return stack.replace(message, "").split("\n")
    .filter((line) => line.includes("/") && !/\b(?:ext|node):/.test(line));
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

test("calls that a store refuses together for one reason each show their own line", async () => {
  const store = await openStore(":memory:");
  await store.create("a", { type: "job" });
  const [one, two, three] = [
    stackOf(() => firstOfTwo(store)),
    stackOf(() => secondOfTwo(store)),
    stackOf(() => store.claimDue("none", { worker: "w", blockMs: 60_000 })),
  ];
  await store.close();
  assertStringIncludes((await one).join(), "firstOfTwo");
  assertStringIncludes((await two).join(), "secondOfTwo");
  assertStringIncludes((await three)[0] ?? "", "caller_test.ts");
  const errors = await Promise.all(
    [1, 2].map(() => assertRejects(() => store.get("a"), FlowError)),
  );
  const [{ code, message }, other] = [errors[0]!, errors[1]!];
  assertEquals([other.code, other.message, other === errors[0]], [code, message, false]);
});

async function firstOfTwo(store: Store): Promise<void> {
  await store.claimDue("none", { worker: "w", blockMs: 60_000 });
}

async function secondOfTwo(store: Store): Promise<void> {
  await store.claimDue("none", { worker: "w", blockMs: 60_000 });
}

test("openStore() and restoreStore() show who has called them, and nothing of the engine", async () => {
  const nowhere = memoryDirectory();
  for (
    const call of [
      () => openStore({ dir: ":memory:", shards: 77 }),
      () => openStore({ files: nowhere, limits: { ballastBytes: -1 } }),
      () => restoreStore({ from: nowhere, to: memoryDirectory() }),
    ]
  ) {
    const places = await stackOf(call);
    assertStringIncludes(
      places.find((place) => !place.includes("open_store.ts")) ?? "",
      "caller_test.ts",
    );
    assertEquals(places.filter((place) => /src.(engine|log|flow)/.test(place)), []);
  }
});

test("a runtime without what the lock needs is told which ones have it", () => {
  const cause = new Error("No such built-in module: node:sqlite");
  const told = explainedLoad(cause);
  assertStringIncludes(String(told), "node:sqlite, which locks the directory of a store");
  assertStringIncludes(String(told), "Node 24, Deno 2.9 or Bun 1.4");
  assertEquals((told as Error).cause, cause);
  const other = new Error("something else");
  assertEquals(explainedLoad(other), other);
});

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

/** Changes the first byte of a text in a file, or the first byte of all. */
function damage(directory: Directory, name: string, text?: string): void {
  const file = directory.open(name);
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  const at = text === undefined ? 0 : new TextDecoder("latin1").decode(bytes).indexOf(text);
  file.write(Uint8Array.of(bytes[at]! ^ 1), { at });
  file.close();
}

test("an error about a file names its path, and keeps its name in the details", async () => {
  const [files, backup] = [memoryDirectory("./data"), memoryDirectory("./backup")];
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    get: () => store.get("a", { payload: true }),
    events: () => store.events({ from: "start" }).next(),
    restoreStore: () => restoreStore({ from: backup, to: memoryDirectory() }),
    openStore: () => openStore({ files }),
  };
  const payload = "long ".repeat(1_000);
  const store = await openStore({ files, checkpoints: { auto: false } });
  await store.create("a", { type: "job", payload });
  await store.backup(backup);
  for (const directory of [files, backup]) damage(directory, "log-1.seg", "long");
  for (const [name, call] of Object.entries(calls)) {
    if (name === "openStore") await store.close();
    const { code, details, message, stack } = await assertRejects(call, FlowError);
    const directory = name === "restoreStore" ? "./backup" : "./data";
    assertEquals(
      [code, details.file, details.directory],
      ["corrupt", "log-1.seg", directory],
      name,
    );
    assertStringIncludes(message, `"${directory}/log-1.seg" at `, name);
    assertStringIncludes(stack ?? "", message, name);
  }
});

test("an error about a file on a disk names where that is", async () => {
  using scratch = scratchFolder();
  await (await openStore(scratch.path)).close();
  damage(nodeDirectory(scratch.path), "log-1.seg");
  const { message } = await assertRejects(() => openStore(scratch.path), FlowError);
  assertStringIncludes(message, `"${scratch.path}/log-1.seg" at 0`);
});

test("an error says of its causes, too, where their files are", () => {
  const cause = new FlowError("corrupt", 'Nothing, in the file "a" at 7', {
    details: { file: "a", offset: 7 },
  });
  const error = located(new FlowError("store_failed", "The log failed", { cause }), "./data");
  assertEquals(located(error, "./elsewhere"), error);
  assertStringIncludes(cause.message, 'Nothing, in the file "./data/a" at 7. ');
});
