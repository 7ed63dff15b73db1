import { createHash } from "node:crypto";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed, proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function names(record: { readonly valueRefs: object }): string[] {
  return Object.keys(record.valueRefs);
}

test("create() puts values under names, with version 1 and a digest of what is stored", () => {
  const store = new CoreStore();
  const made = store.create("f", {
    type: "t",
    values: { note: "hello", bytes: new TextEncoder().encode("hello"), no: undefined },
  });
  assertEquals(names(made), ["note", "bytes"]);
  const { note, bytes } = made.valueRefs;
  assertEquals([note?.version, note?.digest], [1, sha256('"hello"')]);
  assertEquals([bytes?.version, bytes?.digest], [1, sha256("hello")]);
  assertEquals(made.values, undefined);
  const read = store.get("f", { values: true });
  assertEquals(read?.values, { note: "hello", bytes: new TextEncoder().encode("hello") });
  assertEquals(store.valueMget([bytes!.ref, note!.ref]), [read?.values?.["bytes"], "hello"]);
});

test("create() with the same named values, in any order, is the same request", () => {
  const store = new CoreStore();
  const request = { type: "t", idempotent: true };
  const made = store.create("f", { ...request, values: { a: 1, b: 2 } });
  assertEquals(store.create("f", { ...request, values: { b: 2, a: 1 } }), made);
  refused(store, "idempotency_conflict", () => store.create("f", request));
  const other = { ...request, values: { a: 1, b: 3 } };
  refused(store, "idempotency_conflict", () => store.create("f", other));
});

test("a command without named values writes no list of them", () => {
  const { store, flow } = claimed({ values: { big: "x".repeat(1_000) } });
  const { length } = store.log;
  store.transition("f", { ...proof(flow), from: "running", to: "queued" });
  assertEquals(store.log.length, length + 1);
  assertEquals(store.get("f", { values: "big" })?.values, { big: "x".repeat(1_000) });
  assert(store.log.at(-1)!.bytes.length < 150);
});

test("values of transition(), complete(), fail(), cancel() and signal() are put in the same command", () => {
  const end = (run: (store: CoreStore, tokens: object) => unknown) => {
    const { store, flow } = claimed({ values: { a: 1 } });
    run(store, proof(flow));
    assertEquals(store.get("f")?.version, 3);
    return store.get("f", { values: true })?.values;
  };
  const change = { values: { b: 2 }, dropValues: "a" };
  const move = { from: "running", to: "x" };
  assertEquals(end((store, tokens) => store.transition("f", { ...tokens, ...move, ...change })), {
    b: 2,
  });
  assertEquals(end((store, tokens) => store.complete("f", { ...tokens, ...change })), { b: 2 });
  assertEquals(end((store, tokens) => store.fail("f", { ...tokens, ...change })), { b: 2 });
  assertEquals(end((store) => store.cancel("f", change)), { b: 2 });
  assertEquals(end((store) => store.signal("f", { signal: "s", ...change })), { b: 2 });
});

test("values of a batch are for every item, unless an item has its own", () => {
  const store = new CoreStore();
  store.createMany(["f", { id: "g", values: { own: 1 } }], { type: "t", values: { common: [2] } });
  assertEquals(store.get("f", { values: true })?.values, { common: [2] });
  assertEquals(store.get("g", { values: true })?.values, { own: 1 });
});

test("values that are there already are kept, and different ones refuse the whole command", () => {
  const { store, flow } = claimed({ values: { a: 1 } });
  const before = flow.valueRefs["a"];
  const move = { ...proof(flow), from: "running", to: "x" };
  const error = refused(
    store,
    "value_conflict",
    () => store.transition("f", { ...move, values: { b: 2, a: 2 } }),
  );
  assertEquals(error.details, { id: "f", name: "a" });
  refused(
    store,
    "value_conflict",
    () => store.transition("f", { ...move, values: { a: 2 }, overrideValues: ["b"] }),
  );
  const kept = store.transition("f", { ...move, values: { a: 1 } });
  assertEquals(kept.valueRefs["a"], before);
});

test("values that differ only in how they are stored are different", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", values: { a: 1 } });
  const bytes = new TextEncoder().encode("1");
  refused(store, "value_conflict", () => store.signal("f", { signal: "s", values: { a: bytes } }));
});

test("overrideValues replaces a value; the old one can still be read by its reference", () => {
  const store = new CoreStore();
  const { valueRefs: { a: old } } = store.create("f", { type: "t", values: { a: 1 } });
  const { valueRefs: { a } } = store.signal("f", {
    signal: "s",
    values: { a: 2 },
    overrideValues: "a",
  });
  assertEquals([a?.version, a?.digest], [2, sha256("2")]);
  assertEquals(store.valueMget([old!.ref, a!.ref, old!.ref]), [1, 2, 1]);
});

test("dropValues forgets what a name holds, and not how often it was put", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", values: { a: 1, b: 1 } });
  const dropped = store.signal("f", { signal: "s", dropValues: ["a", "never"] });
  assertEquals(names(dropped), ["b"]);
  assertEquals(store.get("f", { values: ["a", "none"] })?.values, undefined);
  const again = store.signal("f", { signal: "s", values: { a: 5 } });
  assertEquals(again.valueRefs["a"]?.version, 2);
  const both = store.signal("f", { signal: "s", dropValues: "a", values: { a: 6 } });
  assertEquals(both.valueRefs["a"]?.version, 3, "what is dropped first needs no override");
});

test("valueRefs links what is stored, and replaces without being asked", () => {
  const store = new CoreStore();
  const { ref } = store.valuePut({ shared: true });
  const made = store.create("f", { type: "t", valueRefs: { a: ref }, values: { b: 1 } });
  assertEquals(made.valueRefs["a"], { ref, version: null, digest: null });
  store.create("g", { type: "t", valueRefs: made.valueRefs });
  assertEquals(store.get("g", { values: true })?.values, { a: { shared: true }, b: 1 });
  const linked = store.signal("f", { signal: "s", valueRefs: { b: ref } });
  assertEquals(linked.valueRefs["b"]?.version, null);
  const put = { signal: "s", values: { b: 1 } };
  refused(store, "value_conflict", () => store.signal("f", put));
  assertEquals(
    store.signal("f", { ...put, overrideValues: "b" }).valueRefs["b"]?.version,
    2,
    "the name counts on",
  );
});

test("values and valueRefs of one name contradict each other", () => {
  const store = new CoreStore();
  const { ref } = store.valuePut(1);
  const both = { values: { a: 2 }, valueRefs: { a: ref } };
  refused(store, "value_conflict", () => store.create("f", { type: "t", ...both }));
});

test("a refused value leaves nothing behind of a create over a forgotten flow", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", retentionTtlMs: 10 });
  store.cancel("f");
  store.nowMs += 10;
  refused(store, "invalid_argument", () => store.create("f", { type: "t", payloadRef: "v999" }));
  assertEquals(store.create("f", { type: "t", values: { a: 1 } }).valueRefs["a"]?.version, 1);
});

test("a flow has at most namedValuesMax names, dropped ones included", () => {
  const store = new CoreStore({ limits: { namedValuesMax: 2 } });
  store.create("f", { type: "t", values: { a: 1, b: 1 } });
  const error = refused(
    store,
    "limit_exceeded",
    () => store.signal("f", { signal: "s", dropValues: "a", values: { c: 1 } }),
  );
  assertEquals([error.details["value"], error.details["limit"]], [3, 2]);
  store.signal("f", { signal: "s", values: { a: 2 }, overrideValues: "a" });
});

test("names may be what objects have from birth", () => {
  const store = new CoreStore();
  const values = Object.fromEntries([["__proto__", 1], ["constructor", 2]]);
  store.create("f", { type: "t", values });
  const read = store.get("f", { values: true });
  assertEquals(Object.entries(read!.values!), [["__proto__", 1], ["constructor", 2]]);
  assertEquals(names(read!), ["__proto__", "constructor"]);
});

test("payloadRef makes a stored value the payload", () => {
  const store = new CoreStore();
  const { ref } = store.valuePut("shared");
  const made = store.create("f", { type: "t", payloadRef: ref, idempotent: true });
  assertEquals([made.payloadRef, store.get("f", { payload: true })?.payload], [ref, "shared"]);
  assertEquals(store.create("f", { type: "t", payloadRef: ref, idempotent: true }), made);
  refused(
    store,
    "idempotency_conflict",
    () => store.create("f", { type: "t", payload: "shared", idempotent: true }),
  );
  const other = store.valuePut("other");
  const moved = store.transition("f", {
    ...{ from: "queued", to: "x", fencingToken: 0 },
    payloadRef: other.ref,
  });
  assertEquals(moved.payloadRef, other.ref);
  const [job] = store.claimDue("t", { worker: "w", payload: true });
  assertEquals([job?.payload, job?.payloadSize], ["other", 7]);
});

test("a reference that leads to no value reads as missing, and never stops a claim", () => {
  const store = new CoreStore();
  const { ref } = store.valuePut("for a while", { ttlMs: 100 });
  store.create("f", { type: "t", payloadRef: ref, valueRefs: { a: ref, b: "v1" } });
  assertEquals(store.get("f", { payload: true, values: true })?.values, {
    a: "for a while",
    b: "for a while",
  });
  store.signal("f", { signal: "s", valueRefs: { b: "v2" } });
  store.nowMs += 100;
  const [job] = store.claimDue("t", { worker: "w", payload: true, values: true });
  assertEquals([job?.payload, job?.payloadMissing, job?.payloadSize], [null, true, undefined]);
  assertEquals(job?.values, undefined, "v2 is a record, but no value");
  assertEquals(store.valueMget([ref, "v999", "no reference", "v0"]), [null, null, null, null]);
});

test("a reference that nobody can have is refused", () => {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  const next = `v${store.log.length + 1}`;
  for (const ref of [next, "v999"]) {
    const error = refused(
      store,
      "invalid_argument",
      () => store.signal("f", { signal: "s", valueRefs: { a: ref } }),
    );
    assertEquals(error.details["field"], "valueRefs.a");
  }
});

test("claimDue() brings named values along as far as one reply holds them", () => {
  const store = new CoreStore({ limits: { claimBytesMax: 1_000 } });
  const values = { a: "x".repeat(600), b: "y".repeat(600), c: 1 };
  store.create("f", { type: "t", values });
  const [job] = store.claimDue("t", { worker: "w", values: true });
  assertEquals(job?.values, { a: values.a, c: 1 });
  assertEquals(job?.valuesOmitted, ["b"]);
  assertEquals(store.get("f", { values: true })?.values, values);
  assertEquals(store.get("f", { values: ["c"] })?.values, { c: 1 });
  assertEquals(store.get("f", { values: false })?.values, undefined);
});

test("large values go ahead in parts", () => {
  const store = new CoreStore({ limits: { valueInlineBytesMax: 100 } });
  const big = "x".repeat(1_000);
  store.createMany(["f", "g"], { type: "t", values: { big } });
  assertEquals(store.get("g", { values: true })?.values, { big });
  const { ref, digest } = store.valuePut(big);
  assertEquals([store.valueMget([ref])[0], digest], [big, sha256(JSON.stringify(big))]);
});

test("valuePut() for no flow stores anew each time", () => {
  const store = new CoreStore();
  const put = store.valuePut(null, { partitionKey: "p" });
  assertEquals(put, {
    ref: put.ref,
    partitionKey: "p",
    ownerFlowId: null,
    name: null,
    version: null,
    digest: sha256("null"),
    created: true,
    stored: true,
  });
  const again = store.valuePut(null);
  assert(again.ref !== put.ref);
  assertEquals(again.partitionKey, null);
});

test("valuePut() for a flow needs no lease, leaves it alone, and is an event", () => {
  const { store, flow } = claimed({ partitionKey: "p" });
  const owner = { ownerFlowId: "f", name: "a" };
  const put = store.valuePut(1, owner);
  assertEquals([put.partitionKey, put.ownerFlowId, put.name, put.version], ["p", "f", "a", 1]);
  assertEquals([put.created, put.stored], [true, true]);
  const same = store.valuePut(1, owner);
  assertEquals(same, { ...put, created: false, stored: false });
  refused(store, "value_conflict", () => store.valuePut(2, owner));
  const other = store.valuePut(2, { ...owner, override: true });
  assertEquals([other.version, other.created, other.stored], [2, false, true]);
  refused(store, "not_found", () => store.valuePut(1, { ...owner, partitionKey: "q" }));
  const events = store.history("f").map(({ event, version }) => [event, version]);
  assertEquals(events.slice(2), [["value_put", 3], ["value_put", 4]]);
  assertEquals(store.complete("f", proof(flow)).state, "completed");
  const ended = store.get("f");
  store.nowMs += 5;
  store.valuePut(1, { ownerFlowId: "f", name: "late" });
  const until = store.get("f")?.terminalRetentionUntilMs;
  assertEquals(until, ended?.terminalRetentionUntilMs, "a value does not prolong the retention");
});

test("valueMget() refuses more bytes than one reply holds", () => {
  const store = new CoreStore({ limits: { valueBytesMax: 100 } });
  const { ref } = store.valuePut("x".repeat(60));
  const error = refused(store, "too_large", () => store.valueMget([ref, ref]));
  assertEquals([error.details["field"], error.details["value"]], ["refs[1]", 124]);
  assertEquals(store.valueMget([]), []);
});

test("signal() under a key knows its named values", () => {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  const signal = { signal: "s", idempotencyKey: "k", values: { a: 1 } };
  const told = store.signal("f", signal);
  assertEquals(store.signal("f", signal), told);
  for (const change of [{ values: { a: 2 } }, { dropValues: "a" }, { overrideValues: "a" }]) {
    refused(store, "signal_conflict", () => store.signal("f", { ...signal, ...change }));
  }
});

test("retry() and extendLease() take no named values", () => {
  const { store, flow } = claimed();
  const given = { ...proof(flow), values: { a: 1 } };
  refused(store, "invalid_argument", () => store.retry("f", given));
  refused(store, "invalid_argument", () => store.extendLease("f", given));
});

test("rewind() brings back what a flow held after the event, and drops what came later", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", values: { a: 1, b: 1 } });
  const [made] = store.history("f");
  store.signal("f", {
    ...{ signal: "s", values: { a: 2, c: 3 }, overrideValues: "a", dropValues: "b" },
  });
  const back = store.rewind("f", { toEvent: made!.eventId });
  assertEquals(names(back), ["a", "b"]);
  assertEquals(back.valueRefs["a"]?.version, 1);
  assertEquals(store.get("f", { values: true })?.values, { a: 1, b: 1 });
  assertEquals(store.recovered().table.find(back.partitionKey, "f")?.values.length, 3);
  const again = store.signal("f", { signal: "s", values: { c: 4 } });
  assertEquals(again.valueRefs["c"]?.version, 2, "a name that was dropped counts on");
});

test("rewind() to an event with the same named values writes no list of them", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", values: { a: 1 } });
  store.signal("f", { signal: "s" });
  const { length } = store.log;
  store.rewind("f", { toEvent: store.history("f")[0]!.eventId });
  assertEquals(store.log.length, length + 1);
  assertEquals(store.get("f", { values: true })?.values, { a: 1 });
});

test("rewind() to before the first named value drops them all", () => {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  store.signal("f", { signal: "s", values: { a: 1 } });
  const back = store.rewind("f", { toEvent: store.history("f")[0]!.eventId });
  assertEquals(names(back), []);
});

test("retentionCleanup() counts named values, and not those of others that a flow linked", () => {
  const store = new CoreStore();
  const { ref } = store.valuePut("shared");
  store.create("f", { type: "t", values: { a: 1 }, valueRefs: { b: ref }, retentionTtlMs: 10 });
  store.signal("f", { signal: "s", idempotencyKey: "k", values: { a: 2 }, overrideValues: "a" });
  store.cancel("f");
  store.nowMs += 10;
  assertEquals(store.retentionCleanup(), { flows: 1, history: 3, values: 2, keys: 0 });
  assertEquals(store.state.signals.size, 0);
  assertEquals(store.valueMget([ref]), ["shared"]);
});
