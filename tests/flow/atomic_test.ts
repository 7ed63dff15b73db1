import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import {
  type AtomicCommands,
  FlowAtomicError,
  type FlowRecord,
  type KvRecord,
} from "../../src/flow/mod.ts";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";

const P = { partitionKey: "p" };

/** Asserts that an atomic() is refused because of one of its commands, and that nothing happened. */
function refusedAt(
  store: CoreStore,
  code: FlowErrorCode,
  [index, command]: readonly [index: number, command: string],
  build: (tx: AtomicCommands) => unknown,
): FlowAtomicError {
  const length = store.log.length;
  const error = assertThrows(() => store.atomic("p", build), FlowAtomicError);
  assertEquals([error.code, error.index, error.command], [code, index, command], error.message);
  assertEquals([error.details["index"], error.details["command"]], [index, command]);
  assertInstanceOf(error.cause, FlowError);
  assertEquals(error.cause.code, code);
  assertEquals(store.log.length, length);
  return error;
}

/** A store with a flow "f" in partition "p", claimed. */
function claimed(): { readonly store: CoreStore; readonly flow: FlowRecord } {
  const store = new CoreStore();
  store.create("f", { type: "t", ...P });
  const [flow] = store.claimDue("t", { worker: "w" });
  return { store, flow: flow! };
}

function proofOf({ leaseToken, fencingToken }: FlowRecord) {
  return { leaseToken: leaseToken!, fencingToken };
}

test("atomic() applies every command that it supports, each on what those before it have done", () => {
  const { store, flow } = claimed();
  const results = store.atomic("p", (tx) => {
    tx.extendLease("f", { ...proofOf(flow), leaseMs: 50 });
    tx.valuePut(7, { ownerFlowId: "f", name: "n" });
    tx.valuePut("shared");
    tx.transition(flow, { ...proofOf(flow), from: "queued", to: "a" });
    tx.signal("f", { signal: "s", values: { m: 1 } });
    tx.create("g", { type: "t", payload: { n: 1 } });
    tx.cancel("g", { reason: "no" });
    tx.kv.set("k", "v");
    tx.kv.delete("k", {});
    tx.kv.set("k", "w", { ifVersion: 0 });
  });
  assertEquals(results.length, 10);
  const states = results.filter((result) => typeof result === "object" && "state" in result)
    .map((record) => [(record as FlowRecord).state, (record as FlowRecord).version]);
  assertEquals(states, [
    ["running", 3],
    ["a", 5],
    ["a", 6],
    ["queued", 1],
    ["cancelled", 2],
  ]);
  assertEquals(results[8], true);
  assertEquals(store.kvGet("k", P), { ...results[9] as KvRecord, value: "w" });
  const record = store.get({ id: "f", ...P }, { values: true });
  assertEquals([record?.state, record?.version, record?.values], ["a", 6, { n: 7, m: 1 }]);
  assertEquals(store.get({ id: "g", ...P })?.state, "cancelled");
  assertEquals(store.history({ id: "f", ...P }).map(({ event }) => event), [
    "created",
    "claimed",
    "lease_extended",
    "value_put",
    "transitioned",
    "signaled",
  ]);
});

test("atomic() ends flows: complete, fail and retry give up their leases", () => {
  const store = new CoreStore();
  store.createMany(["a", "b", "c"], { type: "t", ...P });
  const [a, b, c] = store.claimDue("t", { worker: "w", limit: 3 });
  const results = store.atomic("p", (tx) => [
    tx.complete(a!, { ...proofOf(a!), result: 1 }),
    tx.fail(b!, { ...proofOf(b!), error: "e" }),
    tx.retry(c!, { ...proofOf(c!), runAtMs: 9_000 }),
  ]) as FlowRecord[];
  assertEquals(results.map(({ state }) => state), ["completed", "failed", "queued"]);
  assertEquals(results[2]?.nextRunAtMs, 9_000);
});

test("atomic() spawns children, in its own partition only", () => {
  const { store, flow } = claimed();
  const group = {
    groupId: "g",
    waitState: "waiting",
    success: "done",
    failure: "broken",
    type: "c",
  };
  const [parent, entry] = store.atomic("p", (tx) => [
    tx.spawnChildren(flow, ["a", { id: "b" }], { ...group, ...proofOf(flow) }),
    tx.kv.set("spawned", 2),
    tx.cancel("a"),
  ]) as [FlowRecord, KvRecord];
  assertEquals([parent.state, entry.key], ["waiting", "spawned"]);
  assertEquals(parent.childGroups["g"]?.summary.total, 2);
  // The parent went on when its child was cancelled, and took the other one with it.
  assertEquals(store.get({ id: "f", ...P })?.state, "broken");
  assertEquals(store.get({ id: "b", ...P })?.state, "cancelled");
  const { fencingToken } = store.get({ id: "f", ...P })!;
  const { details } = refusedAt(store, "partition_mismatch", [0, "spawnChildren"], (tx) => {
    const children = ["c", { id: "d", partitionKey: "q" }];
    tx.spawnChildren("f", children, { ...group, groupId: "h", fencingToken });
  });
  assertEquals(details["field"], "children[1].partitionKey");
  const elsewhere = { id: "f", partitionKey: "q" };
  refusedAt(store, "partition_mismatch", [0, "spawnChildren"], (tx) => {
    tx.spawnChildren(elsewhere, ["c"], { ...group, groupId: "h", fencingToken });
  });
});

test("the commands of atomic() may be taken out of what the callback gets", () => {
  const store = new CoreStore();
  const results = store.atomic("p", ({ create, cancel, kv: { set } }) => {
    create("f", { type: "t" });
    set("k", 1);
    cancel("f");
  });
  assertEquals(results.length, 3);
  assertEquals(store.get({ id: "f", ...P })?.state, "cancelled");
});

test("atomic() is refused as a whole by its first refusal, which it names", () => {
  const { store, flow } = claimed();
  const { version } = store.kvSet("k", 1, P);
  const { name, message } = refusedAt(store, "version_conflict", [1, "kv.set"], (tx) => {
    tx.complete("f", proofOf(flow));
    tx.kv.set("k", 2, { ifVersion: version + 1 });
    tx.create("f", { type: "t" });
  });
  assertEquals(name, "FlowAtomicError");
  assert(message.includes("its command 1, kv.set, was refused"), message);
  assertEquals(store.get({ id: "f", ...P })?.state, "running");
  assertEquals(store.kvGet("k", P)?.value, 1);
  refusedAt(store, "already_exists", [1, "create"], (tx) => {
    tx.create("new", { type: "t" });
    tx.create("new", { type: "t" });
  });
  refusedAt(store, "stale_lease", [1, "complete"], (tx) => {
    tx.complete(flow, proofOf(flow));
    tx.complete(flow, proofOf(flow));
  });
  refusedAt(store, "not_found", [0, "signal"], (tx) => tx.signal("none", { signal: "s" }));
  refusedAt(store, "version_conflict", [2, "kv.delete"], (tx) => {
    tx.kv.delete("k", { ifVersion: version });
    tx.kv.set("k", 2, { ifVersion: null });
    tx.kv.delete("k", { ifVersion: version });
  });
});

test("atomic() is for one partition: a bare id means it, another one is refused", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", partitionKey: "q" });
  store.create("f", { type: "t", partitionKey: "p" });
  const [record] = store.atomic("p", (tx) => [tx.cancel("f")]) as FlowRecord[];
  assertEquals(record?.partitionKey, "p");
  assertEquals(store.get({ id: "f", partitionKey: "q" })?.state, "queued");
  const q = { partitionKey: "q" };
  const elsewhere: readonly [string, (tx: AtomicCommands) => unknown][] = [
    ["create", (tx) => tx.create("g", { type: "t", ...q })],
    ["cancel", (tx) => tx.cancel({ id: "f", ...q })],
    ["signal", (tx) => tx.signal({ id: "f", ...q }, { signal: "s" })],
    ["complete", (tx) => tx.complete({ id: "f", ...q }, { leaseToken: "1-0", fencingToken: 1 })],
    [
      "extendLease",
      (tx) => tx.extendLease({ id: "f", ...q }, { leaseToken: "1-0", fencingToken: 1 }),
    ],
    ["valuePut", (tx) => tx.valuePut(1, { ownerFlowId: "f", name: "n", ...q })],
    ["valuePut", (tx) => tx.valuePut(1, q)],
    ["kv.set", (tx) => tx.kv.set("k", 1, q)],
    ["kv.delete", (tx) => tx.kv.delete("k", q)],
  ];
  for (const [command, build] of elsewhere) {
    const { details } = refusedAt(store, "partition_mismatch", [0, command], build);
    assertEquals([details["field"], details["limit"]], ["partitionKey", "p"]);
  }
  store.create("only-q", { type: "t", ...q });
  refusedAt(store, "not_found", [0, "cancel"], (tx) => tx.cancel("only-q"));
  const created = store.atomic("p", (tx) => [tx.create("auto", { type: "t" })]) as FlowRecord[];
  assertEquals(created[0]?.partitionKey, "p");
});

test("atomic() checks the arguments of every command before it decides any", () => {
  const store = new CoreStore();
  const { cause } = refusedAt(store, "invalid_argument", [1, "kv.set"], (tx) => {
    tx.create("f", { type: "t" });
    tx.kv.set("k", 1, { ttlMs: 0 });
  });
  assert(String(cause).includes("ttlMs is 0"), String(cause));
  refusedAt(store, "too_large", [0, "kv.set"], (tx) => tx.kv.set("k", "x".repeat(1_048_575)));
  // What the callback makes of a refusal does not matter: the command is missing.
  refusedAt(store, "invalid_argument", [0, "cancel"], (tx) => {
    try {
      tx.cancel("");
    } catch {
      tx.kv.set("k", 1);
    }
  });
  refusedAt(store, "invalid_argument", [0, "create"], (tx) => {
    tx.create("f", { type: "t", nowMs: 5 } as never);
  });
});

test("atomic() takes as many commands as a batch has items, and none at all", () => {
  const store = new CoreStore({ limits: { batchItemsMax: 3 } });
  const build = (count: number) => (tx: AtomicCommands) => {
    for (let index = 0; index < count; index++) tx.kv.set(`k${index}`, index);
  };
  assertEquals(store.atomic("p", build(3)).length, 3);
  const { details } = refusedAt(store, "limit_exceeded", [3, "kv.set"], build(4));
  assertEquals([details["field"], details["value"], details["limit"]], ["commands.length", 4, 3]);
  assertEquals(store.atomic("p", () => {}), []);
});

test("atomic() resolves to the results that the callback chooses, in that order", () => {
  const store = new CoreStore();
  const chosen = store.atomic("p", (tx) => {
    const first = tx.kv.set("a", 1);
    tx.kv.set("b", 1);
    const third = tx.kv.delete("a");
    return [third, first, third];
  });
  assertEquals(chosen.map((result) => typeof result), ["boolean", "object", "boolean"]);
  assertEquals((chosen[1] as KvRecord).key, "a");
  assertEquals(store.atomic("p", (tx) => [tx.kv.delete("b"), 1]), [true]);
  assertEquals(store.atomic("p", (tx) => tx.kv.delete("b")), [false]);
  let foreign: unknown;
  store.atomic("p", (tx) => void (foreign = tx.kv.set("c", 1)));
  const error = assertThrows(() => store.atomic("p", () => [foreign]), FlowError);
  assertEquals(error.details["field"], "build()[0]");
});

test("atomic() refuses a callback that waits, and commands that come after it", async () => {
  const store = new CoreStore();
  const waits = async (tx: AtomicCommands): Promise<void> => {
    await undefined;
    tx.kv.set("k", 1);
  };
  const error = assertThrows(() => store.atomic("p", waits), FlowError);
  assertEquals(error.details["field"], "build");
  await undefined;
  let late: AtomicCommands | undefined;
  store.atomic("p", (tx) => void (late = tx));
  assertThrows(() => late!.kv.set("k", 1), FlowError, "after the callback has returned");
  assertEquals(store.log.length, 0);
  const broken = new Error("broken");
  const thrown = assertThrows(() =>
    store.atomic("p", (tx) => {
      tx.kv.set("k", 1);
      throw broken;
    })
  );
  assertEquals(thrown, broken);
  assertEquals(store.log.length, 0);
});

test("a signal that comes twice under one key in one atomic() is applied once", () => {
  const store = new CoreStore();
  const signal = { signal: "s", idempotencyKey: "k" };
  const results = store.atomic("p", (tx) => {
    tx.create("f", { type: "t" });
    tx.signal("f", signal);
    tx.signal("f", signal);
  }) as FlowRecord[];
  assertEquals(results.map(({ version }) => version), [1, 2, 2]);
  refusedAt(store, "signal_conflict", [1, "signal"], (tx) => {
    tx.signal("f", { signal: "s", idempotencyKey: "l" });
    tx.signal("f", { signal: "other", idempotencyKey: "l" });
  });
});

test("a flow that atomic() creates in place of one that is over has had no signals", () => {
  const store = new CoreStore();
  const signal = { signal: "s", idempotencyKey: "k" };
  store.create("f", { type: "t", ...P });
  store.signal({ id: "f", ...P }, signal);
  store.cancel({ id: "f", ...P }, { ttlMs: 5 });
  store.nowMs += 5;
  const results = store.atomic("p", (tx) => {
    tx.create("f", { type: "t" });
    tx.signal("f", signal);
  }) as FlowRecord[];
  assertEquals(results.map(({ version }) => version), [1, 2]);
  assertEquals(store.history({ id: "f", ...P }).map(({ event }) => event), ["created", "signaled"]);
});

test("values of atomic() that are large go ahead of all its commands", () => {
  const store = new CoreStore({ limits: { valueInlineBytesMax: 10 } });
  const large = "x".repeat(25);
  store.atomic("p", (tx) => {
    tx.create("f", { type: "t", payload: large, values: { n: large } });
    tx.kv.set("k", large);
    tx.valuePut(large, { ownerFlowId: "f", name: "m" });
  });
  const record = store.get({ id: "f", ...P }, { payload: true, values: true });
  assertEquals([record?.payload, record?.values], [large, { n: large, m: large }]);
  assertEquals(store.kvGet("k", P)?.value, large);
});
